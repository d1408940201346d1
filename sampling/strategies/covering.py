"""Uncertain texts that stand for many other uncertain texts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from annotation.campaign import reasons
from sampling import uncertainty
from sampling.pool import Pool
from sampling.strategies import ranking
from sampling.strategies.base import Floats

# Similarities below this say that two texts share a common word and no more.
_LEAST_SIMILARITY = 0.05
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class MarginCovering:
    """Filtered submodular selection (Wei, Iyer and Bilmes 2015): uncertain texts that cover the doubt about others.

    The ``filtered`` share of the pool with the smallest margins is ordered greedily, so that the sum over the pool of
    each text's doubt (one minus its margin) times its similarity to the nearest text chosen grows fastest (facility
    location). Texts are alike by the rare words and pairs of words that they share. A text that stands for no other
    comes late, however uncertain it is: asking it would teach nothing about the rest. Those beyond the filter follow
    by their margin.

    Pools larger than ``witnesses`` are stood for by as many texts at random, and the filter lets ``shortlist`` texts
    through at most.
    """

    name: ClassVar[str] = "margin_covering"

    filtered: float = 0.2
    shortlist: int = 5_000
    witnesses: int = 20_000

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        doubt = uncertainty.breaking_ties(pool.frame["margin"])
        depth = min(self.shortlist, max(1, round(self.filtered * len(doubt))))
        order = ranking.best(doubt, random, depth)
        if len(order) < 2:
            return doubt
        witnesses: npt.NDArray[np.intp] = np.arange(len(doubt))
        if len(doubt) > self.witnesses:
            witnesses = np.sort(random.choice(len(doubt), self.witnesses, replace=False))
        similarity = _similarity(pool.frame["line"].iloc[order].tolist(), pool.frame["line"].iloc[witnesses].tolist())
        return ranking.ahead(doubt, order[_covering(similarity, doubt[witnesses])])

    def reason(self, pool: Pool, row: int, language: str) -> str:
        codes: Any = pool.frame["codes"].iat[row]
        probabilities: Any = pool.frame["probabilities"].iat[row]
        return reasons.uncertain(language, codes=codes, probabilities=probabilities)


def _similarity(candidates: Sequence[str], witnesses: Sequence[str]) -> Any:
    """Cosines of word and bigram weights as a sparse matrix (witnesses, candidates) of columns."""
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    counts = HashingVectorizer(
        tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), norm=None, alternate_sign=False, dtype=np.float32
    )
    weights = TfidfTransformer(sublinear_tf=True)
    there = weights.fit_transform(counts.transform(witnesses))
    blocks = [_near(there, weights.transform(counts.transform(block))) for block in _blocks(candidates)]
    return sparse.hstack(blocks, format="csc", dtype=np.float32)


def _near(there: Any, here: Any) -> Any:
    found = (there @ here.T).tocsc()
    found.data[found.data < _LEAST_SIMILARITY] = 0
    found.eliminate_zeros()
    return found


def _blocks(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """So that what only common words have in common need not be held all at once."""
    return (lines[start : start + _BLOCK] for start in range(0, len(lines), _BLOCK))


def _covering(similarity: Any, doubt: Floats) -> npt.NDArray[np.intp]:
    """Columns in greedy order, lazily (Minoux 1978): a gain only shrinks, so an old one bounds it from above."""
    weight = doubt.astype(np.float32)
    covered = np.zeros(len(weight), dtype=np.float32)
    starts, rows, values = similarity.indptr, similarity.indices, similarity.data

    def gain(column: int) -> float:
        inside = slice(starts[column], starts[column + 1])
        near = rows[inside]
        return float(weight[near] @ np.maximum(values[inside] - covered[near], 0))

    # Of equal gains the earlier column, which is the less certain text, goes first.
    bounds = [(-gain(column), column) for column in range(similarity.shape[1])]
    heapq.heapify(bounds)
    order = []
    while bounds:
        _, column = heapq.heappop(bounds)
        now = (-gain(column), column)
        if bounds and now > bounds[0]:
            heapq.heappush(bounds, now)
            continue
        order.append(column)
        inside = slice(starts[column], starts[column + 1])
        covered[rows[inside]] = np.maximum(covered[rows[inside]], values[inside])
    return np.array(order, dtype=np.intp)
