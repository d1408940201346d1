"""Learning curves: what they are, how they are averaged and smoothed, and how many labels reach an accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """``macro_f1`` is the mean over the codes that occur in the evaluation texts."""

    labels: int
    accuracy: float
    macro_f1: float


Curve = tuple[Point, ...]


def mean(curves: Sequence[Curve]) -> Curve:
    """The mean over seeds at each number of labels; the curves have the same numbers."""
    return tuple(
        Point(
            points[0].labels,
            float(np.mean([p.accuracy for p in points])),
            float(np.mean([p.macro_f1 for p in points])),
        )
        for points in zip(*curves, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Rising:
    """A curve made strictly rising: knots of labels and accuracy, straight lines between them."""

    labels: Floats
    accuracy: Floats

    def at(self, labels: float) -> float:
        return float(np.interp(labels, self.labels, self.accuracy))

    def to_reach(self, accuracy: float) -> float | None:
        """Labels until the accuracy is reached; None where the curve ends below it."""
        if accuracy > self.accuracy[-1]:
            return None
        return float(np.interp(accuracy, self.accuracy, self.labels))


def rising(curve: Curve) -> Rising:
    """Centred isotonic regression (Oron and Flournoy 2017): where the curve sinks, its points become one knot.

    Unlike plain isotonic regression it leaves no flat stretches, at whose left end an accuracy would seem to be reached
    too early.
    """
    from sklearn.isotonic import IsotonicRegression

    labels = np.array([point.labels for point in curve], dtype=np.float64)
    accuracy = np.array([point.accuracy for point in curve], dtype=np.float64)
    fitted = IsotonicRegression().fit_transform(labels, accuracy)
    levels, block = np.unique(fitted, return_inverse=True)
    centres = np.bincount(block, weights=labels) / np.bincount(block)
    return Rising(centres, levels)
