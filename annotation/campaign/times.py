"""What a task takes, though clocks go on while a coder is at lunch.

Label Studio's time runs from opening a task to submitting it, pauses included. A mean would be the pauses' mean; a
median knows nothing of the hard tasks that truly take long. So times beyond an upper fence (Tukey 1977) are taken for
pauses; the fence stands on the logarithms, since times are skewed. An answer given with a pause counts with the mean
of the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from annotation.quality import intervals

LEAST_TIMES: Final = 10
CONFIDENCE: Final = 0.95
# Tukey's 1.5 would cut one true time in 300, and with them a hundredth of the mean.
_FENCE: Final = 2.0
# Where nearly all take the same time, three times as long is still work.
_LEAST_FENCE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on one task: the mean of ``times`` at work with its interval, None below ten of them.

    Longer than ``limit`` were ``pauses``.
    """

    times: int
    pauses: int
    mean: float
    low: float | None
    high: float | None
    median: float
    limit: float

    def counted(self, seconds: float) -> float:
        return self.mean if seconds > self.limit else seconds


def spent(times: Mapping[int, int]) -> Spent | None:
    """From how often each whole second occurred; None where nothing was timed."""
    number = sum(times.values())
    if not number:
        return None
    seconds = sorted(times)
    limit = _fence(times, seconds, number)
    work = {second: times[second] for second in seconds if second <= limit}
    kept = sum(work.values())
    mean = sum(second * count for second, count in work.items()) / kept
    half = _half_width(work, mean, kept)
    return Spent(
        times=kept,
        pauses=number - kept,
        mean=mean,
        low=None if half is None else max(0.0, mean - half),
        high=None if half is None else mean + half,
        median=_middle(times, seconds, number),
        limit=limit,
    )


def _fence(times: Mapping[int, int], seconds: list[int], number: int) -> float:
    if number < LEAST_TIMES:
        return float(seconds[-1])
    first, third = (max(1.0, _ranked(times, seconds, round(share * (number - 1)))) for share in (0.25, 0.75))
    return max(third * math.pow(third / first, _FENCE), _LEAST_FENCE * _middle(times, seconds, number))


def _half_width(work: Mapping[int, int], mean: float, number: int) -> float | None:
    if number < LEAST_TIMES:
        return None
    squares = sum(count * (second - mean) ** 2 for second, count in work.items())
    return intervals.quantile(CONFIDENCE, number - 1) * math.sqrt(squares / (number - 1) / number)


def _middle(times: Mapping[int, int], seconds: list[int], number: int) -> float:
    return (_ranked(times, seconds, (number - 1) // 2) + _ranked(times, seconds, number // 2)) / 2


def _ranked(times: Mapping[int, int], seconds: list[int], rank: int) -> float:
    for second in seconds:
        rank -= times[second]
        if rank < 0:
            return float(second)
    return float(seconds[-1])
