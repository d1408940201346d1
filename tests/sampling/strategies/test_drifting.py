from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from sampling.drift.attribution import Attribution, Cause
from sampling.strategies.drifting import Drifting, DriftWeighted
from tests.parts import pools

SINCE = datetime(2026, 10, 1, tzinfo=UTC)
LARGE = Cause("code", "large", 0.1, 0.5)
SMALL = Cause("word", "trottinette", 0.01, 0.05)


def attribution(*causes: Cause | None) -> Attribution:
    return Attribution(np.array([one.after if one else 0.0 for one in causes]), causes, SINCE)


def test_drifting__only_texts_with_a_sign_of_drift() -> None:
    pool = pools.pool_of([pools.row(n, 0.5) for n in range(4)])
    scores = Drifting(attribution(None, SMALL, None, LARGE)).score(pool, np.random.default_rng(1))

    assert np.isnan(scores).tolist() == [True, False, True, False]
    assert scores[3] > scores[1]


def test_drifting__a_large_cause_does_not_crowd_out_a_small_one() -> None:
    pool = pools.pool_of([pools.row(n, 0.5) for n in range(55)])
    scores = Drifting(attribution(*[LARGE] * 50, *[SMALL] * 5), share=0.5).score(pool, np.random.default_rng(1))

    assert sum(row >= 50 for row in np.argsort(-scores)[:8]) == 4


def test_drifting__nothing_moved() -> None:
    pool = pools.pool_of([pools.row(0, 0.5)])

    assert np.isnan(Drifting(attribution(None)).score(pool, np.random.default_rng(1))).all()


def test_drifting__of_another_pool() -> None:
    with pytest.raises(ValueError, match="the pool has 2"):
        Drifting(attribution(None)).score(
            pools.pool_of([pools.row(0, 0.5), pools.row(1, 0.5)]), np.random.default_rng(1)
        )


def test_drift_weighted__of_equally_uncertain_texts_the_drifting_one_comes_first() -> None:
    pool = pools.pool_of([pools.row(0, 0.2), pools.row(1, 0.2), pools.row(2, 0.9)])
    scores = DriftWeighted(attribution=attribution(None, SMALL, None)).score(pool, np.random.default_rng(1))

    assert scores[1] > scores[0] > scores[2]


def test_drift_weighted__only_ranks_count() -> None:
    pool = pools.pool_of([pools.row(n, 0.1 * n) for n in range(5)])
    drift = attribution(None, SMALL, None, LARGE, SMALL)
    larger = Attribution(drift.scores * 1000, drift.causes, SINCE)

    assert (
        DriftWeighted(attribution=drift).score(pool, np.random.default_rng(1)).tolist()
        == DriftWeighted(attribution=larger).score(pool, np.random.default_rng(1)).tolist()
    )


def test_drift_weighted__without_drift_it_is_the_strategy_alone() -> None:
    pool = pools.pool_of([pools.row(n, 0.1 * n) for n in range(5)])

    assert np.argsort(-DriftWeighted().score(pool, np.random.default_rng(1))).tolist() == list(range(5))


def test_reason__says_what_rose_and_what_the_model_hesitates_between() -> None:
    pool = pools.pool_of([pools.row(0, 0.1)])
    drift = attribution(SMALL)

    assert Drifting(drift).reason(pool, 0, "en") == drift.reason(0, "en")
    assert DriftWeighted(attribution=drift).reason(pool, 0, "en") == (
        f"{drift.reason(0, 'en')} The model hesitates between 01.11Z (55.0 %) and 56.10A (45.0 %)."
    )
