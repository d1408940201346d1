"""Where the marks of the small charts go. Positions are percentages of a chart's width; templates do the drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.campaign.standing import Counts
from annotation.quality.accuracy import Estimate


@dataclass(frozen=True, slots=True)
class Bar:
    done: float
    waiting: float


@dataclass(frozen=True, slots=True)
class Whisker:
    low: float
    value: float
    high: float

    @property
    def width(self) -> float:
        """Of the interval, never so thin that it cannot be seen."""
        return max(0.6, self.high - self.low)


@dataclass(frozen=True, slots=True)
class Axis:
    """Shares from ``low`` to ``high`` laid out over the width, with round ticks."""

    low: float
    high: float

    def place(self, share: float) -> float:
        return round(100 * (share - self.low) / (self.high - self.low), 2)

    def whisker(self, estimate: Estimate) -> Whisker:
        return Whisker(self.place(estimate.low), self.place(estimate.value), self.place(estimate.high))

    @property
    def ticks(self) -> tuple[float, ...]:
        tenths = round((self.high - self.low) * 10)
        step = 1 if tenths <= 5 else 2
        return tuple(round(self.low + i / 10, 1) for i in range(0, tenths + 1, step))


def bar(counts: Counts) -> Bar:
    if not counts.asked:
        return Bar(0, 0)
    return Bar(round(100 * counts.done / counts.asked, 2), round(100 * counts.waiting / counts.asked, 2))


def axis(estimates: Sequence[Estimate]) -> Axis:
    """The tenths around all intervals, so that versions which lie close together can be told apart."""
    if not estimates:
        return Axis(0.0, 1.0)
    low = math.floor(min(e.low for e in estimates) * 10) / 10
    high = math.ceil(max(e.high for e in estimates) * 10) / 10
    # An even number of tenths above five keeps a tick on both ends.
    if (tenths := round((high - low) * 10)) > 5 and tenths % 2:
        low, high = (round(low - 0.1, 1), high) if low > 0 else (low, min(1.0, round(high + 0.1, 1)))
    return Axis(low, high) if high > low else Axis(max(0.0, low - 0.1), min(1.0, high + 0.1))
