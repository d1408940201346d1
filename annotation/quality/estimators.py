"""Ratios in a population and their variance, from texts drawn with known probabilities.

Notation of Särndal, Swensson and Wretman, *Model Assisted Survey Sampling* (1992): text k enters with probability pi_k
and stands for w_k = 1 / pi_k texts, scaled to the size of its stratum where that is known. The variance is that of the
linearised residuals (result 5.6.1), summed over strata, in the approximation of Hájek (1964) and Deville (1999) which
needs no joint probabilities and is the classic formula for simple random sampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotation.quality.samples import Floats, Sample


@dataclass(frozen=True, slots=True)
class Ratio:
    """``degrees`` of freedom of the variance are Satterthwaite's (1946)."""

    value: float
    variance: float
    degrees: float


def ratio(y: Floats, sample: Sample, *, unit: Floats | None = None) -> Ratio:
    """The mean of ``y`` (n,) over the units that the texts hold: one each, or ``unit`` (n,), 0 outside of a domain."""
    weights = sample.weights
    held = np.ones(len(y)) if unit is None else unit
    total = float(weights @ held)
    mean = float(weights @ (held * y)) / total
    variance, degrees = _variance(held * (y - mean) / total, weights, sample)
    return Ratio(mean, variance, degrees)


def _variance(residuals: Floats, weights: Floats, sample: Sample) -> tuple[float, float]:
    strata = [np.flatnonzero(sample.stratum == h) for h in range(sample.strata)]
    parts = np.array(
        [_of_stratum(residuals[h], weights[h], sample.probability[h], sample.sizes is not None) for h in strata]
    )
    free = np.array([max(1, int((sample.probability[h] < 1).sum()) - 1) for h in strata])
    total = float(parts.sum())
    if total <= 0:
        return 0.0, float(max(1, len(residuals) - len(strata)))
    return total, max(1.0, float(total**2 / (parts**2 / free).sum()))


def _of_stratum(residuals: Floats, weights: Floats, probability: Floats, sized: bool) -> float:
    left = 1 - probability
    n = int((left > 0).sum())
    if n == 0:
        return 0.0
    if n == 1:
        # One text tells nothing of its stratum's spread; its own square errs on the safe side.
        return float(left @ (weights * residuals) ** 2)
    if sized:
        residuals = residuals - (weights @ residuals) / weights.sum()
    spread = weights * residuals
    centre = float(left @ spread / left.sum())
    return float(n / (n - 1) * (left @ (spread - centre) ** 2))
