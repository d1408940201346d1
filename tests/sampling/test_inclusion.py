from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling import inclusion

DRAWS = 20_000


def chances(scores: list[float], size: float, **options: object) -> inclusion.Floats:
    return inclusion.probabilities(np.array(scores), size, **({"floor": 0.1, "softness": 0.3} | options))  # type: ignore[arg-type]


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=60),
    st.floats(0.1, 40),
    st.floats(0.01, 1),
    st.floats(0, 1),
    st.sampled_from([None, 1, 3]),
)
@settings(max_examples=300, deadline=None)
def test_probabilities__sum_to_the_size_and_are_never_zero(
    scores: list[int], size: float, floor: float, softness: float, cap: float | None
) -> None:
    codes = np.arange(len(scores)) % 3

    found = inclusion.probabilities(
        np.array(scores, dtype=float), size, floor=floor, softness=softness, codes=codes, cap=cap
    )

    assert found.sum() == pytest.approx(min(size, len(scores)))
    assert np.all((found > 0) & (found <= 1))


def test_probabilities__near_one_for_the_best_and_a_floor_for_the_others() -> None:
    found = chances(list(range(1000, 0, -1)), 100)

    assert np.all(found[:60] > 0.99)
    assert np.all(np.diff(found) <= 1e-12)
    assert found[300:] == pytest.approx(0.1 * 100 / 1000)


def test_probabilities__a_hard_step_takes_the_best() -> None:
    assert chances([1, 5, 3, 4, 2], 2, floor=0, softness=0).tolist() == [0, 1, 0, 1, 0]


def test_probabilities__equal_scores_have_equal_chances() -> None:
    assert chances([7] * 10, 4).tolist() == pytest.approx([0.4] * 10)
    assert len(set(chances([3, 2, 2, 2, 1, 1], 2).tolist()[1:4])) == 1


def test_probabilities__only_the_order_counts() -> None:
    scores = [0.1, 0.5, 0.2, 0.9, 0.3]

    assert chances(scores, 2).tolist() == chances([float(np.exp(9 * s)) for s in scores], 2).tolist()


def test_probabilities__what_is_no_candidate_gets_none() -> None:
    assert chances([np.nan, 1, np.nan, 2], 2).tolist() == [0, 1, 0, 1]
    assert chances([np.nan, np.nan], 3).tolist() == [0, 0]
    assert chances([], 3).tolist() == []


def test_probabilities__more_wanted_than_there_is() -> None:
    assert chances([1, 2, 3], 7).tolist() == [1, 1, 1]


def test_probabilities__nothing_wanted() -> None:
    assert chances([1, 2, 3], 0).tolist() == [0, 0, 0]


def test_probabilities__no_code_gets_more_than_its_cap_while_others_have_texts() -> None:
    scores = np.concatenate([np.arange(1000, 900, -1), np.arange(100, 0, -1)]).astype(float)
    codes = np.concatenate([np.zeros(100, dtype=int), np.arange(100) % 5 + 1])

    found = inclusion.probabilities(scores, 20, floor=0.1, softness=0.2, codes=codes, cap=4)

    assert found[codes == 0].sum() <= 4 + 0.1 * 20
    assert found.sum() == pytest.approx(20)


def test_probabilities__the_cap_gives_way_when_nothing_else_is_left() -> None:
    found = inclusion.probabilities(np.arange(10.0), 6, floor=0.1, softness=0.2, codes=np.zeros(10, dtype=int), cap=2)

    assert found.sum() == pytest.approx(6)


def test_probabilities__texts_that_nothing_tells_apart_share_the_cap_of_their_code() -> None:
    scores = np.array([1.0] + [0.0] * 30)
    codes = np.repeat([2, 0, 1], [1, 20, 10])

    found = inclusion.probabilities(scores, 7, floor=0.1, softness=0.2, codes=codes, cap=3)

    assert len(set(found[1:21].round(12))) == len(set(found[21:].round(12))) == 1
    assert found[1:21].sum() == pytest.approx(found[21:].sum(), abs=1)


def test_probabilities__where_nothing_tells_texts_apart_a_cap_has_no_say() -> None:
    found = inclusion.probabilities(np.zeros(30), 6, floor=0.1, softness=0.2, codes=np.repeat([0, 1], [20, 10]), cap=1)

    assert found == pytest.approx([0.2] * 30)


@pytest.mark.parametrize("ordered", [False, True])
def test_systematic__every_text_is_drawn_as_often_as_its_chance_says(ordered: bool) -> None:
    promised = chances([3, 2, 2, 5, 1, 1, 8, 9, 4, 4, 0, 7, 6, 2, 1], 9, floor=0.8)
    random = np.random.default_rng(11)
    order = np.arange(len(promised)) if ordered else None
    drawn = np.zeros(len(promised))
    for _ in range(DRAWS):
        sample = inclusion.systematic(promised, random, order)
        assert len(sample) == 9
        drawn[sample] += 1

    assert drawn / DRAWS == pytest.approx(promised, rel=0.03)


def test_systematic__a_size_that_is_not_whole_becomes_one_of_its_neighbours() -> None:
    random = np.random.default_rng(4)
    sizes = [len(inclusion.systematic(np.full(10, 0.23), random)) for _ in range(4000)]

    assert set(sizes) == {2, 3}
    assert np.mean(sizes) == pytest.approx(2.3, rel=0.02)


def test_systematic__what_is_certain_is_always_there() -> None:
    promised = np.array([1.0, 0.5, 1.0, 0.5])
    random = np.random.default_rng(5)

    assert all({0, 2} <= set(inclusion.systematic(promised, random).tolist()) for _ in range(200))


def test_systematic__is_repeatable_and_sorted() -> None:
    promised = chances(list(range(200)), 40)
    one, again = (inclusion.systematic(promised, np.random.default_rng(6)) for _ in range(2))

    assert one.tolist() == again.tolist() == sorted(set(one.tolist()))


def test_systematic__nothing_to_draw_from() -> None:
    assert inclusion.systematic(np.empty(0), np.random.default_rng(0)).tolist() == []
