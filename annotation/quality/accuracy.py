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
from scipy import special

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

    The interval is Wilson's with the effective sample size that the design's variance implies (Korn and Graubard 1998)
    and Student's quantile for the degrees of freedom of that variance (Satterthwaite 1946). In simulations it held the
    truth in .92 to .97 of the samples, at accuracies from .4 to .95, with 30 texts and more and unequal strata.
    """
    y = np.asarray(correct, dtype=float)
    if not len(y):
        return None
    mean, variance = _hajek(y, design)
    effective = _effective_size(mean * (1 - mean), variance.total, design)
    low, high = _wilson(mean, effective, _quantile(confidence, variance.degrees))
    return Estimate(mean, low, high, len(y))


def difference(
    challenger: npt.ArrayLike, champion: npt.ArrayLike, design: Design, *, confidence: float = 0.95
) -> Estimate | None:
    """Challenger's accuracy minus champion's on the same texts, paired; None below two texts.

    The interval is that of Bonett and Price (2012), one text added to either kind of disagreement, with the effective
    sample size of the design: where both models agree on all texts it still has a width, since agreement on fifty
    texts does not rule out that one model is worse by points.
    """
    y = np.asarray(challenger, dtype=float) - np.asarray(champion, dtype=float)
    if len(y) < 2:
        return None
    mean, variance = _hajek(y, design)
    apart = float(_hajek(y**2, design)[0])
    effective = _effective_size(apart - mean**2, variance.total, design)
    if math.isinf(effective):
        return Estimate(mean, mean, mean, len(y))
    middle = mean * effective / (effective + 2)
    spread = (apart * effective + 2) / (effective + 2) - middle**2
    reach = _quantile(confidence, variance.degrees) * math.sqrt(spread / (effective + 2))
    return Estimate(mean, max(-1.0, min(mean, middle - reach)), min(1.0, max(mean, middle + reach)), len(y))


@dataclass(frozen=True, slots=True)
class _Variance:
    total: float
    degrees: float


def _hajek(y: Floats, design: Design) -> tuple[float, _Variance]:
    weights = 1.0 / design.inclusion_probabilities
    total = weights.sum()
    mean = float((weights * y).sum() / total)
    residuals = weights * (y - mean) / total
    strata = [design.strata == stratum for stratum in sorted(set(design.strata.tolist()), key=str)]
    parts = np.array([_stratum_variance(residuals[here], design.inclusion_probabilities[here]) for here in strata])
    sizes = np.array([here.sum() for here in strata])
    variance = float(parts.sum())
    degrees = float(variance**2 / (parts**2 / np.maximum(sizes - 1, 1)).sum()) if variance > 0 else len(y) - len(strata)
    return mean, _Variance(variance, max(1.0, degrees))


def _stratum_variance(residuals: Floats, inclusion_probabilities: Floats) -> float:
    n = len(residuals)
    if n == 1:
        # One text tells nothing of its stratum's spread; its own square errs on the safe side.
        return float(residuals[0] ** 2 * (1 - inclusion_probabilities[0]))
    fraction = float(inclusion_probabilities.mean())
    return float((1 - fraction) * n / (n - 1) * ((residuals - residuals.mean()) ** 2).sum())


def _effective_size(spread: float, variance: float, design: Design) -> float:
    """The size of a simple random sample with this variance; Kish's (1965) where none of it could be seen."""
    n = len(design.strata)
    if np.all(design.inclusion_probabilities == 1):
        return math.inf
    if spread > 0 and variance > 0:
        return max(1.0, spread / variance)
    weights = 1.0 / design.inclusion_probabilities
    return max(1.0, min(float(n), float(weights.sum() ** 2 / (weights**2).sum())))


def _quantile(confidence: float, degrees: float) -> float:
    return float(special.stdtrit(degrees, 0.5 + confidence / 2))


def _wilson(share: float, n: float, quantile: float) -> tuple[float, float]:
    if math.isinf(n):
        return share, share
    z2 = quantile**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, middle - reach), min(1.0, middle + reach)
