"""A strategy is declared as a value and run on a pool; what it gives is a third thing, a selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from annotation.domain.task import Component
from sampling.pool import Pool


@dataclass(frozen=True, slots=True)
class Pick:
    """A row of the pool's frame, and why; ``probability`` is the chance that the strategy had of picking it."""

    row: int
    stratum: str
    probability: float
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    component: Component
    picks: tuple[Pick, ...]
    recipe: dict[str, Any]


class Strategy(Protocol):
    """``free`` (n,) marks the rows that no former strategy took, nor a near copy of them."""

    def select(self, pool: Pool, free: pd.Series, random: np.random.Generator) -> Selection: ...


def one_per_line(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without near copies: the first row of each line and of each wording."""
    return frame.drop_duplicates("line").drop_duplicates("group_key")
