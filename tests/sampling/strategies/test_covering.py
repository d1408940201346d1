from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sampling.pool import Pool
from sampling.strategies.covering import MarginCovering


def _pool(rows: Sequence[tuple[str, float]]) -> Pool:
    lines, margins = zip(*rows, strict=True)
    frame = pd.DataFrame({"line": lines, "margin": np.array(margins, dtype=np.float32)})
    return Pool(frame, {})


def _order(strategy: MarginCovering, rows: Sequence[tuple[str, float]]) -> list[str]:
    scores = strategy.score(_pool(rows), np.random.default_rng(1))
    return [rows[row][0] for row in np.argsort(-scores, kind="stable")]


CROWD = [(f"vente de fleurs {word}", 0.2) for word in ("coupees", "sechees", "bio", "fraiches")]
LONER = ("zinguerie", 0.1)
SURE = [(f"taxi {word}", 0.9) for word in ("jour", "nuit", "gare", "ville", "aeroport")]


def test_score__what_stands_for_many_uncertain_texts_comes_before_a_less_certain_loner() -> None:
    order = _order(MarginCovering(filtered=0.5), [*CROWD, LONER, *SURE])

    assert order[0] in dict(CROWD)
    assert order[1] == LONER[0], "once one of the crowd is asked, another of it tells little"


def test_score__sure_texts_are_not_asked_however_many_they_stand_for() -> None:
    order = _order(MarginCovering(filtered=0.5), [*CROWD, LONER, *SURE, *SURE])

    assert set(order[:5]) == {*dict(CROWD), LONER[0]}


def test_score__beyond_the_filter_the_margin_decides() -> None:
    rows = [*CROWD, ("menuiserie", 0.5), ("plomberie", 0.4), ("coiffure", 0.6), ("chauffage", 0.3)]

    assert _order(MarginCovering(filtered=0.5), rows)[4:] == ["chauffage", "plomberie", "menuiserie", "coiffure"]


def test_score__a_large_pool_is_stood_for_by_some_of_it() -> None:
    random = np.random.default_rng(3)
    rows = [(" ".join(random.choice(list("abcdefgh"), 3)), float(random.random())) for _ in range(3000)]

    scores = MarginCovering(shortlist=50, witnesses=200).score(_pool(rows), np.random.default_rng(2))

    best = np.argsort(-scores)[:50]
    assert set(best.tolist()) == set(np.argsort([margin for _, margin in rows])[:50].tolist())


def test_score__texts_without_a_word_and_pools_of_one_text_are_scored() -> None:
    assert len(MarginCovering().score(_pool([("", 0.0)]), np.random.default_rng(1))) == 1
    assert not np.isnan(MarginCovering(1.0).score(_pool([("", 0.0), ("", 0.1)]), np.random.default_rng(1))).any()
