from __future__ import annotations

import numpy as np

from sampling.strategies.claim import Contested
from tests.parts import pools

POOL = pools.pool_of([pools.row(n, 0.5) for n in range(3)])


def test_score__only_contested_texts_the_most_contested_first() -> None:
    scores = Contested({"t0002": 3, "t0000": 1, "elsewhere": 9}).score(POOL, np.random.default_rng(1))

    np.testing.assert_array_equal(scores, [1, np.nan, 3])


def test_reason__says_how_often() -> None:
    strategy = Contested({"t0002": 3, "t0000": 1})

    assert strategy.reason(POOL, 0, "en") == "The coding is contested."
    assert strategy.reason(POOL, 1, "en") == "The coding is contested."
    assert strategy.reason(POOL, 2, "fr") == "Codage contesté 3 fois."
