from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sampling.drift import detectors
from sampling.drift.detectors import Limits, Shift

TEXTS = 2000
ANY_SIZE = Limits(least_difference=0.0, least_count=1)


def counts(drawn: np.ndarray) -> dict[str, int]:
    return {str(value): int(number) for value, number in enumerate(drawn) if number}


def zipf(values: int) -> np.ndarray:
    weights = 1 / np.arange(1, values + 1)
    return weights / weights.sum()


def shifts(before: dict[str, int], after: dict[str, int], limits: Limits = ANY_SIZE) -> list[Shift]:
    return detectors.shifts(
        before, after, before_total=sum(before.values()), after_total=sum(after.values()), limits=limits
    )


def test_shifts__of_windows_that_are_alike_few_alarm() -> None:
    """One flow of 80 codes, cut at random into two windows, 500 times: any alarm at all is a false one."""
    random = np.random.default_rng(5)
    flow = random.multinomial(2 * TEXTS, zipf(80))
    alarms = 0
    for _ in range(500):
        after = random.multivariate_hypergeometric(flow, TEXTS)
        alarms += bool(shifts(counts(flow - after), counts(after)))

    assert alarms <= 0.06 * 500


def test_shifts__a_share_that_doubles_is_found() -> None:
    random = np.random.default_rng(6)
    before = zipf(60)
    after = before.copy()
    after[3] *= 2
    after /= after.sum()
    found = 0
    for _ in range(100):
        moved = shifts(counts(random.multinomial(TEXTS, before)), counts(random.multinomial(TEXTS, after)), Limits())
        found += any(one.value == "3" and one.rose for one in moved)

    assert found >= 95


def test_shifts__the_p_value_is_fishers() -> None:
    (found,) = shifts({"a": 5, "b": 95}, {"a": 20, "b": 80}, ANY_SIZE)[:1]
    one_sided = stats.fisher_exact([[20, 5], [80, 95]], alternative="greater").pvalue

    assert found.value == "a"
    assert (found.before, found.after, found.count) == (0.05, 0.2, 20)
    assert found.p_value == pytest.approx(2 * one_sided)


def test_shifts__largest_move_first_and_falls_too() -> None:
    found = shifts({"a": 100, "b": 500, "c": 400}, {"a": 200, "b": 300, "c": 500})

    assert [(one.value, one.rose) for one in found] == [("b", False), ("a", True), ("c", True)]


def test_shifts__too_small_to_matter() -> None:
    before, after = {"a": 10, "b": 99_990}, {"a": 60, "b": 99_940}

    assert {one.value for one in shifts(before, after)} == {"a", "b"}
    assert shifts(before, after, Limits(least_difference=0.01)) == []
    assert shifts(before, after, Limits(least_difference=0, least_count=61)) == [
        one for one in shifts(before, after) if one.value == "b"
    ]


def test_shifts__a_value_that_vanished() -> None:
    (found,) = (one for one in shifts({"a": 50, "b": 950}, {"b": 1000}) if one.value == "a")

    assert (found.after, found.count, found.rose) == (0.0, 0, False)


@pytest.mark.parametrize(("before", "after"), [({}, {"a": 5}), ({"a": 5}, {}), ({}, {})])
def test_shifts__an_empty_window_says_nothing(before: dict[str, int], after: dict[str, int]) -> None:
    assert shifts(before, after) == []
    assert detectors.divergence(before, after) == 0


def test_divergence__bounds() -> None:
    assert detectors.divergence({"a": 2, "b": 6}, {"a": 1, "b": 3}) == pytest.approx(0, abs=1e-12)
    assert detectors.divergence({"a": 2}, {"b": 3}) == pytest.approx(1)
    assert 0 < detectors.divergence({"a": 2, "b": 2}, {"a": 1, "b": 3}) < 1
