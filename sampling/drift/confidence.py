"""Whether the model is less sure of the current texts, and how right it is then likely to be, without any label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sampling.drift import repeats
from sampling.drift.categories import Distance
from sampling.drift.flow import Flow
from sampling.drift.repeats import Move, Split

Floats = npt.NDArray[np.float64]

_STEPS = 200


@dataclass(frozen=True, slots=True)
class Confidence:
    """``accuracy`` is expected without labels: the mean chance of being right (Guillory et al. 2021), before and after.

    ``margins`` is the largest difference of the margins' distribution functions (Kolmogorov and Smirnov's).
    ``histogram`` holds the shares of margins by twentieths, before and after, (2, 20).
    """

    margins: Distance
    accuracy: Move
    histogram: Floats


def compare(flow: Flow, *, random: np.random.Generator, replicates: int, together: float) -> Confidence:
    scored = ~np.isnan(flow.known)
    split = flow.split.of(scored)
    margin, sure = flow.margin[scored], flow.confidence[scored]
    return Confidence(
        _kolmogorov(margin, split, random, replicates, together),
        repeats.mean(sure, split, random=random, replicates=replicates, together=together),
        _histogram(margin, split),
    )


def _kolmogorov(
    margin: Floats, split: Split, random: np.random.Generator, replicates: int, together: float
) -> Distance:
    """On steps of equal weight: a difference between them would be seen at the next one."""
    if split.empty:
        return Distance(0.0, 0.0, 1.0)
    steps = np.unique(np.quantile(margin, np.linspace(0, 1, _STEPS)))
    step = np.searchsorted(steps, margin)
    size = len(steps) + 1
    total = np.bincount(step, split.total, size).astype(float)
    dealt = repeats.deal(split, step, size, random=random, replicates=replicates, together=together)
    after: Floats = np.vstack([np.bincount(step, split.after, size), dealt])
    gaps = np.abs(_cumulated(after) - _cumulated(total - after)).max(axis=1)
    return Distance(float(gaps[0]), float(np.quantile(gaps[1:], 0.95)), repeats.tail(float(gaps[0]), gaps[1:]))


def _cumulated(counts: Floats) -> Floats:
    shares: Floats = np.cumsum(counts, axis=1) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _histogram(margin: Floats, split: Split) -> Floats:
    edges = np.linspace(0, 1, 21)
    sides = [np.histogram(margin, edges, weights=counts)[0] for counts in (split.before, split.after)]
    return np.vstack([side / max(1, side.sum()) for side in sides])
