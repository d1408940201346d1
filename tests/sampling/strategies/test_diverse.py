from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sampling.strategies.chance import Random
from sampling.strategies.diverse import Capped, Clustered, LatentSemantics, explain
from sampling.strategies.uncertain import BreakingTies
from tests.parts import pools


class Line:
    """A space in which a text lies where its last number says."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        angle = np.array([float(text.split()[-1]) for text in texts])
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def first(strategy: Capped | Clustered, rows: list[tuple[object, ...]], number: int) -> list[int]:
    scores = strategy.score(pools.pool_of(rows), np.random.default_rng(1))
    return np.argsort(-scores, kind="stable")[:number].tolist()


def test_capped__no_code_takes_it_all_while_others_have_texts() -> None:
    rows = [pools.row(n, 0.001 * n, code="frequent") for n in range(20)]
    rows += [pools.row(n, 0.5 + 0.001 * n, code=f"c{n % 5}") for n in range(20, 40)]

    assert sum(row < 20 for row in first(Capped(share=0.2), rows, 10)) == 2


def test_capped__what_the_model_does_not_know_counts_as_one_code() -> None:
    rows = [pools.row(n, 0, code=None) for n in range(5)] + [pools.row(n, 0.3, code=f"c{n}") for n in range(5, 10)]

    assert sum(row < 5 for row in first(Capped(share=0.4), rows, 5)) == 2


def test_capped__gives_way_when_nothing_else_is_left() -> None:
    assert first(Capped(), [pools.row(n, 0.1 * n, code="only") for n in range(6)], 6) == list(range(6))


def test_clustered__the_best_of_each_cluster_come_first() -> None:
    rows = [pools.row(n, 0.01 * n, line=f"texte {0.001 * n}") for n in range(10)]
    rows += [pools.row(n, 0.5 + 0.01 * n, line=f"texte {3 + 0.001 * n}") for n in range(10, 20)]

    assert first(Clustered(clusters=2, shortlist=10, space=Line()), rows, 4) == [0, 10, 1, 11]


def test_clustered__what_is_not_on_the_shortlist_follows() -> None:
    rows = [pools.row(n, 0.01 * n, line=f"texte {n % 2}") for n in range(20)]

    assert first(Clustered(clusters=2, shortlist=3, space=Line()), rows, 20)[6:] == list(range(6, 20))


def test_clustered__fewer_texts_than_clusters_stay_as_they_are() -> None:
    assert first(Clustered(), [pools.row(n, 0.1 * n) for n in range(5)], 5) == list(range(5))


def test_clustered__the_same_generator_gives_the_same_order() -> None:
    rows = [pools.row(n, 0.01 * n, line=f"{'boulangerie' if n % 2 else 'garage'} numero {n}") for n in range(40)]
    strategy = Clustered(clusters=4)

    assert first(strategy, rows, 40) == first(strategy, rows, 40)


def test_latent_semantics__near_wordings_lie_near_one_another() -> None:
    texts = ["culture de riz", "culture du riz", "coiffure a domicile", "coiffure en salon"]
    vectors = LatentSemantics(dimensions=3).embed(texts)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = units @ units.T

    assert near[0, 1] > near[0, 2]
    assert near[2, 3] > near[1, 3]


def test_latent_semantics__texts_without_words() -> None:
    assert LatentSemantics().embed(["", ""]).shape[0] == 2
    assert LatentSemantics().embed(["un"]).shape[0] == 1


def test_reason__is_that_of_the_strategy_within() -> None:
    pool = pools.pool_of([pools.row(0, 0.1)])

    assert Capped().reason(pool, 0, "en") == BreakingTies().reason(pool, 0, "en")
    assert Clustered(Random()).reason(pool, 0, "en") == Random().reason(pool, 0, "en")


def test_explain__a_strategy_of_ones_own_may_say_nothing() -> None:
    class Silent:
        name = "silent"

        def score(self, pool: object, random: object) -> npt.NDArray[np.float64]:
            return np.zeros(1)

    assert explain(Silent(), pools.pool_of([]), 0, "en") == ""


def test_name__tells_what_is_within() -> None:
    assert [Capped().name, Clustered(Random()).name] == ["margin_capped", "random_clustered"]
