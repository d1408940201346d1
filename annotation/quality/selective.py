"""Coding by the machine where it is sure: what is left to people, and from which confidence on it may be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Candidates are fixed beforehand: taken from the sample's own confidences they would follow its chances.
THRESHOLDS: Final = (*(round(0.01 * step, 2) for step in range(99)), 0.985, 0.99, 0.995, 0.999)


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Arrays (m,) in order of falling ``threshold``: the ``coverage`` is the share of texts at or above it, the
    ``risk`` the share of wrong codes among them (Geifman and El-Yaniv 2017).
    """

    threshold: Floats
    coverage: Floats
    risk: Floats

    @property
    def area(self) -> float:
        """The mean risk over all coverages, from 0 to 1; less is better."""
        return float(np.diff(self.coverage, prepend=0.0) @ self.risk)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Codes at or above ``value`` are right in ``target`` of the cases or more, but for 1 - ``confidence`` of all
    samples.

    ``coverage`` is the estimated share of texts there and ``accuracy`` that of right codes among them; ``labels`` are
    those behind it.
    """

    value: float
    target: float
    confidence: float
    coverage: float
    accuracy: float
    labels: int

    def as_dict(self) -> dict[str, float | int]:
        return {
            "threshold": self.value,
            "target": self.target,
            "confidence": self.confidence,
            "coverage": self.coverage,
            "accuracy": self.accuracy,
            "labels": self.labels,
        }


def risk_coverage(correct: npt.ArrayLike, score: npt.ArrayLike, inclusion_probability: npt.ArrayLike) -> RiskCoverage:
    """The curve over all scores (n,) that occur, of texts drawn with these probabilities (n,)."""
    right, sure, weight = _arrays(correct, score, inclusion_probability)
    levels, place = np.unique(-sure, return_inverse=True)
    accepted = np.cumsum(np.bincount(place, weight))
    wrong = np.cumsum(np.bincount(place, weight * (1 - right)))
    return RiskCoverage(-levels, accepted / accepted[-1], wrong / accepted)


def threshold(
    correct: npt.ArrayLike,
    score: npt.ArrayLike,
    inclusion_probability: npt.ArrayLike,
    *,
    target: float,
    confidence: float = 0.95,
    random: np.random.Generator | None = None,
    candidates: tuple[float, ...] = THRESHOLDS,
) -> Threshold | None:
    """The least score (a calibrated confidence, or a margin) from which on the accuracy is at least ``target``.

    Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei 2021) by fixed-sequence testing: candidates are tried
    from the strictest down, and the first that cannot be shown to reach the target ends it. The first tried is the
    strictest whose labels would show it with half the errors that it allows. None where no candidate can be shown.

    The guarantee holds at any number of labels: labels are thinned to equal chances, each kept with its weight's share
    of the largest weight among the accepted, so that the binomial tail is exact (Clopper and Pearson 1934). Bounds that
    keep all labels (betting on them by weight) showed less in trials. ``random`` thins; by default always alike.
    """
    right, sure, weight = _arrays(correct, score, inclusion_probability)
    chance = (random or np.random.default_rng(0)).random(len(right))
    alpha, found = 1 - confidence, None
    for candidate in sorted(candidates, reverse=True):
        accepted = sure >= candidate
        if not accepted.any():
            continue
        kept = right[accepted][chance[accepted] * weight[accepted].max() < weight[accepted]]
        if found is None and _tail(len(kept), len(kept) * (1 - target) / 2, target) > alpha:
            continue
        if _tail(len(kept), len(kept) - kept.sum(), target) > alpha:
            break
        found = Threshold(
            value=candidate,
            target=target,
            confidence=confidence,
            coverage=float(weight[accepted].sum() / weight.sum()),
            accuracy=float(weight[accepted] @ right[accepted] / weight[accepted].sum()),
            labels=int(accepted.sum()),
        )
    return found


def _tail(labels: int, wrong: float, target: float) -> float:
    """The chance of so few wrong ones at an accuracy of ``target``."""
    from scipy import special

    return float(special.bdtr(np.floor(wrong), labels, 1 - target))


def _arrays(
    correct: npt.ArrayLike, score: npt.ArrayLike, inclusion_probability: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    probability = np.asarray(inclusion_probability, dtype=float)
    return np.asarray(correct, dtype=float), np.asarray(score, dtype=float), 1 / probability
