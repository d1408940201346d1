from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sampling.neighbours import Neighbours
from sampling.replay import history
from sampling.strategies.rare import Rare
from tests.benchmarks import rare as benchmark
from tests.parts import pools


def near(*pairs: tuple[int, float]) -> Neighbours:
    nearest, similarity = zip(*pairs, strict=True)
    return Neighbours(("A", "B", "C"), np.array(nearest, dtype=np.int32), np.array(similarity, dtype=np.float32))


def order(strategy: Rare) -> list[int]:
    pool = pools.pool_of([pools.row(n, 0.5) for n in range(len(strategy.neighbours.nearest))])
    scores = strategy.score(pool, np.random.default_rng(1))
    return [row for row in np.argsort(-scores, kind="stable").tolist() if not np.isnan(scores[row])]


def test_score__every_code_gets_its_turn() -> None:
    found = near((0, 0.9), (0, 0.8), (0, 0.7), (1, 0.5), (2, 0.3))

    assert order(Rare(found, labels={})) == [0, 3, 4, 1, 2]


def test_score__codes_with_fewest_labels_come_first() -> None:
    found = near((0, 0.9), (0, 0.8), (1, 0.5), (1, 0.4), (1, 0.3), (2, 0.3))

    assert order(Rare(found, labels={"A": 1, "B": 0, "C": 50}, patience=3)) == [2, 3, 0, 4, 1, 5]


def test_score__texts_close_to_none_are_no_candidates() -> None:
    assert order(Rare(near((0, 0.9), (1, 0.1)), labels={})) == [0]


def test_score__of_another_pool() -> None:
    with pytest.raises(ValueError, match="the pool has 0"):
        Rare(near((0, 0.9)), labels={}).score(pools.pool_of([]), np.random.default_rng(1))


def test_reason__names_the_code_and_how_many_labels_it_has() -> None:
    pool = pools.pool_of([pools.row(n, 0.5) for n in range(4)])
    strategy = Rare(near((0, 0.9), (1, 0.9), (2, 0.9), (0, 0.1)), {"B": 2, "C": 9}, titles={"A": "Riz"}, patience=5)

    assert [strategy.reason(pool, row, "en") for row in range(4)] == [
        "Close to code A (Riz), which has no coded text yet.",
        "Close to code B, which has only 2 coded texts.",
        "Close to code C, which the model never predicts.",
        "",
    ]


@pytest.mark.real_data
def test_score__finds_many_times_more_than_chance_of_codes_without_any_label(shared_data: Path) -> None:
    index = pd.read_csv(shared_data / "uksic" / "uksic_alphabetical_index_dual_2003_2007.csv", dtype=str)
    past = history.build(zip(index["activity"], index["sic2007"], strict=True), normaliser=benchmark.NORMALISER)
    titles = benchmark.read_titles(set(past.codes))
    case = benchmark.make(past, (5, 15), titles, seed=1)
    pool = pools.pool_of([pools.row(n, 0.5) for n in range(len(case.pool))])
    scores = case.rare(titles).score(pool, np.random.default_rng(1))
    hidden = np.isin(past.codes, sorted(case.hidden))[case.pool]
    first = np.argsort(-np.nan_to_num(scores, nan=-1))[: benchmark.TASKS]

    assert hidden[first].sum() >= 4 * benchmark.TASKS * hidden.mean()
