from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.domain.task import Component
from sampling.strategies import probability
from sampling.strategies.probability import Audit
from tests.parts import pools

DRAWS = 2000


def test_select__every_text_is_drawn_as_often_as_its_probability_says() -> None:
    pool = pools.pool_of(
        [pools.row(n, 0.05 * n) for n in range(16)] + [pools.row(n, 0, code=None) for n in range(16, 20)]
    )
    random = np.random.default_rng(3)
    drawn = np.zeros(len(pool.frame))
    promised: dict[int, float] = {}
    for _ in range(DRAWS):
        for pick in Audit(9, 3, "en").select(pool, pools.free(pool), random).picks:
            drawn[pick.row] += 1
            assert promised.setdefault(pick.row, pick.probability) == pick.probability

    assert sorted(promised) == list(range(20))
    expected = np.array([promised[row] for row in range(20)])
    spread = np.sqrt(expected * (1 - expected) / DRAWS)
    assert np.all(np.abs(drawn / DRAWS - expected) <= 4 * spread)


def test_select__strata_follow_the_margin_and_what_is_unscored_stands_apart() -> None:
    pool = pools.pool_of([pools.row(n, n / 10) for n in range(8)] + [pools.row(8, 0, code=None)])

    selection = Audit(6, 2, "fr").select(pool, pools.free(pool), np.random.default_rng(0))

    assert selection.component is Component.AUDIT
    assert {name: size["texts"] for name, size in selection.recipe["strata"].items()} == {
        "margin 1 of 2": 4,
        "margin 2 of 2": 4,
        "unscored": 1,
    }
    assert {pick.stratum for pick in selection.picks if pick.row < 4} == {"margin 1 of 2"}
    assert sum(size["drawn"] for size in selection.recipe["strata"].values()) == len(selection.picks) == 6


def test_select__reason_says_how_many_among_how_many() -> None:
    pool = pools.pool_of([pools.row(n, n / 10) for n in range(4)])

    (first, *_) = Audit(2, 1, "fr").select(pool, pools.free(pool), np.random.default_rng(0)).picks

    assert first.reason == ("Contrôle : tiré au hasard (2 textes parmi 4) pour mesurer la qualité du codage.")
    assert first.probability == 0.5


def test_select__leaves_what_is_not_free() -> None:
    pool = pools.pool_of([pools.row(n, n / 10) for n in range(6)])
    free = pools.free(pool)
    free[[0, 2, 4]] = False

    picks = Audit(10, 2, "en").select(pool, free, np.random.default_rng(0)).picks

    assert sorted(pick.row for pick in picks) == [1, 3, 5]
    assert {pick.probability for pick in picks} == {1.0}


@pytest.mark.parametrize(("texts", "size"), [(0, 5), (5, 0)])
def test_select__nothing_to_draw(texts: int, size: int) -> None:
    pool = pools.pool_of([pools.row(n, 0.1) for n in range(texts)])

    assert Audit(size, 2, "en").select(pool, pools.free(pool), np.random.default_rng(0)).picks == ()


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(0.3, 0.5)), min_size=1, max_size=8), st.integers(1, 500))
@settings(max_examples=150, deadline=None)
def test_allocate__sums_to_the_size_within_bounds(strata: list[tuple[int, float]], size: int) -> None:
    counts, spreads = np.array([c for c, _ in strata]), np.array([s for _, s in strata])

    sizes = probability.allocate(counts, spreads, size)

    assert sizes.sum() == min(size, counts.sum())
    assert np.all((sizes >= 0) & (sizes <= counts))
    if size >= 2 * len(counts):
        assert np.all(sizes >= np.minimum(counts, 2))


def test_allocate__in_proportion_to_count_times_spread() -> None:
    """Neyman's allocation: 100 * 0.5, 100 * 0.4 and 50 * 0.2 of 100."""
    sizes = probability.allocate(np.array([100, 100, 50]), np.array([0.5, 0.4, 0.2]), 100)

    assert sizes.tolist() == [50, 40, 10]


def test_allocate__what_a_small_stratum_cannot_give_goes_to_the_others() -> None:
    assert probability.allocate(np.array([4, 100, 100]), np.array([0.5, 0.01, 0.01]), 24).tolist() == [4, 10, 10]
