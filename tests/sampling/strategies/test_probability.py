from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling.strategies import probability
from sampling.strategies.probability import Audit
from sampling.units import Units
from tests.parts import pools

Row = tuple[object, ...]


def units(rows: list[Row], clusters: list[int] | None = None) -> Units:
    return Units.of(pools.pool_of(rows).frame, None if clusters is None else np.array(clusters))


def test_plan__strata_go_from_the_least_sure_to_the_surest_and_what_is_unscored_stands_apart() -> None:
    found = units([pools.row(n, n / 10) for n in range(9)] + [pools.row(9, 0, code=None)])

    plan = Audit(3, 0.3).plan(found, 6)

    assert plan.names == ("unscored", "confidence 1 of 2", "confidence 2 of 2")
    assert plan.stratum.tolist() == [1, 1, 1, 1, 2, 2, 2, 2, 2, 0]
    assert plan.drawn.sum() == 6
    assert plan.chances.sum() == pytest.approx(6)


def test_plan__strata_are_cut_where_doubt_adds_up_to_equal_parts() -> None:
    """A thousand sure texts hold as much doubt as four hundred that may be either."""
    found = units([pools.row(n, 0.9) for n in range(1000)] + [pools.row(n, 0.0) for n in range(1000, 1400)])

    plan = Audit(2, 0.1).plan(found, 100)

    assert np.bincount(plan.stratum).tolist() == [400, 1000]
    assert plan.drawn.tolist() == pytest.approx([48, 52], abs=2)


def test_plan__sure_texts_are_audited_more_where_the_confidence_may_flatter() -> None:
    found = units([pools.row(n, 0.98) for n in range(1000)] + [pools.row(n, 0.0) for n in range(1000, 1400)])

    trusting, wary = (Audit(2, spread).plan(found, 100).drawn[1] for spread in (0.1, 0.3))

    assert trusting < wary


def test_plan__every_text_of_a_stratum_has_the_same_chance_near_copies_too() -> None:
    found = units([pools.row(n, 0.5) for n in range(12)], [0, 0, 0, 1, 1, *range(2, 9)])

    plan = Audit(1, 0.3).plan(found, 4)

    assert plan.chances / found.texts == pytest.approx([4 / 12] * 9)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_plan__a_small_audit_has_fewer_strata_and_still_reaches_all(size: int) -> None:
    found = units([pools.row(n, n / 40) for n in range(30)] + [pools.row(30, 0, code=None)])

    plan = Audit(8, 0.3).plan(found, size)

    assert len(plan.names) <= max(1, size // 2)
    assert np.all(plan.chances > 0)
    assert plan.drawn.sum() == size


@pytest.mark.parametrize(("texts", "size"), [(0, 5), (5, 0), (0, 0)])
def test_plan__nothing_to_draw(texts: int, size: int) -> None:
    plan = Audit(2, 0.3).plan(units([pools.row(n, 0.1) for n in range(texts)]), size)

    assert plan.chances.tolist() == [0.0] * texts
    assert plan.sample(np.random.default_rng(0)).tolist() == []


def test_plan__more_wanted_than_there_is() -> None:
    plan = Audit(2, 0.3).plan(units([pools.row(n, n / 10) for n in range(6)]), 10)

    assert plan.chances.tolist() == [1.0] * 6


def test_sample__sizes_of_strata_never_vary_and_their_texts_are_drawn_alike() -> None:
    plan = Audit(3, 0.2).plan(units([pools.row(n, 0.05 * n) for n in range(18)]), 9)
    random = np.random.default_rng(3)
    drawn = np.zeros(18)
    for _ in range(4000):
        sample = plan.sample(random)
        assert np.bincount(plan.stratum[sample], minlength=len(plan.names)).tolist() == plan.drawn.tolist()
        drawn[sample] += 1

    assert drawn / 4000 == pytest.approx(plan.chances, abs=0.035)


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(0.3, 0.5)), min_size=1, max_size=8), st.integers(1, 500))
@settings(max_examples=150, deadline=None)
def test_allocate__sums_to_the_size_within_bounds(strata: list[tuple[int, float]], size: int) -> None:
    counts, spreads = np.array([c for c, _ in strata]), np.array([s for _, s in strata])

    sizes = probability.allocate(counts, counts * spreads, size)

    assert sizes.sum() == min(size, counts.sum())
    assert np.all((sizes >= 0) & (sizes <= counts))
    if size >= 2 * len(counts):
        assert np.all(sizes >= np.minimum(counts, 2))


def test_allocate__in_proportion_to_count_times_spread() -> None:
    """Neyman's allocation: 100 * 0.5, 100 * 0.4 and 50 * 0.2 of 100."""
    sizes = probability.allocate(np.array([100, 100, 50]), np.array([50.0, 40.0, 10.0]), 100)

    assert sizes.tolist() == [50, 40, 10]


def test_allocate__what_a_small_stratum_cannot_give_goes_to_the_others() -> None:
    assert probability.allocate(np.array([4, 100, 100]), np.array([2.0, 1.0, 1.0]), 24).tolist() == [4, 10, 10]
