"""What one more hour of coding a day would give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from annotation.campaign import throughput
from annotation.campaign.standing import Standing
from annotation.campaign.throughput import Day

# Of five-day weeks.
WORKING_DAYS_A_MONTH = 21


@dataclass(frozen=True, slots=True)
class OneHour:
    """Tasks a month, and when the campaign would end with it; None where no end is foreseen, or none sooner."""

    tasks: float
    sooner: date | None


def a_day(standing: Standing) -> OneHour | None:
    """None while nobody knows how long a task takes."""
    if standing.spent is None or not standing.spent.mean:
        return None
    each_day = 3600 / standing.spent.mean
    return OneHour(each_day * WORKING_DAYS_A_MONTH, _sooner(standing, each_day))


def _sooner(standing: Standing, more: float) -> date | None:
    end, today = standing.forecast.ends_on, standing.as_of.date()
    if end is None:
        return None
    helped = [
        Day(day.day, day.asked, day.done + round(more) if day.day.weekday() < 5 else day.done) for day in standing.days
    ]
    sooner = throughput.forecast(helped, remaining=standing.forecast.remaining, today=today).ends_on
    return sooner if sooner is not None and sooner < end else None
