"""Calibrations from labels that carry design weights, and what they are worth on labels that they have not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from sampling import calibration
from sampling.calibration import NONE, Calibration, DivisionOffset, Floats

# Labels after which the isotonic curve counts for one half: on banking77 and on the UK SIC index, error was least near
# 600 at 150, 300 and 1,000 labels alike.
_HALFWAY: Final = 600
# How firmly slope and intercept are held near 1 and 0: as if half a squared unit cost as much as one label.
_HOLD: Final = 0.5
_OWN: Final = np.array([1.0, 0.0, 0.0])
_FLATTEST: Final = 0.01
_DIGITS: Final = 6
_LEAST_PER_KIND: Final = 5
# With fewer, how far divisions differ cannot be told.
_LEAST_DIVISIONS: Final = 5


@dataclass(frozen=True, slots=True)
class Labels:
    """Predictions whose truth is known; arrays (n,) run in parallel.

    ``correct`` is 1 where the first code is right, else 0. ``weight`` is the number of texts that one stands for, 1 /
    its inclusion probability. ``group`` is the same for wordings that are near copies, ``division`` for first codes
    that fall into one.
    """

    probability: Floats
    margin: Floats
    correct: Floats
    weight: Floats
    group: npt.NDArray[np.object_]
    code: npt.NDArray[np.object_]
    division: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.correct)

    def __getitem__(self, rows: npt.NDArray[np.int_]) -> Labels:
        return Labels(
            self.probability[rows],
            self.margin[rows],
            self.correct[rows],
            self.weight[rows],
            self.group[rows],
            self.code[rows],
            self.division[rows],
        )

    def confidence(self, by: Calibration) -> Floats:
        return by.confidence(self.probability, self.margin, self.code.tolist())

    @property
    def effective(self) -> float:
        """The number of equally weighted labels that would tell as much (Kish 1965)."""
        return float(self.weight.sum() ** 2 / (self.weight**2).sum())


@dataclass(frozen=True, slots=True)
class CrossFit:
    """``confidence`` (n,) of each label by the calibration that was fitted without its ``fold`` (n,).

    Errors of calibration are to be taken fold by fold: over all folds at once, the share right that one fold lacks is
    the share that the others have too much of, and the error looks like that of the labels fitted on.
    """

    confidence: Floats
    fold: npt.NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Needs:
    """Labels wanted for each step; below ``temperature`` the model's own probability stays."""

    temperature: int
    isotonic: int
    divisions: int


def fit(labels: Labels, *, needs: Needs, members: Mapping[str, Sequence[str]] | None = None) -> Calibration:
    """The calibration with as many steps as the labels carry.

    Each kind, right and wrong, must be there five times, else nothing is fitted. ``members`` are the codes of each
    division, for those that met no label.
    """
    right = int(labels.correct.sum())
    if len(labels) < needs.temperature or min(right, len(labels) - right) < _LEAST_PER_KIND:
        return NONE
    fitted = _temperature(labels)
    if len(labels) >= needs.isotonic:
        fitted = _isotonic(labels, fitted)
    if len(labels) >= needs.divisions:
        fitted = _divisions(labels, fitted, members or {})
    return fitted


def cross_fit(
    labels: Labels,
    *,
    needs: Needs,
    folds: int,
    random: np.random.Generator,
    members: Mapping[str, Sequence[str]] | None = None,
) -> CrossFit:
    """What calibrations say of labels whose group they have not seen."""
    groups, place = np.unique(labels.group.astype(str), return_inverse=True)
    fold = random.permutation(len(groups))[place] % folds
    confidence = np.empty(len(labels))
    for number in range(folds):
        out = np.flatnonzero(fold == number)
        fitted = fit(labels[np.flatnonzero(fold != number)], needs=needs, members=members)
        confidence[out] = labels[out].confidence(fitted)
    return CrossFit(confidence, fold)


def loss(labels: Labels, confidence: Floats) -> float:
    """The weighted mean log loss of confidences (n,), which none but the true chances make least (Good 1952)."""
    odds = calibration.log_odds(confidence)
    costs = np.logaddexp(0.0, odds) - labels.correct * odds
    return float(labels.weight @ costs / labels.weight.sum())


def _temperature(labels: Labels) -> Calibration:
    """Weighted likelihood of both slopes and of the intercept, held near the model's own by a small penalty.

    Slopes below 0 would hold the model's certainty against it: that is chance, or a broken model.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    odds = calibration.log_odds(labels.probability)
    rival = calibration.rival_odds(labels.probability, labels.margin)
    terms = np.vstack([odds, rival, np.ones(len(labels))])
    weight = labels.weight / labels.weight.sum() * labels.effective

    def loss(at: Floats) -> tuple[float, Floats]:
        # Without BLAS, whose threads would wait for one another longer than such small sums take.
        score, pull = np.einsum("t,tn->n", at, terms), at - _OWN
        value = (weight * (np.logaddexp(0.0, score) - labels.correct * score)).sum() + _HOLD * (pull**2).sum()
        return float(value), (terms * weight * (expit(score) - labels.correct)).sum(axis=1) + 2 * _HOLD * pull

    bounds = [(_FLATTEST, None), (0.0, None), (None, None)]
    found = minimize(loss, _OWN, jac=True, method="SLSQP", bounds=bounds, options={"ftol": 1e-10})
    first, second, intercept = found.x
    slope = first + second
    return Calibration(
        temperature=round(float(1 / slope), _DIGITS),
        rival=round(float(second / slope), _DIGITS),
        offset=round(float(intercept), _DIGITS),
    )


def _isotonic(labels: Labels, first: Calibration) -> Calibration:
    """Isotonic regression on the margin, drawn through the middles of its steps (Oron and Flournoy 2017), and shrunken.

    Pooled steps of few labels are coarse: the curve shares with the first step, n / (n + 600) at n labels.
    """
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression(y_min=0.0, y_max=1.0).fit_transform(
        labels.margin, labels.correct, sample_weight=labels.weight
    )
    levels, place = np.unique(steps, return_inverse=True)
    weight = np.bincount(place, labels.weight)
    middles = np.bincount(place, labels.weight * labels.margin) / weight
    knots = [(round(float(x), _DIGITS), round(float(y), _DIGITS)) for x, y in zip(middles, levels, strict=True)]
    distinct = [knots[0], *(after for before, after in pairwise(knots) if after[0] > before[0])]
    return replace(
        first,
        isotonic_share=round(labels.effective / (labels.effective + _HALFWAY), _DIGITS),
        margins=tuple(x for x, _ in distinct),
        levels=tuple(y for _, y in distinct),
    )


def _divisions(labels: Labels, first: Calibration, members: Mapping[str, Sequence[str]]) -> Calibration:
    """Offsets of the log-odds by division, shrunken towards 0 by empirical Bayes.

    One Newton step from 0 gives each division's offset and variance; their spread beyond chance is that of DerSimonian
    and Laird (1986) around 0; no spread, no offsets.
    """
    confidence = np.clip(labels.confidence(first), 1e-3, 1 - 1e-3)
    names, place = np.unique(labels.division.astype(str), return_inverse=True)
    if len(names) < _LEAST_DIVISIONS:
        return first
    spread = confidence * (1 - confidence)
    information = np.bincount(place, labels.weight * spread)
    offsets = np.bincount(place, labels.weight * (labels.correct - confidence)) / information
    variances = np.bincount(place, labels.weight**2 * spread) / information**2
    beyond = float(((offsets**2 / variances).sum() - len(names)) / (1 / variances).sum())
    if beyond <= 0:
        return first
    shrunken = offsets * beyond / (beyond + variances)
    counts = np.bincount(place)
    return replace(
        first,
        divisions=tuple(
            DivisionOffset(
                name,
                round(float(shrunken[number]), _DIGITS),
                int(counts[number]),
                tuple(sorted({*members.get(name, ()), *labels.code[place == number].tolist()})),
            )
            for number, name in enumerate(names.tolist())
        ),
    )
