"""How fast the tasks are answered, and when they will all be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WINDOW_DAYS = 7
_FARTHEST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Day:
    """Tasks asked and settled on one day (UTC)."""

    day: date
    asked: int
    done: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """``rate`` is in settled tasks per calendar day over the last ``days``, today included and weekends too.

    ``ends_on`` is None where nothing remains, nothing moves, or the end is more than ten years away.
    """

    rate: float
    days: int
    remaining: int
    ends_on: date | None


def by_day(asked: Sequence[date], done: Sequence[date], *, today: date) -> tuple[Day, ...]:
    """Every day from the first event to today, also those without any; nothing while nothing was asked."""
    if not asked and not done:
        return ()
    questions, answers = Counter(asked), Counter(done)
    first = min((*questions, *answers, today))
    last = max((*questions, *answers, today))
    days = (first + timedelta(days=i) for i in range((last - first).days + 1))
    return tuple(Day(day, questions[day], answers[day]) for day in days)


def forecast(days: Sequence[Day], *, remaining: int, today: date) -> Forecast:
    """The end if the coming days resemble the last seven, or those since the first task where there are fewer."""
    recent = [day for day in days if today - timedelta(days=WINDOW_DAYS) < day.day <= today]
    rate = sum(day.done for day in recent) / len(recent) if recent else 0.0
    ends_on = None
    if remaining and rate and (left := math.ceil(remaining / rate)) <= _FARTHEST_DAYS:
        ends_on = today + timedelta(days=left)
    return Forecast(rate, len(recent), remaining, ends_on)
