from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from annotation.campaign import throughput
from annotation.campaign.throughput import CONFIDENCE, Day

MONDAY = date(2026, 11, 23)


def _days(*done: int, until: date = MONDAY) -> tuple[Day, ...]:
    """One after the other, the last one the day before ``until``."""
    first = until - timedelta(days=len(done))
    return tuple(Day(first + timedelta(days=i), 0, number) for i, number in enumerate(done))


def _weeks(counts: list[int]) -> tuple[Day, ...]:
    """Weeks of five counts and a silent week-end, up to the Sunday before."""
    assert len(counts) % 5 == 0
    weeks = [[*counts[i : i + 5], 0, 0] for i in range(0, len(counts), 5)]
    return _days(*(count for week in weeks for count in week))


def test_forecast__counts_working_days_and_leaves_the_week_end_out() -> None:
    found = throughput.forecast(_weeks([50] * 10), remaining=500, today=MONDAY)

    assert (found.rate, found.days) == (50, 10)
    # Ten working days after Monday.
    assert found.ends_on == MONDAY + timedelta(days=14)


def test_forecast__a_week_end_that_is_worked_counts() -> None:
    days = _days(*[10] * 14)
    found = throughput.forecast(days, remaining=70, today=MONDAY)

    assert (found.rate, found.days) == (10, 14)
    assert found.ends_on == MONDAY + timedelta(days=7)


def test_forecast__looks_at_the_last_four_weeks_alone() -> None:
    found = throughput.forecast(_weeks([900] * 20 + [30] * 20), remaining=300, today=MONDAY)

    assert (found.rate, found.days) == (30, 20)


def test_forecast__today_is_not_over_and_counts_only_when_there_is_no_other_day() -> None:
    begun = Day(MONDAY, 100, 4)

    assert throughput.forecast((*_weeks([40] * 5), begun), remaining=96, today=MONDAY).rate == 40
    assert throughput.forecast((begun,), remaining=96, today=MONDAY).rate == 4


@pytest.mark.parametrize(
    ("done", "remaining"), [((), 0), ((), 10), ((0, 0, 0), 10), ((5, 10, 15), 0), ((1,), 10_000_000)]
)
def test_forecast__no_end_where_nothing_remains_or_moves(done: tuple[int, ...], remaining: int) -> None:
    found = throughput.forecast(_days(*done), remaining=remaining, today=MONDAY)

    assert (found.ends_on, found.earliest, found.latest, found.ahead) == (None, None, None, ())


def test_forecast__no_end_where_all_that_remains_waits() -> None:
    days = _weeks([10] * 10)

    assert throughput.forecast(days, remaining=4, waiting=4, today=MONDAY).ends_on is None
    assert throughput.forecast(days, remaining=5, waiting=4, today=MONDAY).ends_on is not None


def test_forecast__few_days_give_an_end_without_interval() -> None:
    found = throughput.forecast(_weeks([10, 30, 20, 10, 30])[-4:], remaining=50, today=MONDAY)

    assert found.ends_on is not None
    assert (found.earliest, found.latest) == (None, None)
    assert all(ahead.low is None for ahead in found.ahead[1:])


def test_forecast__days_too_uneven_to_bound_the_end_leave_it_open() -> None:
    found = throughput.forecast(_weeks([0, 0, 200, 0, 0]), remaining=5000, today=MONDAY)

    assert found.earliest is not None
    assert found.ends_on is not None
    assert found.latest is None


def test_forecast__ahead_runs_from_what_remains_to_nothing_within_its_interval() -> None:
    found = throughput.forecast(_weeks([40, 55, 30, 60, 45] * 2), remaining=2000, today=MONDAY)

    assert found.ahead[0].remaining == 2000
    assert found.ahead[-1].high == pytest.approx(0, abs=60)
    assert all(a.low <= a.remaining <= a.high for a in found.ahead if a.low is not None and a.high is not None)
    assert all(ahead.day.weekday() < 5 for ahead in found.ahead)


@pytest.mark.parametrize("seen", [5, 10, 20])
@pytest.mark.parametrize("dispersion", [1.0, 4.0, 30.0])
@pytest.mark.parametrize("weeks", [1, 8])
def test_forecast__interval_holds_the_true_end_as_often_as_it_says(seen: int, dispersion: float, weeks: int) -> None:
    """Days of negative-binomial counts, whose variance is ``dispersion`` times their mean, go on as they began."""
    rate, random = 60.0, np.random.default_rng(7)
    remaining, held, runs = round(rate * 5 * weeks), 0, 400
    for _ in range(runs):
        counts = _counts(random, rate, dispersion, seen + 60 * weeks)
        found = throughput.forecast(_weeks(counts[:seen].tolist()), remaining=remaining, today=MONDAY)
        needed = int(np.searchsorted(np.cumsum(counts[seen:]), remaining)) + 1
        end = MONDAY + timedelta(days=needed + 2 * ((needed + MONDAY.weekday()) // 5))
        after = found.latest is None or end <= found.latest
        held += found.earliest is not None and found.earliest <= end and after

    # A week of very uneven days says too little even for Student's t; whole days make an interval hold more.
    assert CONFIDENCE - 0.06 <= held / runs <= 1


def _counts(random: np.random.Generator, mean: float, dispersion: float, number: int) -> np.ndarray:
    if dispersion == 1:
        return random.poisson(mean, number)
    return random.negative_binomial(mean / (dispersion - 1), 1 / dispersion, number)
