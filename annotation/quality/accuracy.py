"""Accuracy estimated by design: from texts drawn with known probabilities, never from a plain mean over those chosen
for being uncertain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from annotation.quality import estimators, intervals, samples
from annotation.quality.estimators import Ratio
from annotation.quality.samples import Floats, InvalidSampleError, Sample, Size

Strata = Sequence[str] | npt.NDArray[np.object_]


class Method(StrEnum):
    """Horvitz-Thompson: weights that sum to the population by themselves. Hájek: divided by what they sum to.

    Stratified: scaled to the known sizes of the strata. Difference: the proxy's mean in the population, corrected by
    what was observed to be wrong with it.
    """

    HORVITZ_THOMPSON = "horvitz-thompson"
    HAJEK = "hajek"
    STRATIFIED = "stratified"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, or a difference of shares, with its confidence interval.

    ``n`` texts were observed; ``effective_n`` is the size of the simple random sample, from a large population, that
    would say as much (infinite where everything was observed).
    """

    value: float
    low: float
    high: float
    standard_error: float
    n: int
    effective_n: float
    method: str

    def as_dict(self) -> dict[str, float | int | str | None]:
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "standard_error": self.standard_error,
            "texts": self.n,
            "effective_texts": None if math.isinf(self.effective_n) else self.effective_n,
            "method": self.method,
        }


def estimate(
    correct: npt.ArrayLike,
    inclusion_probability: npt.ArrayLike,
    *,
    population_size: Size,
    stratum: Strata | None = None,
    proxy: npt.ArrayLike | None = None,
    proxy_total: Size | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """The share of correct codes in the population, from ``correct`` (n,) of 0 and 1, one per observed text.

    ``population_size`` and ``proxy_total`` (the sum of the proxy over the population) are numbers, or mappings by
    stratum. ``proxy`` (n,) foresees ``correct``, like a calibrated confidence; without its total it is not used. The
    interval is Wilson's with the effective size that the variance implies (Korn and Graubard 1998) and Student's
    quantile for that variance's degrees of freedom. InvalidSampleError: nothing observed, or sizes that cannot be.
    """
    drawn = samples.sample(inclusion_probability, population_size=population_size, stratum=stratum)
    right = _shares(correct, drawn, "correct")
    if proxy is None or proxy_total is None:
        return _share(estimators.ratio(right, drawn), right, drawn, _method(drawn), confidence)
    foreseen = _shares(proxy, drawn, "proxy")
    mean = samples.total(proxy_total) / drawn.population
    missed = estimators.ratio(right - foreseen, drawn)
    value = min(1.0, max(0.0, mean + missed.value))
    return _share(Ratio(value, missed.variance, missed.degrees), right, drawn, Method.DIFFERENCE, confidence)


def difference(
    challenger: npt.ArrayLike,
    champion: npt.ArrayLike,
    inclusion_probability: npt.ArrayLike,
    *,
    population_size: Size,
    stratum: Strata | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Challenger's accuracy minus champion's on the same texts, paired.

    The interval is Bonett and Price's (2012) with the effective size of the design. Errors as for ``estimate``.
    """
    drawn = samples.sample(inclusion_probability, population_size=population_size, stratum=stratum)
    y = _shares(challenger, drawn, "challenger") - _shares(champion, drawn, "champion")
    found = estimators.ratio(y, drawn)
    apart = estimators.ratio(y**2, drawn).value
    effective = _effective_size(apart - found.value**2, found.variance, drawn)
    reach = intervals.quantile(confidence, found.degrees)
    low, high = intervals.bonett_price(found.value, apart, effective, reach)
    return Estimate(
        found.value, low, high, math.sqrt(found.variance), len(drawn), effective, f"paired {_method(drawn)}"
    )


def _share(found: Ratio, right: Floats, drawn: Sample, method: Method, confidence: float) -> Estimate:
    effective = _effective_size(found.value * (1 - found.value), found.variance, drawn)
    low, high = intervals.wilson(found.value, effective, intervals.quantile(confidence, found.degrees))
    return Estimate(found.value, low, high, math.sqrt(found.variance), len(right), effective, method.value)


def _shares(values: npt.ArrayLike, drawn: Sample, name: str) -> Floats:
    array = np.asarray(values, dtype=float)
    if array.shape != drawn.probability.shape:
        raise InvalidSampleError(f"{name} has the shape {array.shape}, not one value for each of {len(drawn)} texts.")
    if not np.all((array >= 0) & (array <= 1)):
        raise InvalidSampleError(f"{name} holds a value outside [0, 1].")
    return array


def _method(drawn: Sample) -> Method:
    if drawn.sizes is not None:
        return Method.STRATIFIED
    whole = math.isclose(float(drawn.weights.sum()), drawn.population, rel_tol=1e-6)
    return Method.HORVITZ_THOMPSON if whole else Method.HAJEK


def _effective_size(spread: float, variance: float, drawn: Sample) -> float:
    """The size of a simple random sample with this variance; Kish's (1965) where none of it could be seen."""
    if drawn.is_census:
        return math.inf
    if spread > 0 and variance > 0:
        return max(1.0, spread / variance)
    weights = drawn.weights
    return max(1.0, min(float(len(drawn)), float(weights.sum() ** 2 / (weights**2).sum())))
