"""Texts that may belong to codes of which the model has seen too little to predict them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sampling import reasons
from sampling.neighbours import Neighbours
from sampling.pool import Pool
from sampling.strategies import ranking
from sampling.strategies.base import Floats

LEAST_SIMILARITY = 0.2
# About every second neighbour turns out to have the code: so many turns a code has ahead of one with a label more.
TURNS_PER_LABEL = 2


@dataclass(frozen=True, slots=True)
class Rare:
    """The texts closest to the wordings of rare codes, found by ``neighbours`` in the same pool.

    Codes take turns, so that none crowds out another; those with fewest ``labels`` begin. More labels than
    ``patience`` count as that many: the code is then here because the model never predicts it. Texts that are close to
    none are no candidates.
    """

    name: ClassVar[str] = "rare"
    neighbours: Neighbours
    labels: Mapping[str, int]
    titles: Mapping[str, str] = field(default_factory=dict)
    patience: int = 5
    least_similarity: float = LEAST_SIMILARITY

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        near = self.neighbours
        if len(near.nearest) != len(pool.frame):
            raise ValueError(f"the neighbours are of {len(near.nearest)} texts, the pool has {len(pool.frame)}")
        scores = np.where(near.similarity >= self.least_similarity, near.similarity, np.nan).astype(float)
        labels = np.array([min(self.labels.get(code, 0), self.patience) for code in near.codes], dtype=np.int32)
        return ranking.in_turn(scores, near.nearest, random, rounds=TURNS_PER_LABEL * labels[near.nearest])

    def reason(self, pool: Pool, row: int, language: str) -> str:  # noqa: ARG002
        if self.neighbours.similarity[row] < self.least_similarity:
            # A near copy of a candidate may be asked in its place.
            return ""
        code = self.neighbours.code(row)
        number = self.labels.get(code, 0)
        title = self.titles.get(code, "")
        if number >= self.patience:
            return reasons.never_predicted(language, code=code, title=title)
        return reasons.rare(language, code=code, title=title, number=number)
