"""The texts behind what moved in the flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from sampling.drift.attribution import Attribution
from sampling.pool import Pool
from sampling.strategies import ranking
from sampling.strategies.base import Floats, Strategy
from sampling.strategies.diverse import explain
from sampling.strategies.uncertain import BreakingTies


@dataclass(frozen=True, slots=True)
class Drifting:
    """The texts that drift most, by an attribution made of the same pool.

    No cause holds more than ``share`` of them while others have texts, so that a large one does not crowd out the
    others. Texts without a sign of drift are no candidates.
    """

    name: ClassVar[str] = "drifting"
    attribution: Attribution
    share: float = 0.25

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        scores = np.asarray(self.attribution.scores, dtype=float)
        _refuse_other_pool(pool, len(scores))
        named = [f"{cause.kind} {cause.value}" if cause else "" for cause in self.attribution.causes]
        causes, _ = pd.factorize(np.array(named, dtype=object))
        return ranking.capped(np.where(scores > 0, scores, np.nan), causes, self.share, random)

    def reason(self, pool: Pool, row: int, language: str) -> str:  # noqa: ARG002
        return self.attribution.reason(row, language)


@dataclass(frozen=True, slots=True)
class DriftWeighted:
    """What ``strategy`` asks first, weighed with how much it drifts: ranks count, with ``weight`` for the drift.

    Without an attribution it is the strategy alone.
    """

    strategy: Strategy = field(default_factory=BreakingTies)
    attribution: Attribution | None = None
    weight: float = 0.5

    @property
    def name(self) -> str:
        return f"{self.strategy.name}_drift_weighted"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        scores = self.strategy.score(pool, random)
        if self.attribution is None:
            return scores
        _refuse_other_pool(pool, len(self.attribution.scores))
        drift = np.where(self.attribution.scores > 0, self.attribution.scores, np.nan)
        return (1 - self.weight) * _standing(scores) + self.weight * np.nan_to_num(_standing(drift))

    def reason(self, pool: Pool, row: int, language: str) -> str:
        doubt = explain(self.strategy, pool, row, language)
        drift = self.attribution.reason(row, language) if self.attribution else ""
        return f"{drift} {doubt}".strip()


def _standing(scores: Floats) -> Floats:
    """The share (n,) of the candidates that score no more; equals share theirs, NaN stays NaN."""
    return np.asarray(pd.Series(scores).rank(pct=True), dtype=float)


def _refuse_other_pool(pool: Pool, texts: int) -> None:
    if texts != len(pool.frame):
        raise ValueError(f"the attribution is of {texts} texts, the pool has {len(pool.frame)}")
