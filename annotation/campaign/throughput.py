"""How fast the tasks are answered, and when they will all be.

The model: the coming working days are like the last ones, each an independent draw of a count whose mean and variance
are those seen. What T days will bring then has the mean T·m and, since m itself is known from n days alone, the
variance s²·(T + T²/n); Student's t with n - 1 degrees gives the ends (a prediction interval for a sum: Hahn and Meeker
1991, chapter 4). The variance is the counts' own, so that they may be as overdispersed as they like.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import mean, variance
from typing import Final

from annotation.quality import intervals

WINDOW_DAYS: Final = 20
LEAST_DAYS: Final = 5
CONFIDENCE: Final = 0.9
_FARTHEST_DAYS: Final = 3650
_MONDAY_TO_FRIDAY: Final = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Day:
    """Tasks asked and settled on one day (UTC), and the coders' seconds behind its answers."""

    day: date
    asked: int
    done: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """``rate`` is in settled tasks per working day, over the last ``days`` of them.

    ``ends_on`` is None where nothing remains but what waits, nothing moves, or the end is more than ten years away;
    ``earliest`` and ``latest`` bound it with 90 % confidence, and are None with it, or where the days are too few or
    too uneven to bound it. ``ahead`` says what will remain after each of the coming working days.
    """

    rate: float
    days: int
    remaining: int
    ends_on: date | None
    earliest: date | None = None
    latest: date | None = None
    ahead: tuple[Ahead, ...] = ()


@dataclass(frozen=True, slots=True)
class Ahead:
    """Tasks that remain after a day to come; ``low`` and ``high`` are None where there is no interval."""

    day: date
    remaining: float
    low: float | None
    high: float | None


def by_day(
    asked: Mapping[date, int], done: Mapping[date, int], seconds: Mapping[date, float], *, today: date
) -> tuple[Day, ...]:
    """Every day from the first event to today, also those without any; nothing while nothing was asked."""
    events = (*asked, *done, *seconds)
    if not events:
        return ()
    first, last = min((*events, today)), max((*events, today))
    days = (first + timedelta(days=i) for i in range((last - first).days + 1))
    return tuple(Day(day, asked.get(day, 0), done.get(day, 0), seconds.get(day, 0.0)) for day in days)


def forecast(days: Sequence[Day], *, remaining: int, waiting: int = 0, today: date) -> Forecast:
    """The end if the coming working days resemble those before today; ``waiting`` are among those ``remaining``.

    Today is not over, and counts only while there is no other day. Days of the week-end count as working days if
    somebody answered on one.
    """
    before = [day for day in days if day.day < today] or [day for day in days if day.day == today]
    worked = _MONDAY_TO_FRIDAY | {day.day.weekday() for day in before[-7 * WINDOW_DAYS :] if day.done}
    counts = [day.done for day in before if day.day.weekday() in worked][-WINDOW_DAYS:]
    rate = float(mean(counts)) if counts else 0.0
    # What was put off waits for somebody's decision, which no pace foretells.
    if remaining <= waiting or not rate or remaining / rate > _FARTHEST_DAYS:
        return Forecast(rate, len(counts), remaining, None)
    ends = _Ends(rate, _spread(counts), len(counts), remaining)
    earliest, latest = ends.days
    return Forecast(
        rate,
        len(counts),
        remaining,
        _after(remaining / rate, worked, today),
        None if earliest is None else _after(earliest, worked, today),
        None if latest is None else _after(latest, worked, today),
        tuple(ends.ahead(worked, today, latest or 2 * remaining / rate)),
    )


@dataclass(frozen=True, slots=True)
class _Ends:
    """``spread`` is Student's quantile times the standard deviation of a day's count; None: not known."""

    rate: float
    spread: float | None
    seen: int
    remaining: int

    @property
    def days(self) -> tuple[float | None, float | None]:
        """Working days after which the upper and the lower end of what was brought reach ``remaining``.

        Both solve (T·m - R)² = (t·s)²·(T + T²/n).
        """
        if self.spread is None:
            return None, None
        k, m, r = self.spread**2, self.rate, self.remaining
        square, linear = m**2 - k / self.seen, m * r + k / 2
        root = math.sqrt(linear**2 - square * r**2)
        # The stable form of the smaller root holds for any sign of the square's factor.
        earliest = r**2 / (linear + root)
        latest = (linear + root) / square if square > 0 else None
        return earliest, None if latest is None or latest > _FARTHEST_DAYS else latest

    def ahead(self, worked: frozenset[int], today: date, until: float) -> Iterator[Ahead]:
        """From today on to the end, in at most some hundred steps."""
        number = min(math.ceil(until), _FARTHEST_DAYS)
        step = max(1, number // 120)
        yield Ahead(today, self.remaining, self.remaining, self.remaining)
        for passed, day in enumerate(_working(worked, today), start=1):
            if passed > number:
                break
            if passed % step == 0 or passed == number:
                yield self._on(day, passed)

    def _on(self, day: date, passed: int) -> Ahead:
        left = self.remaining - passed * self.rate
        if self.spread is None:
            return Ahead(day, max(0.0, left), None, None)
        reach = self.spread * math.sqrt(passed + passed**2 / self.seen)
        return Ahead(day, max(0.0, left), max(0.0, left - reach), min(float(self.remaining), max(0.0, left + reach)))


def _spread(counts: Sequence[int]) -> float | None:
    if len(counts) < LEAST_DAYS:
        return None
    # Counts are no smoother than those of a Poisson process, however even a few days look.
    return intervals.quantile(CONFIDENCE, len(counts) - 1) * math.sqrt(max(variance(counts), mean(counts)))


def _after(working_days: float, worked: frozenset[int], today: date) -> date:
    days = _working(worked, today)
    return [next(days) for _ in range(max(1, math.ceil(working_days)))][-1]


def _working(worked: frozenset[int], today: date) -> Iterator[date]:
    """The working days after today."""
    day = today
    while True:
        day += timedelta(days=1)
        if day.weekday() in worked:
            yield day
