"""How far confidences are from the shares that turn out right, measured on labels drawn with known probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DRAWS: Final = 1000
_STEPS: Final = 120


@dataclass(frozen=True, slots=True)
class Reliability:
    """Labels in bins of rising confidence; arrays (bins,) run in parallel.

    ``share`` of the population, mean ``confidence`` and share ``correct`` in the bin by weight, with the standard error
    of the latter; ``labels`` are counted.
    """

    share: Floats
    confidence: Floats
    correct: Floats
    standard_error: Floats
    labels: npt.NDArray[np.int_]

    @property
    def gap(self) -> Floats:
        return self.correct - self.confidence

    @property
    def error(self) -> float:
        """The plain binned error, which flatters nobody: chance alone makes it large where labels are few."""
        return float(self.share @ np.abs(self.gap))


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The expected distance between confidence and share right, freed of what chance adds, with its interval."""

    value: float
    low: float
    high: float
    labels: int
    bins: int

    def as_dict(self) -> dict[str, float | int]:
        return {"value": self.value, "low": self.low, "high": self.high, "labels": self.labels, "bins": self.bins}


def reliability(
    correct: npt.ArrayLike,
    confidence: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    fold: npt.ArrayLike | None = None,
    bins: int | None = None,
) -> Reliability:
    """Bins of equally many labels, those of the same confidence kept together; all inputs are (n,), n > 0.

    By default n^(2/5) bins of an effective n (Lee, Huang, Hassani and Dobriban 2023, the rate at which a smooth
    miscalibration is seen soonest), two at least. With ``fold`` (n,) each fold has bins of its own.
    """
    y, sure, w = (np.asarray(values, dtype=float) for values in (correct, confidence, weight))
    place = np.zeros(len(y), dtype=int)
    for rows in _folds(fold, len(y)):
        wanted = bins or max(2, int((w[rows].sum() ** 2 / (w[rows] ** 2).sum()) ** 0.4))
        before = np.searchsorted(np.sort(sure[rows]), sure[rows], side="left")
        place[rows] = place.max() + 1 + before * wanted // len(rows)
    place = np.unique(place, return_inverse=True)[1]
    total = np.bincount(place, w)
    right, foreseen = np.bincount(place, w * y) / total, np.bincount(place, w * sure) / total
    # One label's worth of what is foreseen, so that a bin where all are right is not without doubt.
    once = np.bincount(place, w**2) / total**2
    middle = (right + once * foreseen) / (1 + once)
    spread = np.sqrt(np.maximum(middle * (1 - middle), 1e-6) * once)
    return Reliability(total / total.sum(), foreseen, right, spread, np.bincount(place))


def expected(
    correct: npt.ArrayLike,
    confidence: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    random: np.random.Generator,
    fold: npt.ArrayLike | None = None,
    level: float = 0.95,
    bins: int | None = None,
) -> CalibrationError:
    """The expected calibration error of confidences (n,) with design weights (n,).

    The plain binned error of a perfect model is 5 points at 300 labels, and its bootstrap never covers 0. So it is
    compared with what errors of any size would show, by a parametric bootstrap of the bins with their weighted standard
    errors: the value is the size whose mean is what was seen, the interval holds the sizes that it does not refute
    (test inversion, Carpenter 1999). How an error is spread over the bins matters and is not known: the value takes it
    to be spread as seen, the interval allows for the same error in all bins, and for one only where more is seen than
    chance does.
    """
    seen = reliability(correct, confidence, weight, fold=fold, bins=bins)
    number = len(seen.share)
    noise = seen.standard_error * random.standard_normal((_DRAWS, number))
    beyond = np.sqrt(np.maximum(0.0, seen.gap**2 - 2 * seen.standard_error**2))
    sizes = [(size, float(seen.share @ np.abs(size))) for size in (seen.gap, np.ones(number), beyond)]
    shapes = [size / mean if mean > 0 else np.ones(number) for size, mean in sizes]
    found = np.array([_inverted(seen, shape, noise, level) for shape in shapes])
    return CalibrationError(
        value=float(found[0, 0]),
        low=float(found[:, 1].min()),
        high=min(1.0, float(found[:, 2].max())),
        labels=int(seen.labels.sum()),
        bins=number,
    )


def _folds(fold: npt.ArrayLike | None, n: int) -> list[npt.NDArray[np.intp]]:
    if fold is None:
        return [np.arange(n)]
    numbers = np.asarray(fold)
    return [np.flatnonzero(numbers == number) for number in np.unique(numbers)]


def _inverted(seen: Reliability, shape: Floats, noise: Floats, level: float) -> tuple[float, float, float]:
    """Value and ends: sizes of an error of that shape (bins,) whose mean absolute value is 1."""
    largest = 3 * seen.error + 4 * float(seen.share @ seen.standard_error)
    sizes = np.linspace(0.0, largest, _STEPS + 1)
    # Without BLAS, whose threads would wait for one another longer than such small sums take.
    shown = np.array([np.einsum("db,b->d", np.abs(size * shape + noise), seen.share) for size in sizes])
    tail = (1 - level) / 2
    below, above = np.quantile(shown, [tail, 1 - tail], axis=1)
    means = np.maximum.accumulate(shown.mean(axis=1))
    value = float(np.interp(seen.error, means, sizes)) if seen.error > means[0] else 0.0
    possible = sizes[(below <= seen.error) & (seen.error <= above)]
    if not len(possible):
        return value, value, value
    return value, min(value, float(possible[0])), max(value, float(possible[-1]))
