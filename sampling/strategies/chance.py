"""Chance alone, with which every other strategy is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from annotation.campaign import reasons
from sampling.pool import Pool
from sampling.strategies.base import Floats


@dataclass(frozen=True, slots=True)
class Random:
    """Simple random sampling: all texts are worth the same."""

    name: ClassVar[str] = "random"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:  # noqa: ARG002
        return np.zeros(len(pool.frame))

    def reason(self, pool: Pool, row: int, language: str) -> str:  # noqa: ARG002
        return reasons.chance(language)
