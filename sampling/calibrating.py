"""Calibration of a model version on the audit's labels, stored for whoever wants to know how sure it may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import numpy as np

from annotation.campaign import measurement
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import calibration_error, selective
from annotation.quality.calibration_error import CalibrationError, Reliability
from annotation.quality.selective import RiskCoverage, Threshold
from sampling import calibration_fit
from sampling.calibration import NONE, Calibration, Floats
from sampling.calibration_fit import CrossFit, Labels, Needs
from sampling.settings import CalibrationSettings

DIVISION: Final = 2


class Gap(StrEnum):
    """Why the model's own probability stays."""

    TOO_FEW = "too few"
    ONE_SIDED = "one-sided"
    NO_BETTER = "no better"


@dataclass(frozen=True, slots=True)
class Brought:
    """Errors ``before``, by the model's own probability, and ``after``, by calibrations that have not seen the label.

    ``own`` and ``calibrated`` are the same in bins, for a diagram.
    """

    before: CalibrationError
    after: CalibrationError
    own: Reliability
    calibrated: Reliability


@dataclass(frozen=True, slots=True)
class Unseen:
    """What may go without a coder, by the margin: the calibrated confidence was fitted on the same labels, and a
    guarantee on it would not hold. ``threshold`` is None where none can be shown to reach the ``target``.
    """

    target: float
    threshold: Threshold | None
    curve: RiskCoverage


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """``labels`` are those of texts that the model could code; ``uncoded`` texts have confidence 0 in any case.

    Where nothing is applied, ``gap`` says why. ``new`` tells whether the ledger got a calibration that it had
    not; ``brought`` is None where nothing was tried, ``unseen`` where nobody has judged.
    """

    model_version: str
    labels: int
    uncoded: int
    calibration: Calibration
    brought: Brought | None = None
    gap: Gap | None = None
    unseen: Unseen | None = None
    new: bool = False

    @property
    def reason(self) -> str:
        """In words; empty where something is applied."""
        match self.gap:
            case Gap.TOO_FEW:
                return f"{self.labels} labels of the audit are there, too few to calibrate on."
            case Gap.ONE_SIDED:
                return "The model is right, or wrong, about nearly all labels: there is nothing to learn from."
            case Gap.NO_BETTER:
                return "The model's own probability foresees labels that it has not seen at least as well."
        return ""

    def as_dict(self) -> dict[str, Any]:
        fitted = self.calibration
        return {
            "model_version": self.model_version,
            "labels": self.labels,
            "uncoded": self.uncoded,
            "applied": list(fitted.applied),
            "temperature": fitted.temperature,
            "rival": fitted.rival,
            "offset": fitted.offset,
            "isotonic_share": fitted.isotonic_share,
            "divisions": {one.division: one.offset for one in fitted.divisions},
            "before": self.brought.before.as_dict() if self.brought else None,
            "after": self.brought.after.as_dict() if self.brought else None,
            "reason": self.reason,
            "target": self.unseen.target if self.unseen else None,
            "threshold": self.unseen.threshold.as_dict() if self.unseen and self.unseen.threshold else None,
            "new": self.new,
        }


def calibrate(
    *, ledger: Ledger, nomenclature: Nomenclature, model_version: str, settings: CalibrationSettings, now: datetime
) -> CalibrationResult:
    """Fit, measure by cross-fitting, and store what helps; the same labels give the same calibration, stored once.

    The members of the evaluation set must have been scored by the model. Errors: InvalidInputError.
    """
    audit = _audit(ledger, nomenclature, model_version)
    result = replace(_fitted(audit, nomenclature, model_version, settings), unseen=_unseen(audit, settings.target))
    return _stored(ledger, result, now)


def _fitted(
    audit: _Audit, nomenclature: Nomenclature, model_version: str, settings: CalibrationSettings
) -> CalibrationResult:
    labels = audit.labels
    kept = CalibrationResult(model_version, len(labels), len(audit.uncoded), NONE)
    needs = Needs(settings.least_labels, settings.isotonic_from, settings.divisions_from)
    if len(labels) < needs.temperature:
        return replace(kept, gap=Gap.TOO_FEW)
    members = _members(nomenclature)
    fitted = calibration_fit.fit(labels, needs=needs, members=members)
    if not fitted.applied:
        return replace(kept, gap=Gap.ONE_SIDED)
    random = np.random.default_rng(settings.seed)
    honest = calibration_fit.cross_fit(labels, needs=needs, folds=settings.folds, random=random, members=members)
    own = labels.confidence(NONE)
    helps = calibration_fit.loss(labels, honest.confidence) < calibration_fit.loss(labels, own)
    brought = _brought(labels, own, honest, random)
    return (
        replace(kept, brought=brought, calibration=fitted)
        if helps
        else replace(kept, brought=brought, gap=Gap.NO_BETTER)
    )


def _brought(labels: Labels, own: Floats, honest: CrossFit, random: np.random.Generator) -> Brought:
    right, weight = labels.correct, labels.weight
    return Brought(
        before=calibration_error.expected(right, own, weight, random=random),
        after=calibration_error.expected(right, honest.confidence, weight, random=random, fold=honest.fold),
        own=calibration_error.reliability(right, own, weight),
        calibrated=calibration_error.reliability(right, honest.confidence, weight),
    )


def _unseen(audit: _Audit, target: float) -> Unseen | None:
    uncoded = len(audit.uncoded)
    if not uncoded + len(audit.labels):
        return None
    right = np.append(audit.labels.correct, np.zeros(uncoded))
    # Below every threshold: what the model cannot code goes to a coder.
    margin = np.append(audit.labels.margin, np.full(uncoded, -1.0))
    chance = np.append(1 / audit.labels.weight, audit.uncoded)
    return Unseen(
        target,
        selective.threshold(right, margin, chance, target=target),
        selective.risk_coverage(right, margin, chance),
    )


def _stored(ledger: Ledger, result: CalibrationResult, now: datetime) -> CalibrationResult:
    figures = {name: value for name, value in result.as_dict().items() if name not in ("model_version", "new")}
    with ledger.begin() as work:
        if not result.calibration.applied and work.calibrations.current(result.model_version) is None:
            return result
        new = work.calibrations.add(result.model_version, result.calibration.to_document(), figures, now=now)
    return replace(result, new=new)


@dataclass(frozen=True, slots=True)
class _Audit:
    """``uncoded`` are the inclusion probabilities of judged texts that the model could not code."""

    labels: Labels
    uncoded: Floats


def _audit(ledger: Ledger, nomenclature: Nomenclature, model_version: str) -> _Audit:
    with ledger.read() as work:
        known = measurement.benchmark(work, nomenclature.key)
        predicted = work.texts.predictions(model_version, [member.text_key for member in known.coded])
    unscored = len(known.coded) - len(predicted)
    if unscored:
        raise InvalidInputError(
            f"{unscored} texts of the evaluation set were not scored by {model_version}.", cure="Run: awb score"
        )
    told = [(member, predicted[member.text_key]) for member in known.coded if predicted[member.text_key].codes]
    members, predictions = [member for member, _ in told], [prediction for _, prediction in told]
    codes = [prediction.codes[0] for prediction in predictions]
    labels = Labels(
        probability=np.array([p.probabilities[0] for p in predictions], dtype=float),
        margin=np.array([p.margin for p in predictions], dtype=float),
        correct=np.array([known.codes[m.text_key] == code for m, code in zip(members, codes, strict=True)], float),
        weight=1 / known.drawing(members).probability,
        group=np.array([m.group_key for m in members], dtype=object),
        code=np.array(codes, dtype=object),
        division=np.array([_division(nomenclature, code) for code in codes], dtype=object),
    )
    uncoded = [member for member in known.coded if not predicted[member.text_key].codes]
    return _Audit(labels, known.drawing(uncoded).probability)


def _division(nomenclature: Nomenclature, code: str) -> str:
    """'' where there is no level between the divisions and the codes, or the code is not of this nomenclature."""
    if nomenclature.levels <= DIVISION or code not in nomenclature:
        return ""
    return nomenclature.at_level(code, DIVISION)


def _members(nomenclature: Nomenclature) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for leaf in nomenclature.leaves:
        members.setdefault(_division(nomenclature, leaf.code), []).append(leaf.code)
    return members
