from __future__ import annotations

import numpy as np

from sampling.strategies.disagreement import Disagreement, Opinions
from tests.parts import pools


def opinions(by: str, *said: tuple[str | None, float]) -> Opinions:
    codes, sure = zip(*said, strict=True)
    return Opinions(by, np.array(codes, dtype=object), np.array(sure, dtype=np.float32))


POOL = pools.pool_of([pools.row(0, 0.8), pools.row(1, 0.2), pools.row(2, 0.8), pools.row(3, 0, code=None)])
OLD = opinions("m/1", ("01.12Z", 0.5), ("01.12Z", 0.9), ("01.11Z", 0.9), ("01.12Z", 0.9))


def order(*given: Opinions) -> list[int]:
    scores = Disagreement(given).score(POOL, np.random.default_rng(1))
    return [row for row in np.argsort(-scores, kind="stable").tolist() if not np.isnan(scores[row])]


def test_score__those_of_whose_different_codes_both_are_surest() -> None:
    assert order(OLD) == [1, 0]


def test_score__the_register_takes_turns_with_the_model() -> None:
    register = opinions("", (None, 0), (None, 0), ("56.10A", 1.0), (None, 0))

    assert order(OLD, register) == [2, 1, 0]


def test_score__nobody_else_says_anything() -> None:
    assert order() == []
    assert order(opinions("", *[(None, 0.0)] * 4)) == []


def test_reason__says_who_says_what() -> None:
    register = opinions("", ("56.10A", 1.0), (None, 0), (None, 0), (None, 0))
    strategy = Disagreement((OLD, register))

    assert [strategy.reason(POOL, row, "en") for row in range(3)] == [
        "The model says 01.11Z (90.0 %), the register holds 56.10A.",
        "The model says 01.11Z (60.0 %), m/1 says 01.12Z (90.0 %).",
        "",
    ]
