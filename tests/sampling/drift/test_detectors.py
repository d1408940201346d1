from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sampling.drift import detectors
from sampling.drift.detectors import Limits, Shift, Tallies

TEXTS = 2000
ANY_SIZE = Limits(least_difference=0.0, least_count=1)


def tallies(before: np.ndarray, after: np.ndarray, effect: float = 1.0) -> Tallies:
    names = [str(value) for value in range(len(before))]
    totals = (float(before.sum()), float(after.sum()))
    return Tallies(names, before.astype(float), after.astype(float), totals, np.full(len(before), effect))


def zipf(values: int) -> np.ndarray:
    weights = 1 / np.arange(1, values + 1)
    return weights / weights.sum()


def shifts(
    before: list[int] | np.ndarray, after: list[int] | np.ndarray, limits: Limits = ANY_SIZE, effect: float = 1.0
) -> tuple[Shift, ...]:
    return detectors.shifts(tallies(np.array(before), np.array(after), effect), limits)


def test_shifts__of_windows_that_are_alike_few_alarm() -> None:
    """One flow of 80 codes, cut at random into two windows, 500 times: any alarm at all is a false one."""
    random = np.random.default_rng(5)
    flow = random.multinomial(2 * TEXTS, zipf(80))
    alarms = 0
    for _ in range(500):
        after = random.multivariate_hypergeometric(flow, TEXTS)
        alarms += bool(shifts(flow - after, after))

    assert alarms <= 0.06 * 500


def test_shifts__of_repeats_that_arrive_together_few_alarm() -> None:
    """Each declaration comes five times in a row: the design effect of 5 keeps its promise, and 1 would not."""
    random = np.random.default_rng(15)
    flow = random.multinomial(TEXTS, zipf(80))
    alarms = {1.0: 0, 5.0: 0}
    for _ in range(200):
        after = random.multivariate_hypergeometric(flow, TEXTS // 2)
        for effect in alarms:
            alarms[effect] += bool(shifts(5 * (flow - after), 5 * after, effect=effect))

    assert alarms[5.0] <= 0.06 * 200 < alarms[1.0]


def test_shifts__a_share_that_doubles_is_found() -> None:
    random = np.random.default_rng(6)
    before = zipf(60)
    after = before.copy()
    after[3] *= 2
    after /= after.sum()
    found = 0
    for _ in range(100):
        moved = shifts(random.multinomial(TEXTS, before), random.multinomial(TEXTS, after), Limits())
        found += any(one.value == "3" and one.rose for one in moved)

    assert found >= 95


def test_shifts__the_p_value_is_fishers() -> None:
    (found,) = shifts([5, 95], [20, 80])[:1]
    one_sided = stats.fisher_exact([[20, 5], [80, 95]], alternative="greater").pvalue

    assert found.value == "0"
    assert (found.before, found.after, found.count) == (0.05, 0.2, 20)
    assert found.p_value == pytest.approx(2 * one_sided)


def test_p_values__are_scipys_for_any_counts() -> None:
    random = np.random.default_rng(9)
    totals = (300, 200)
    before, after = random.integers(0, 150, 400), random.integers(0, 150, 400)
    given = Tallies([""] * 400, before.astype(float), after.astype(float), totals, np.ones(400))
    law = stats.hypergeom(sum(totals), before + after, totals[1])
    expected = np.minimum(1.0, 2 * np.minimum(law.cdf(after), law.sf(after - 1)))

    assert detectors.p_values(given) == pytest.approx(expected, rel=1e-7)


def test_shifts__largest_move_first_and_falls_too() -> None:
    found = shifts([100, 500, 400], [200, 300, 500])

    assert [(one.value, one.rose) for one in found] == [("1", False), ("0", True), ("2", True)]


def test_shifts__too_small_to_matter() -> None:
    before, after = [10, 99_990], [60, 99_940]

    assert {one.value for one in shifts(before, after)} == {"0", "1"}
    assert shifts(before, after, Limits(least_difference=0.01)) == ()
    assert [one.value for one in shifts(before, after, Limits(least_difference=0, least_count=61))] == ["1"]


def test_shifts__a_value_that_vanished() -> None:
    (found,) = (one for one in shifts([50, 950], [0, 1000]) if one.value == "0")

    assert (found.after, found.count, found.rose) == (0.0, 0, False)


@pytest.mark.parametrize(("before", "after"), [([0], [5]), ([5], [0]), ([], [])])
def test_shifts__an_empty_window_says_nothing(before: list[int], after: list[int]) -> None:
    assert shifts(before, after) == ()
    assert detectors.divergence(np.array(before, dtype=float), np.array(after, dtype=float)) == 0
    assert detectors.stability(np.array(before, dtype=float), np.array(after, dtype=float)) == 0


def test_divergence__bounds_and_value() -> None:
    def between(before: list[float], after: list[float]) -> float:
        return float(detectors.divergence(np.array(before), np.array(after)))

    assert between([2, 6], [1, 3]) == pytest.approx(0, abs=1e-12)
    assert between([2, 0], [0, 3]) == pytest.approx(1)
    # By hand: H(3/8, 5/8) - (H(1/2, 1/2) + H(1/4, 3/4)) / 2 bits.
    assert between([2, 2], [1, 3]) == pytest.approx(0.954434 - (1 + 0.811278) / 2, abs=1e-5)


def test_stability__is_the_index_with_half_a_count_added() -> None:
    p, q = np.array([2.5, 6.5]) / 9, np.array([3.5, 5.5]) / 9

    assert detectors.stability(np.array([2.0, 6.0]), np.array([3.0, 5.0])) == pytest.approx(
        ((q - p) * np.log(q / p)).sum()
    )


def test_holm__smallest_times_their_number_and_never_falling() -> None:
    assert detectors.holm([0.03, 0.01, 0.5, 0.2]) == pytest.approx([0.09, 0.04, 0.5, 0.4])
    assert detectors.holm([0.9, 0.8]) == [1.0, 1.0]
    assert detectors.holm([]) == []
