"""What missing answers leave open, whatever the texts are that they are missing of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.quality import accuracy
from annotation.quality.accuracy import Strata
from annotation.quality.samples import Size


@dataclass(frozen=True, slots=True)
class Bounds:
    """``value_low`` takes all ``missing`` texts for wrong, ``value_high`` for right (Manski 1990).

    ``low`` and ``high`` are the outer ends of their confidence intervals: chance and missing answers together.
    """

    value_low: float
    value_high: float
    low: float
    high: float
    missing: int
    drawn: int

    def as_dict(self) -> dict[str, float | int]:
        return {
            "value_low": self.value_low,
            "value_high": self.value_high,
            "low": self.low,
            "high": self.high,
            "missing": self.missing,
            "drawn": self.drawn,
        }


def bounds(
    correct: npt.ArrayLike,
    inclusion_probability: npt.ArrayLike,
    *,
    population_size: Size,
    stratum: Strata | None = None,
    confidence: float = 0.95,
) -> Bounds:
    """From all texts that were drawn, ``correct`` (n,) being NaN where there is no answer or it is 'unclassifiable'.

    The probabilities are those of being drawn. Nothing is assumed of the missing ones, so that no proxy is used.
    """
    right = np.asarray(correct, dtype=float)
    missing = np.isnan(right)
    worst, best = (
        accuracy.estimate(
            np.where(missing, value, right),
            inclusion_probability,
            population_size=population_size,
            stratum=stratum,
            confidence=confidence,
        )
        for value in (0.0, 1.0)
    )
    return Bounds(worst.value, best.value, worst.low, best.high, int(missing.sum()), len(right))
