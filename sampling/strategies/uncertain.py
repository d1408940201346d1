"""The texts of which the model is least sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from annotation.domain.task import Component
from sampling import reasons
from sampling.pool import Pool
from sampling.strategies.base import Pick, Selection, one_per_line


@dataclass(frozen=True, slots=True)
class BreakingTies:
    """``size`` texts with the smallest margin (Luo et al. 2005), near copies counted once.

    No predicted code may hold more than ``class_cap`` of the selection while others have texts left.
    """

    size: int
    language: str
    class_cap: float = 0.1

    def select(self, pool: Pool, free: pd.Series, random: np.random.Generator) -> Selection:
        frame = pool.frame[free]
        order = random.permutation(len(frame))
        ranked = one_per_line(frame.iloc[order].sort_values("margin", kind="stable"))
        rank_in_code = ranked.groupby(ranked["code"].fillna(""), sort=False).cumcount()
        within = rank_in_code < max(1, int(self.class_cap * self.size))
        chosen = pd.concat([ranked[within], ranked[~within]]).head(self.size)
        picks = tuple(
            Pick(int(row), "", 1.0, reasons.uncertain(self.language, codes=codes, probabilities=probabilities))
            for row, codes, probabilities in zip(chosen.index, chosen["codes"], chosen["probabilities"], strict=True)
        )
        largest = float(chosen["margin"].max()) if len(chosen) else None
        return Selection(Component.UNCERTAIN, picks, {"frame": len(frame), "largest_margin": largest})
