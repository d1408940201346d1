from __future__ import annotations

import numpy as np
import pytest

from annotation.quality import accuracy, planner
from annotation.quality.planner import Stratum

EVEN = [Stratum("a", 2500, 0.4), Stratum("b", 2500, 0.2)]
UNEVEN = [Stratum(str(n), size, (p * (1 - p)) ** 0.5) for n, (size, p) in enumerate(
    ((400, 0.3), (800, 0.6), (3000, 0.9), (10000, 0.97)))]  # fmt: skip
RIGHT = (0.3, 0.6, 0.9, 0.97)


def test_allocate__by_size_and_spread() -> None:
    assert planner.allocate(EVEN, 300).tolist() == [200, 100]


def test_allocate__counts_the_labels_that_are_there() -> None:
    strata = [Stratum("a", 2500, 0.4, labels=180), Stratum("b", 2500, 0.2)]

    assert planner.allocate(strata, 120).tolist() == [20, 100]


def test_allocate__never_takes_back_what_is_there_already() -> None:
    strata = [Stratum("a", 2500, 0.4, labels=20), Stratum("b", 2500, 0.2, labels=500)]

    assert planner.allocate(strata, 100).tolist() == [100, 0]


def test_allocate__every_stratum_gets_two_and_none_more_than_its_texts() -> None:
    strata = [Stratum("sure", 1000, 0.0), Stratum("small", 3, 0.5), Stratum("large", 1000, 0.5)]

    assert planner.allocate(strata, 50).tolist() == [2, 2, 46]
    assert planner.allocate(strata, 1100).tolist() == [97, 3, 1000]


@pytest.mark.parametrize("n", [0, 1, 2, 5, 9, 100, 4999, 5000, 6000])
def test_allocate__sums_to_what_was_asked_or_to_all_there_is(n: int) -> None:
    allotted = planner.allocate([*EVEN, Stratum("empty", 0, 0.5)], n)

    assert allotted.sum() == min(n, 5000)
    assert np.all(allotted >= 0)


@pytest.mark.parametrize("n", [60, 300, 1000])
def test_expected_half_width__is_what_samples_give(n: int) -> None:
    random = np.random.default_rng(30)
    populations = [np.arange(s.texts) < p * s.texts for s, p in zip(UNEVEN, RIGHT, strict=True)]
    sizes = planner.allocate(UNEVEN, n)
    chances = np.repeat(sizes / [s.texts for s in UNEVEN], sizes)
    names = np.repeat([s.name for s in UNEVEN], sizes)
    widths = []
    for _ in range(150):
        right = [random.choice(rows, size, replace=False) for rows, size in zip(populations, sizes, strict=True)]
        found = accuracy.estimate(
            np.concatenate(right), chances, population_size={s.name: s.texts for s in UNEVEN}, stratum=names
        )
        widths.append((found.high - found.low) / 2)
    share = float(np.concatenate(populations).mean())

    assert planner.expected_half_width(UNEVEN, n, accuracy=share) == pytest.approx(np.mean(widths), rel=0.05)


def test_expected_half_width__an_allotment_of_ones_own() -> None:
    spent = [Stratum("a", 2500, 0.4, labels=200), Stratum("b", 2500, 0.2, labels=100)]

    own = planner.expected_half_width(spent, accuracy=0.85)
    assert own == pytest.approx(planner.expected_half_width(EVEN, 300, accuracy=0.85))


def test_expected_half_width__without_labels_and_with_all() -> None:
    assert planner.expected_half_width(EVEN, accuracy=0.85) == 0.5
    assert planner.expected_half_width(EVEN, 5000, accuracy=0.85) == 0


def test_expected_half_width__simple_random_sampling_by_hand() -> None:
    """1.96 sqrt(p (1 - p) / n) at p = 1/2 and n = 10,000, where Wilson's interval is the plain one: 0.98 points."""
    found = planner.expected_half_width([Stratum("all", 10**8, 0.5)], 10_000, accuracy=0.5)

    assert found == pytest.approx(0.0098, abs=2e-5)


def test_labels_needed__is_the_least_that_reaches_the_width() -> None:
    plan = planner.labels_needed(0.02, UNEVEN, accuracy=0.92)

    assert planner.expected_half_width(UNEVEN, plan.labels, accuracy=0.92) <= 0.02
    assert planner.expected_half_width(UNEVEN, plan.labels - 1, accuracy=0.92) > 0.02
    assert sum(plan.by_stratum.values()) == plan.labels


def test_labels_needed__labels_that_are_there_count() -> None:
    at_hand = [Stratum(s.name, s.texts, s.spread, labels=50) for s in UNEVEN]
    plan = planner.labels_needed(0.02, at_hand, accuracy=0.92)

    assert plan.labels < planner.labels_needed(0.02, UNEVEN, accuracy=0.92).labels
    assert plan.now > 0.02


def test_labels_needed__is_nothing_where_the_width_is_reached() -> None:
    plan = planner.labels_needed(0.4, [Stratum("a", 1000, 0.4, labels=100)], accuracy=0.8)

    assert (plan.labels, plan.tasks) == (0, 0)


def test_labels_needed__answers_that_will_be_missing_are_asked_on_top() -> None:
    plan = planner.labels_needed(0.03, EVEN, accuracy=0.85, response=0.8)

    assert plan.tasks == pytest.approx(plan.labels / 0.8, abs=1)


def test_labels_needed__everything_where_no_less_will_do() -> None:
    assert planner.labels_needed(0.0, EVEN, accuracy=0.85).labels == 5000


def test_foreseen_spread__a_proxy_leaves_less() -> None:
    sure = [0.2, 0.9, 0.95, 0.99]

    assert planner.foreseen_spread(sure, proxy=True) < planner.foreseen_spread(sure, proxy=False)
    assert planner.foreseen_spread([0.8, 0.8], proxy=True) == pytest.approx(0.4)
