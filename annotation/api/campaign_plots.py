"""The charts of a campaign's page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate

import numpy as np

from annotation.api.formats import Formats
from annotation.api.plots import Plot, Series, Shape, Unit
from annotation.campaign.standing import Standing
from annotation.campaign.throughput import Ahead, Day

_MOST_POINTS = 150
# A campaign that is older is shown by week.
_MOST_DAYS = 45
_MOST_WEEKS = 53
_BEYOND_DAYS = 14


def burn_down(standing: Standing, words: Mapping[str, str], formats: Formats) -> Plot | None:
    """What remained day by day, and what will; None while there is less than two days to draw."""
    if len(standing.days) < 2:
        return None
    ahead, today = _ahead(standing), standing.as_of.date()
    first = standing.days[0].day
    days = _sampled(first, ahead[-1].day if ahead else today, keep=today)
    left = _remaining(standing.days)
    series = [Series(words["lead_remaining"], [left.get(day) if day <= today else None for day in days], "done")]
    if ahead:
        low, high = (_interpolated([getattr(one, end) for one in ahead], ahead, days) for end in ("low", "high"))
        values = _interpolated([one.remaining for one in ahead], ahead, days)
        bounded = ahead[-1].low is not None
        series.append(
            Series(
                words["lead_forecast"],
                values,
                "link",
                low=low if bounded else (),
                high=high if bounded else (),
                dashed=True,
            )
        )
    return Plot(
        Shape.LINES,
        words["lead_burn_down_chart"].format(
            first=formats.day(first), remaining=formats.number(standing.counts.asked - standing.counts.done)
        ),
        words["day"],
        [formats.short_day(day) for day in days],
        series,
        lowest=0,
    )


def answered(standing: Standing, words: Mapping[str, str], formats: Formats) -> Plot | None:
    heading, labels, groups = _periods(standing.days, words, formats)
    if not labels:
        return None
    done = [sum(day.done for day in group) for group in groups]
    series = [Series(words["done"], done, "done")]
    return Plot(Shape.BARS, words["lead_answered_chart"], heading, labels, series, lowest=0)


def hours(standing: Standing, words: Mapping[str, str], formats: Formats) -> Plot | None:
    heading, labels, groups = _periods(standing.days, words, formats)
    if not labels:
        return None
    worked = [sum(day.seconds for day in group) / 3600 for group in groups]
    series = [Series(words["lead_hours"], worked, "link")]
    return Plot(Shape.BARS, words["lead_hours_chart"], heading, labels, series, unit=Unit.NUMBER, lowest=0)


def _periods(
    days: Sequence[Day], words: Mapping[str, str], formats: Formats
) -> tuple[str, list[str], list[Sequence[Day]]]:
    """Days of a young campaign, the last weeks of an older one, by their Mondays."""
    if len(days) < 2:
        return words["day"], [], []
    if len(days) <= _MOST_DAYS:
        return words["day"], [formats.short_day(day.day) for day in days], [[day] for day in days]
    weeks: dict[date, list[Day]] = {}
    for day in days:
        weeks.setdefault(day.day - timedelta(days=day.day.weekday()), []).append(day)
    mondays = sorted(weeks)[-_MOST_WEEKS:]
    return words["lead_week"], [formats.short_day(day) for day in mondays], [weeks[monday] for monday in mondays]


def _remaining(days: Sequence[Day]) -> dict[date, float]:
    left = accumulate(day.asked - day.done for day in days)
    return {day.day: float(number) for day, number in zip(days, left, strict=True)}


def _ahead(standing: Standing) -> Sequence[Ahead]:
    """Up to the foreseen end and as long again, so that an open interval leaves the past its room."""
    forecast, today = standing.forecast, standing.as_of.date()
    if standing.campaign.closed_at or not forecast.ends_on:
        return ()
    until = forecast.ends_on + (forecast.ends_on - today) + timedelta(days=_BEYOND_DAYS)
    return [one for one in forecast.ahead if one.day <= until]


def _sampled(first: date, last: date, *, keep: date) -> list[date]:
    span = (last - first).days
    step = max(1, math.ceil(span / _MOST_POINTS))
    return sorted({first + timedelta(days=passed) for passed in range(0, span + 1, step)} | {keep, last})


def _interpolated(values: Sequence[float | None], ahead: Sequence[Ahead], days: Sequence[date]) -> list[float | None]:
    known = [(one.day.toordinal(), value) for one, value in zip(ahead, values, strict=True) if value is not None]
    at, levels = [day for day, _ in known], [value for _, value in known]
    return [float(np.interp(day.toordinal(), at, levels)) if day >= ahead[0].day else None for day in days]
