"""How many labels an accuracy takes: the width that an audit will have, and the audit that a width needs.

The variance of a stratified sample is the sum over strata of (N_h / N)^2 (1 - n_h / N_h) S_h^2 / n_h, least for n_h in
proportion to N_h S_h (Neyman 1934; Cochran 1977, sections 5.5 and 5.9). The width is that of the interval of
``accuracy.estimate``: binomial with the effective size that the variance implies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.quality import intervals

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int_]

# With fewer labels a stratum tells nothing of its own spread.
_LEAST: Final = 2
_HALVINGS: Final = 60


@dataclass(frozen=True, slots=True)
class Stratum:
    """``texts`` of the population, of which ``labels`` are there already.

    ``spread`` is the standard deviation, from text to text, of what is estimated: see ``foreseen_spread``.
    """

    name: str
    texts: int
    spread: float
    labels: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask for a width: ``labels`` beside those that are there, and how many of them in each stratum.

    ``tasks`` is larger where not every task brings a label. ``half_width`` will be reached, ``now`` is today's.
    """

    labels: int
    tasks: int
    by_stratum: dict[str, int]
    half_width: float
    now: float

    def as_dict(self) -> dict[str, object]:
        return {
            "labels": self.labels,
            "tasks": self.tasks,
            "by_stratum": dict(self.by_stratum),
            "half_width": self.half_width,
            "now": self.now,
        }


def foreseen_spread(confidence: npt.ArrayLike, *, proxy: bool) -> float:
    """The standard deviation of being right among texts of these calibrated confidences (n,), n > 0.

    With ``proxy``, of being right minus the confidence: what the difference estimator is left with.
    """
    sure = np.asarray(confidence, dtype=float)
    share = float(sure.mean())
    return math.sqrt(float((sure * (1 - sure)).mean()) if proxy else share * (1 - share))


def expected_half_width(
    strata: Sequence[Stratum], n: int = 0, *, accuracy: float, confidence: float = 0.95, deff: float = 1.0
) -> float:
    """Half the width of the accuracy's interval that ``n`` further labels will give, allotted by Neyman.

    For an allotment of one's own, count it in ``Stratum.labels`` and leave ``n`` at 0. ``accuracy`` is the one foreseen
    (the mean calibrated confidence will do); ``deff`` multiplies the variance for what the strata do not tell of.
    0.5, the half width of knowing nothing, without any label.
    """
    strata = [one for one in strata if one.texts]
    labels = np.array([one.labels for one in strata]) + allocate(strata, n)
    return _half_width(strata, labels, accuracy=accuracy, confidence=confidence, deff=deff)


def labels_needed(
    half_width: float,
    strata: Sequence[Stratum],
    *,
    accuracy: float,
    confidence: float = 0.95,
    deff: float = 1.0,
    response: float = 1.0,
) -> Plan:
    """The fewest further labels after which the interval reaches no further than ``half_width`` to either side.

    ``response`` is the share of tasks that bring a label. All texts of the population will do in any case.
    """
    strata = [one for one in strata if one.texts]

    def reached(n: int) -> float:
        return expected_half_width(strata, n, accuracy=accuracy, confidence=confidence, deff=deff)

    low, high = -1, sum(max(0, one.texts - one.labels) for one in strata)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) <= half_width else (middle, high)
    allotted = dict(zip([one.name for one in strata], allocate(strata, high).tolist(), strict=True))
    return Plan(high, math.ceil(high / response), allotted, reached(high), reached(0))


def allocate(strata: Sequence[Stratum], n: int) -> Counts:
    """``n`` further labels over the strata (H,), so that with those already there the variance is least.

    Each stratum is brought to two labels first, and none beyond its texts.
    """
    texts = np.array([one.texts for one in strata], dtype=float)
    present = np.array([one.labels for one in strata], dtype=float)
    need = texts * np.array([one.spread for one in strata])
    room = np.maximum(texts - present, 0)
    left = min(float(n), float(room.sum()))
    first = np.minimum(room, np.maximum(_LEAST - present, 0))
    if first.sum() >= left:
        return _rounded(first * left / max(1.0, float(first.sum())), first, left)
    lowest = present + first
    target = present.sum() + left
    if need.sum() == 0:
        need = texts

    def filled(scale: float) -> Floats:
        sizes: Floats = np.clip(scale * need, lowest, np.maximum(texts, lowest))
        return sizes

    low, high = 0.0, float((np.maximum(texts, lowest)[need > 0] / need[need > 0]).max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if filled(middle).sum() < target else (low, middle)
    return _rounded(filled(high) - present, room, left)


def _rounded(wanted: Floats, room: Floats, total: float) -> Counts:
    """Whole numbers near ``wanted``, none above ``room``, that sum to ``total``."""
    whole = np.minimum(np.floor(wanted), room)
    while (left := int(total - whole.sum())) != 0:
        open_to = np.flatnonzero(whole < room) if left > 0 else np.flatnonzero(whole > 0)
        order = open_to[np.argsort((whole - wanted)[open_to] * np.sign(left), kind="stable")]
        whole[order[: abs(left)]] += np.sign(left)
    counts: Counts = whole.astype(int)
    return counts


def _half_width(strata: Sequence[Stratum], labels: Counts, *, accuracy: float, confidence: float, deff: float) -> float:
    if not labels.sum():
        return 0.5
    texts = np.array([one.texts for one in strata], dtype=float)
    spreads = np.array([one.spread for one in strata])
    # What was not looked at is foreseen like a stratum of one label: the estimate cannot leave it out.
    seen = np.maximum(labels, 1)
    parts = deff * (texts / texts.sum()) ** 2 * np.maximum(0.0, 1 - labels / texts) * spreads**2 / seen
    variance = float(parts.sum())
    if variance <= 0:
        n, degrees = (math.inf if np.all(labels >= texts) else float(labels.sum())), float(labels.sum())
    else:
        n = max(1.0, accuracy * (1 - accuracy) / variance)
        degrees = max(1.0, variance**2 / float((parts**2 / np.maximum(1, seen - 1)).sum()))
    # Fewer degrees of freedom widen the interval as fewer texts would.
    lost = intervals.quantile(confidence, math.inf) / intervals.quantile(confidence, degrees)
    low, high = intervals.mid_p(accuracy, n * lost**2, confidence)
    return (high - low) / 2
