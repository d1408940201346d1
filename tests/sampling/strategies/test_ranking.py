from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.strategies import ranking

GROUPS = st.lists(st.integers(-1, 4), min_size=1, max_size=60)


def best_first(scores: np.ndarray) -> list[int]:
    return np.argsort(-scores, kind="stable").tolist()


def falling(number: int) -> np.ndarray:
    return np.arange(number, 0, -1, dtype=float)


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_in_turn__the_best_of_each_group_come_first() -> None:
    groups = np.array([0, 0, 0, 1, 2, 1])

    assert best_first(ranking.in_turn(falling(6), groups, random())) == [0, 3, 4, 1, 5, 2]


def test_in_turn__groups_that_let_rounds_pass_come_in_later() -> None:
    groups = np.array([0, 0, 1, 1])
    rounds = np.array([1, 1, 0, 0])

    assert best_first(ranking.in_turn(falling(4), groups, random(), rounds=rounds)) == [2, 0, 3, 1]


@given(GROUPS, st.floats(0.05, 1))
def test_capped__no_group_holds_more_of_the_first_than_its_share_while_others_have_some(
    groups: list[int], share: float
) -> None:
    order = best_first(ranking.capped(falling(len(groups)), np.array(groups), share, random()))
    left = Counter(groups)
    taken: Counter[int] = Counter()
    for number, row in enumerate(order, 1):
        most = math.ceil(number * share - 1e-9)
        if any(left[group] and taken[group] < most for group in left):
            assert taken[groups[row]] < most
        taken[groups[row]] += 1
        left[groups[row]] -= 1

    assert sorted(order) == list(range(len(groups)))


def test_capped__without_a_binding_cap_the_order_stays() -> None:
    assert best_first(ranking.capped(falling(5), np.array([0, 0, 0, 1, 0]), 1.0, random())) == [0, 1, 2, 3, 4]


def test_capped__the_least_served_give_first_when_all_are_used_up() -> None:
    groups = np.array([0, 0, 0, 0, 1, 1])

    assert best_first(ranking.capped(falling(6), groups, 0.1, random())) == [0, 4, 1, 5, 2, 3]


@pytest.mark.parametrize("reorder", [ranking.in_turn, lambda s, g, r, **k: ranking.capped(s, g, 0.2, r, **k)])
def test_reordered__what_is_no_candidate_stays_none(reorder: object) -> None:
    scores = np.array([np.nan, 2.0, 1.0, np.nan])
    found = reorder(scores, np.array([0, 0, 0, 1]), random())  # type: ignore[operator]

    assert np.isnan(found).tolist() == [True, False, False, True]
    assert found[1] > found[2]


def test_reordered__beyond_the_depth_texts_follow_as_they_stood() -> None:
    scores = falling(10)

    assert best_first(ranking.in_turn(scores, np.zeros(10, dtype=int), random(), depth=3)) == list(range(10))


def test_best__chance_decides_between_equals() -> None:
    seen = {tuple(ranking.best(np.zeros(3), np.random.default_rng(seed))) for seed in range(40)}

    assert len(seen) == 6


@given(GROUPS, st.integers(0, 2**16))
def test_in_turn__only_the_order_of_scores_counts(groups: list[int], seed: int) -> None:
    scores = np.random.default_rng(seed).permutation(len(groups)).astype(float)
    kinds = np.array(groups)

    assert best_first(ranking.in_turn(scores, kinds, random())) == best_first(
        ranking.in_turn(np.exp(scores / 10), kinds, random())
    )
