from __future__ import annotations

import numpy as np

from sampling.strategies.value import ExpectedLoss
from tests.parts import pools

POOL = pools.pool_of(
    [
        pools.row(0, 0.8, importance=1200),
        pools.row(1, 0.2, importance=100),
        pools.row(2, 0.2, importance=0),
        pools.row(3, 0, code=None, importance=50),
    ]
)


def test_score__importance_times_the_chance_of_being_wrong() -> None:
    scores = ExpectedLoss().score(POOL, np.random.default_rng(1))

    np.testing.assert_allclose(scores, [120, 40, np.nan, 50])


def test_reason__tells_weight_and_chance() -> None:
    assert ExpectedLoss().reason(POOL, 0, "fr") == (
        "Poids 1 200 ; le code prédit 01.11Z est faux avec une probabilité de 10,0 %."
    )
    assert ExpectedLoss().reason(POOL, 3, "en") == "Weight 50; the model knows no word of this text."
