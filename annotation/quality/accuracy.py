"""Accuracy estimated by design: from texts drawn with known probabilities, never from those chosen for being uncertain.

Notation of Särndal, Swensson and Wretman, *Model Assisted Survey Sampling* (1992): text k enters with probability pi_k,
the Hájek estimator of a mean is sum(y_k / pi_k) / sum(1 / pi_k) (eq. 5.7.1), and its variance is that of the linearised
residuals (y_k - mean) / pi_k, summed over strata (result 5.6.1 with simple random sampling in each).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share or a difference of shares with its confidence interval; ``texts`` is the number observed."""

    value: float
    low: float
    high: float
    texts: int

    def as_dict(self) -> dict[str, float | int]:
        return {"value": self.value, "low": self.low, "high": self.high, "texts": self.texts}


@dataclass(frozen=True, slots=True)
class Design:
    """How the observed texts were drawn; arrays (n,) run in parallel with the observations.

    ``strata`` are any labels. A text with probability 1 was taken for certain and adds no variance.
    """

    inclusion_probabilities: Floats
    strata: npt.NDArray[np.object_]

    def __post_init__(self) -> None:
        if len(self.inclusion_probabilities) != len(self.strata):
            raise ValueError("inclusion_probabilities and strata differ in length")
        if np.any((self.inclusion_probabilities <= 0) | (self.inclusion_probabilities > 1)):
            raise ValueError("an inclusion probability lies outside (0, 1]")


def estimate(correct: npt.ArrayLike, design: Design, *, confidence: float = 0.95) -> Estimate | None:
    """The share of correct codes in the population, from ``correct`` (n,) of 0 and 1; None without observations.

    The interval is Wilson's with the effective sample size that the design's variance implies (Korn and Graubard 1998),
    which keeps its coverage near 0 and 1 and on small samples, where the symmetric interval does not.
    """
    y = np.asarray(correct, dtype=float)
    if not len(y):
        return None
    mean, variance = _hajek(y, design)
    effective = _effective_size(mean, variance, design)
    low, high = _wilson(mean, effective, confidence)
    return Estimate(mean, low, high, len(y))


def difference(
    challenger: npt.ArrayLike, champion: npt.ArrayLike, design: Design, *, confidence: float = 0.95
) -> Estimate | None:
    """Challenger's accuracy minus champion's on the same texts, paired, with a t interval; None below two texts."""
    y = np.asarray(challenger, dtype=float) - np.asarray(champion, dtype=float)
    if len(y) < 2:
        return None
    mean, variance = _hajek(y, design)
    degrees = max(1, len(y) - len(set(design.strata.tolist())))
    reach = float(stats.t.ppf(0.5 + confidence / 2, degrees)) * math.sqrt(variance)
    return Estimate(mean, max(-1.0, mean - reach), min(1.0, mean + reach), len(y))


def _hajek(y: Floats, design: Design) -> tuple[float, float]:
    weights = 1.0 / design.inclusion_probabilities
    total = weights.sum()
    mean = float((weights * y).sum() / total)
    residuals = weights * (y - mean) / total
    variance = 0.0
    for stratum in sorted(set(design.strata.tolist()), key=str):
        here = design.strata == stratum
        variance += _stratum_variance(residuals[here], design.inclusion_probabilities[here])
    return mean, variance


def _stratum_variance(residuals: Floats, inclusion_probabilities: Floats) -> float:
    n = len(residuals)
    if n == 1:
        # One text tells nothing of its stratum's spread; its own square errs on the safe side.
        return float(residuals[0] ** 2 * (1 - inclusion_probabilities[0]))
    fraction = float(inclusion_probabilities.mean())
    return float((1 - fraction) * n / (n - 1) * ((residuals - residuals.mean()) ** 2).sum())


def _effective_size(mean: float, variance: float, design: Design) -> float:
    n = len(design.strata)
    spread = mean * (1 - mean)
    if spread > 0 and variance > 0:
        return max(1.0, spread / variance)
    if np.all(design.inclusion_probabilities == 1):
        return math.inf
    weights = 1.0 / design.inclusion_probabilities
    return max(1.0, min(float(n), float(weights.sum() ** 2 / (weights**2).sum())))


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    if math.isinf(n):
        return share, share
    z2 = float(stats.norm.ppf(0.5 + confidence / 2)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, middle - reach), min(1.0, middle + reach)
