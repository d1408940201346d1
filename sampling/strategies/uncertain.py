"""The texts of which the model is least sure, by what it says itself.

A text of which the model knows no word counts among the least sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from annotation.campaign import reasons
from sampling import uncertainty
from sampling.pool import Pool
from sampling.strategies.base import Floats


class _Doubt:
    """Tells which codes the model hesitates between."""

    __slots__ = ()

    def reason(self, pool: Pool, row: int, language: str) -> str:
        codes: Any = pool.frame["codes"].iat[row]
        probabilities: Any = pool.frame["probabilities"].iat[row]
        return reasons.uncertain(language, codes=list(codes), probabilities=list(probabilities))


@dataclass(frozen=True, slots=True)
class LeastConfidence(_Doubt):
    """Smallest probability of the most probable code (Lewis and Gale 1994)."""

    name: ClassVar[str] = "least_confidence"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:  # noqa: ARG002
        return uncertainty.least_confidence(pool.frame["probability"])


@dataclass(frozen=True, slots=True)
class BreakingTies(_Doubt):
    """Smallest margin between the two most probable codes (Scheffer et al. 2001; Luo et al. 2005)."""

    name: ClassVar[str] = "margin"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:  # noqa: ARG002
        return uncertainty.breaking_ties(pool.frame["margin"])


@dataclass(frozen=True, slots=True)
class Entropy(_Doubt):
    """Largest entropy over all codes (Shannon 1948; Settles 2009)."""

    name: ClassVar[str] = "entropy"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:  # noqa: ARG002
        entropy = pool.frame["entropy"].to_numpy(dtype=float)
        unknown = pool.frame["code"].isna().to_numpy()
        return np.where(unknown, entropy.max(initial=0.0), entropy)
