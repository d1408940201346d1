"""Texts whose coding somebody contests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sampling import reasons
from sampling.pool import Pool
from sampling.strategies.base import Floats


@dataclass(frozen=True, slots=True)
class Contested:
    """The texts of ``claims``, which counts them by the texts' keys; the most contested first, the rest by chance."""

    name: ClassVar[str] = "claim"
    claims: Mapping[str, int]

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:  # noqa: ARG002
        scores = np.full(len(pool.frame), np.nan)
        rows = np.flatnonzero(pool.frame["text_key"].isin(list(self.claims)))
        scores[rows] = [self.claims[key] for key in pool.frame["text_key"].iloc[rows]]
        return scores

    def reason(self, pool: Pool, row: int, language: str) -> str:
        # A near copy of a contested text may be asked in its place.
        return reasons.claim(language, number=self.claims.get(str(pool.frame["text_key"].iat[row]), 1))
