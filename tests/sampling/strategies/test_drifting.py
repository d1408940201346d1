from __future__ import annotations

import numpy as np

from annotation.domain.task import Component
from sampling.drift.detectors import Shift
from sampling.strategies.base import Selection
from sampling.strategies.drifting import Drifting
from tests.parts import pools


def shift(value: str, after: float = 0.05) -> Shift:
    return Shift(value, 0.01, after, 50, 0.001)


def select(
    rows: list[tuple[object, ...]], size: int, *, codes: tuple[Shift, ...] = (), words: tuple[Shift, ...] = ()
) -> Selection:
    pool = pools.pool_of(rows)
    drifting = Drifting(size, {s.value: s for s in codes}, {s.value: s for s in words}, "en")
    return drifting.select(pool, pools.free(pool), np.random.default_rng(2))


def test_select__only_texts_behind_a_shift() -> None:
    rows = [pools.row(n, 0.9, code="calm") for n in range(10)] + [pools.row(n, 0.9, code="rising") for n in (10, 11)]

    selection = select(rows, 5, codes=(shift("rising"),))

    assert selection.component is Component.DRIFTING
    assert [(p.row, p.stratum, p.probability) for p in selection.picks] == [
        (10, "code rising", 1.0),
        (11, "code rising", 1.0),
    ]
    assert selection.picks[0].reason == (
        "The predicted code rising is on the rise: 1.0 % of the texts before, 5.0 % now."
    )


def test_select__a_large_shift_does_not_crowd_out_a_small_one() -> None:
    rows = [pools.row(n, 0.9, code="large") for n in range(50)]
    rows += [pools.row(n, 0.9, line=f"trottinette {n}") for n in range(50, 55)]

    selection = select(rows, 8, codes=(shift("large", 0.5),), words=(shift("trottinette"),))

    assert [p.stratum for p in selection.picks].count("word trottinette") == 4
    assert {p.probability for p in selection.picks} == {4 / 50, 4 / 5}
    assert selection.recipe["shifts"]["code large"] == {"texts": 50, "drawn": 4}


def test_select__a_text_belongs_to_the_shift_that_moved_most() -> None:
    rows = [pools.row(0, 0.9, code="rising", line="livraison par drone")]

    selection = select(rows, 1, codes=(shift("rising", 0.02),), words=(shift("drone", 0.04), shift("livraison", 0.03)))

    assert [p.stratum for p in selection.picks] == ["word drone"]


def test_select__near_copies_count_once() -> None:
    rows = [pools.row(n, 0.9, code="rising", line="meme ligne") for n in range(4)]

    assert len(select(rows, 4, codes=(shift("rising"),)).picks) == 1


def test_select__nothing_moved() -> None:
    assert select([pools.row(n, 0.1) for n in range(4)], 4).picks == ()
