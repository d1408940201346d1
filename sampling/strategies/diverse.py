"""Other strategies' texts, spread: over codes, or over the space in which texts lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from sampling.pool import Pool
from sampling.strategies import ranking
from sampling.strategies.base import Explained, Floats, Strategy
from sampling.strategies.uncertain import BreakingTies


class Space(Protocol):
    """Where texts lie; near ones mean about the same."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One vector (n, d) per line."""
        ...


@dataclass(frozen=True, slots=True)
class LatentSemantics:
    """Words and their beginnings, weighed by how rare they are, in few dimensions (Deerwester et al. 1990)."""

    dimensions: int = 64

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        counted: Any = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, dtype=np.float32)
        try:
            weights = counted.fit_transform(texts)
        except ValueError:  # no text holds a word
            return np.zeros((len(texts), 1), dtype=np.float32)
        dimensions = min(self.dimensions, min(weights.shape) - 1)
        if dimensions < 1:
            return np.asarray(weights.toarray(), dtype=np.float32)
        return np.asarray(TruncatedSVD(dimensions, random_state=0).fit_transform(weights), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Clustered:
    """The best texts of ``strategy``, taken from clusters in turn (Zhdanov 2019).

    The best ``shortlist`` texts per cluster are grouped by k-means; of each cluster the best comes first. Scores take
    no part in the grouping. Texts beyond the shortlist follow as they stood.
    """

    strategy: Strategy = field(default_factory=BreakingTies)
    clusters: int = 100
    shortlist: int = 10
    space: Space = field(default_factory=LatentSemantics)

    @property
    def name(self) -> str:
        return f"{self.strategy.name}_clustered"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        scores = self.strategy.score(pool, random)
        order = ranking.best(scores, random, self.clusters * self.shortlist)
        if len(order) <= self.clusters:
            return scores
        found = self._groups(pool.frame["line"].iloc[order].tolist(), int(random.integers(2**31)))
        return ranking.ahead(scores, order[np.argsort(ranking.places(found), kind="stable")])

    def _groups(self, lines: Sequence[str], seed: int) -> npt.NDArray[np.int32]:
        from sklearn.cluster import MiniBatchKMeans
        from sklearn.preprocessing import normalize

        vectors = np.asarray(self.space.embed(lines), dtype=np.float32)
        distinct = len(np.unique(vectors, axis=0))
        means = MiniBatchKMeans(min(self.clusters, distinct), n_init=3, batch_size=2048, random_state=seed)
        return np.asarray(means.fit_predict(normalize(vectors)))

    def reason(self, pool: Pool, row: int, language: str) -> str:
        return explain(self.strategy, pool, row, language)


@dataclass(frozen=True, slots=True)
class Capped:
    """The best texts of ``strategy``, of which no predicted code holds more than ``share`` while others have texts.

    Texts without a predicted code count as one code.
    """

    strategy: Strategy = field(default_factory=BreakingTies)
    share: float = 0.1

    @property
    def name(self) -> str:
        return f"{self.strategy.name}_capped"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        codes, _ = pd.factorize(pool.frame["code"])
        return ranking.capped(self.strategy.score(pool, random), codes, self.share, random)

    def reason(self, pool: Pool, row: int, language: str) -> str:
        return explain(self.strategy, pool, row, language)


def explain(strategy: Strategy, pool: Pool, row: int, language: str) -> str:
    """The sentence of a strategy that has one; empty otherwise."""
    return strategy.reason(pool, row, language) if isinstance(strategy, Explained) else ""
