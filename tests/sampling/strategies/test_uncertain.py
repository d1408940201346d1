from __future__ import annotations

import numpy as np
import pytest

from sampling.strategies.base import Explained, Strategy
from sampling.strategies.chance import Random
from sampling.strategies.uncertain import BreakingTies, Entropy, LeastConfidence
from tests.parts import pools

ALL: list[Strategy] = [LeastConfidence(), BreakingTies(), Entropy()]


def order(strategy: Strategy, rows: list[tuple[object, ...]]) -> list[int]:
    scores = strategy.score(pools.pool_of(rows), np.random.default_rng(1))
    return np.argsort(-scores, kind="stable").tolist()


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_score__the_least_sure_first(strategy: Strategy) -> None:
    rows = [pools.row(n, (7 * n % 10) / 10) for n in range(10)]

    assert order(strategy, rows)[:3] == [0, 3, 6]


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_score__what_the_model_does_not_know_is_among_the_least_sure(strategy: Strategy) -> None:
    pool = pools.pool_of([pools.row(0, 0.5), pools.row(1, 0, code=None), pools.row(2, 0.9)])
    scores = strategy.score(pool, np.random.default_rng(1))

    assert scores[1] == scores.max()


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_score__goes_with_its_text_wherever_that_stands(strategy: Strategy) -> None:
    rows = [pools.row(n, (7 * n % 10) / 10, code=f"c{n % 3}" if n % 4 else None) for n in range(12)]
    turned = np.random.default_rng(0).permutation(12)

    here = strategy.score(pools.pool_of(rows), np.random.default_rng(1))
    there = strategy.score(pools.pool_of([rows[n] for n in turned]), np.random.default_rng(2))

    assert there.tolist() == here[turned].tolist()


@pytest.mark.parametrize("strategy", [*ALL, Random()], ids=lambda s: s.name)
def test_score__empty_pool(strategy: Strategy) -> None:
    assert len(strategy.score(pools.pool_of([]), np.random.default_rng(1))) == 0


def test_score__chance_holds_all_texts_for_equal() -> None:
    scores = Random().score(pools.pool_of([pools.row(n, n / 10) for n in range(4)]), np.random.default_rng(1))

    assert len(set(scores.tolist())) == 1


def test_reason__names_what_the_model_hesitates_between() -> None:
    pool = pools.pool_of([pools.row(0, 0.1), pools.row(1, 0, code=None), pools.row(2, 0.9)])
    strategy = BreakingTies()

    assert isinstance(strategy, Explained)
    assert [strategy.reason(pool, row, "fr") for row in range(3)] == [
        "Le modèle hésite entre 01.11Z (55,0 %) et 56.10A (45,0 %).",
        "Le modèle ne connaît aucun mot de ce texte.",
        "Le modèle dit 01.11Z (95,0 %) : à vérifier.",
    ]
    assert Random().reason(pool, 0, "en") == "Drawn at random among the texts to code."
