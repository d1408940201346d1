from __future__ import annotations

import numpy as np

from annotation.domain.task import Component
from sampling.strategies.uncertain import BreakingTies
from tests.parts import pools


def picked(rows: list[tuple[object, ...]], size: int, **settings: float) -> list[int]:
    pool = pools.pool_of(rows)
    selection = BreakingTies(size, "en", **settings).select(pool, pools.free(pool), np.random.default_rng(1))
    assert selection.component is Component.UNCERTAIN
    return [pick.row for pick in selection.picks]


def test_select__smallest_margins_first() -> None:
    rows = [pools.row(n, (7 * n % 10) / 10, code=f"c{n}") for n in range(10)]

    assert picked(rows, 3) == [0, 3, 6]


def test_select__near_copies_count_once() -> None:
    rows = [
        pools.row(0, 0.01, code="a", line="meme ligne"),
        pools.row(1, 0.02, code="a", line="meme ligne"),
        pools.row(2, 0.03, code="b", group="same wording"),
        pools.row(3, 0.04, code="c", group="same wording"),
        pools.row(4, 0.05, code="d"),
    ]

    assert picked(rows, 5, class_cap=1.0) == [0, 2, 4]


def test_select__no_code_takes_it_all_while_others_have_texts() -> None:
    rows = [pools.row(n, 0.001 * n, code="frequent") for n in range(20)]
    rows += [pools.row(n, 0.5 + 0.001 * n, code=f"c{n % 5}") for n in range(20, 40)]

    codes = ["frequent" if row < 20 else "other" for row in picked(rows, 10, class_cap=0.2)]

    assert codes.count("frequent") == 2


def test_select__the_cap_gives_way_when_nothing_else_is_left() -> None:
    assert picked([pools.row(n, 0.1 * n, code="only") for n in range(6)], 5) == [0, 1, 2, 3, 4]


def test_select__what_the_model_does_not_know_is_asked_within_the_cap() -> None:
    rows = [pools.row(n, 0, code=None) for n in range(5)] + [pools.row(n, 0.3, code=f"c{n}") for n in range(5, 10)]

    chosen = picked(rows, 5, class_cap=0.4)

    assert sum(row < 5 for row in chosen) == 2


def test_select__reasons() -> None:
    pool = pools.pool_of([pools.row(0, 0.1), pools.row(1, 0, code=None)])
    reasons = [p.reason for p in BreakingTies(2, "fr").select(pool, pools.free(pool), np.random.default_rng(0)).picks]

    assert sorted(reasons) == [
        "Le modèle hésite entre 01.11Z (55,0 %) et 56.10A (45,0 %).",
        "Le modèle ne connaît aucun mot de ce texte.",
    ]


def test_select__empty_pool() -> None:
    assert picked([], 5) == []
