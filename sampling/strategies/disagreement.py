"""Texts of which somebody else says another code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from sampling import reasons
from sampling.pool import Pool
from sampling.strategies import ranking
from sampling.strategies.base import Floats


@dataclass(frozen=True, slots=True)
class Opinions:
    """What another model, ``by`` name, says of the pool's texts in their order; the register where that is empty.

    ``codes`` (n,) are None where it says nothing; ``sure`` (n,) is the probability that it gives its code.
    """

    by: str
    codes: npt.NDArray[np.object_]
    sure: npt.NDArray[np.float32]

    def against(self, codes: pd.Series) -> Floats:
        """How sure it is of another code than the given ones (n,); NaN where one of the two has none, or the same."""
        differs = codes.notna().to_numpy() & pd.notna(self.codes) & (codes.to_numpy(dtype=object) != self.codes)
        return np.where(differs, self.sure.astype(float), np.nan)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The texts of whose different codes both sides are surest (after Seung et al. 1992, query by committee).

    The score is the product of the two confidences; those who differ take turns.
    """

    name: ClassVar[str] = "disagreement"
    opinions: tuple[Opinions, ...]

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        if not self.opinions:
            return np.full(len(pool.frame), np.nan)
        against = np.array([one.against(pool.frame["code"]) for one in self.opinions])
        strongest = np.nan_to_num(against, nan=-1.0).argmax(axis=0)
        scores = pool.frame["confidence"].to_numpy(dtype=float) * np.fmax.reduce(against, axis=0)
        return ranking.in_turn(scores, strongest, random)

    def reason(self, pool: Pool, row: int, language: str) -> str:
        code = str(pool.frame["code"].iat[row])
        against = [one for one in self.opinions if one.codes[row] is not None and one.codes[row] != code]
        if not against:
            return ""
        strongest = max(against, key=lambda one: one.sure[row])
        return reasons.disagreement(
            language,
            code=code,
            probability=float(pool.frame["confidence"].iloc[row]),
            other=strongest.by,
            other_code=str(strongest.codes[row]),
            other_probability=float(strongest.sure[row]),
        )
