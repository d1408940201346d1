"""From what each kind of drift says to one decision: is there an alarm, and of which kinds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from annotation.campaign import measurement
from annotation.ledger.unit_of_work import Ledger
from sampling.calibration import Calibration
from sampling.drift import concept, detectors
from sampling.drift.auxiliary import Variable
from sampling.drift.categories import Categories, Level
from sampling.drift.concept import Alarm, Judged, Swap
from sampling.drift.confidence import Confidence
from sampling.drift.repeats import Move
from sampling.drift.text import Texts

Floats = npt.NDArray[np.float64]

KINDS: Final = ("text", "codes", "variables", "confidence", "concept")
_MOST_SWAPS: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """``p_value`` is adjusted for the number of kinds (Holm 1979)."""

    kind: str
    p_value: float
    alarm: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """If nothing drifts, any alarm at all has a chance of at most ``level``."""

    level: float
    findings: tuple[Finding, ...]

    @property
    def alarm(self) -> bool:
        return any(one.alarm for one in self.findings)

    def of(self, kind: str) -> Finding:
        return next(one for one in self.findings if one.kind == kind)

    def as_dict(self) -> dict[str, Any]:
        kinds = {one.kind: {"alarm": one.alarm, "p_value": one.p_value} for one in self.findings}
        return {"alarm": self.alarm, "alarm_level": self.level, "kinds": kinds}


@dataclass(frozen=True, slots=True)
class Concept:
    """``labels`` of coders were compared; ``swaps`` are pairs of codes that seem to have exchanged their meaning."""

    labels: int
    alarm: Alarm
    swaps: tuple[Swap, ...]

    def as_dict(self) -> dict[str, Any]:
        alarm = self.alarm
        return {
            "labels": self.labels,
            "mean_residual": {"value": alarm.mean, "low": alarm.low, "high": alarm.high},
            "p_value": alarm.p_value,
            "rang_at": alarm.rang_at,
            "swaps": [asdict(one) for one in self.swaps],
        }


def decide(
    texts: Texts,
    codes: Categories,
    variables: Sequence[Variable],
    sure: Confidence,
    said: Concept | None,
    *,
    level: float,
) -> Verdict:
    """Each kind takes its tests together (Bonferroni), then the kinds are taken together (Holm).

    A kind on which there is nothing to test costs the others nothing.
    """
    p_values = {
        "text": detectors.either(
            texts.unknown.p_value, texts.length.p_value, texts.told.p_value, detectors.smallest(texts.words)
        ),
        "codes": detectors.either(codes.p_value, detectors.smallest(codes.shifts)),
        "confidence": detectors.either(sure.margins.p_value, sure.accuracy.p_value),
    }
    if variables:
        p_values["variables"] = min(one.p_value for one in variables)
    if said is not None and said.labels:
        p_values["concept"] = said.alarm.p_value
    adjusted = dict(zip(p_values, detectors.holm(list(p_values.values())), strict=True))
    return Verdict(
        level, tuple(Finding(kind, adjusted.get(kind, 1.0), adjusted.get(kind, 1.0) <= level) for kind in KINDS)
    )


def concept_of(judged: Judged, *, alpha: float, tolerance: float) -> Concept:
    """Half of the wealth bets that the model is less right than it says, half that two codes are swapped."""
    alarm = concept.alarm(judged.residuals, judged.weights, alpha=alpha, tolerance=tolerance)
    swaps = concept.swaps(judged)
    evidence = (alarm.evidence + swaps.evidence) / 2
    rang_at, p_value = concept.verdict(evidence, alpha)
    told = tuple(one for one in swaps.pairs if one.evidence >= 1 / alpha)[:_MOST_SWAPS]
    return Concept(len(judged.labels), Alarm(evidence, rang_at, p_value, alarm.mean, alarm.low, alarm.high), told)


def judged(*, ledger: Ledger, nomenclature: str, model_version: str, calibration: Calibration) -> Judged:
    """The coders' codes for the texts of the audits, draw by draw, and what the model says of them."""
    with ledger.read() as work:
        known = measurement.benchmark(work, nomenclature)
        tasks = work.tasks.get([member.task_key for member in known.coded])
        predictions = work.texts.predictions(model_version, [member.text_key for member in known.coded])
    members = sorted(
        (member for member in known.coded if member.text_key in predictions),
        # Within a draw at random, in an order that has nothing to do with the answers: strata would come one by one.
        key=lambda one: (tasks[one.task_key].draw_id, hashlib.sha256(one.text_key.encode()).digest()),
    )
    said = [predictions[member.text_key] for member in members]
    first = np.array([one.probabilities[0] if one.probabilities else 0.0 for one in said])
    margin = np.array([one.margin for one in said])
    return Judged(
        predicted=[one.code or "" for one in said],
        labels=[known.codes[member.text_key] for member in members],
        confidence=calibration.confidence(first, margin, [one.code for one in said]),
        rivals=[_rivals(one.codes, one.probabilities) for one in said],
        weights=np.array([1 / member.inclusion_probability for member in members]),
        draws=[tasks[member.task_key].draw_id for member in members],
    )


def _rivals(codes: Sequence[str], probabilities: Sequence[float]) -> dict[str, float]:
    left = max(1e-6, 1 - probabilities[0]) if probabilities else 1.0
    return {code: min(1.0, p / left) for code, p in zip(codes[1:], probabilities[1:], strict=True)}


def text_as_dict(texts: Texts) -> dict[str, Any]:
    return {
        "unknown_share": _move(texts.unknown),
        "length": _move(texts.length) | {"effect": texts.length_effect},
        "classifier": {"area": texts.told.area, "p_value": texts.told.p_value},
        "terms": [asdict(one) for one in texts.terms],
    }


def level_as_dict(level: Level) -> dict[str, Any]:
    return {
        "level": level.level,
        "codes": level.categories,
        "divergence_bits": level.divergence.as_dict(),
        "stability_index": level.stability.as_dict(),
    }


def variable_as_dict(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "divergence_bits": variable.divergence.as_dict(),
        "p_value": variable.p_value,
        "values": [asdict(shift) for shift in variable.shifts],
    }


def confidence_as_dict(sure: Confidence) -> dict[str, Any]:
    return {"margins": sure.margins.as_dict(), "expected_accuracy": _move(sure.accuracy)}


def _move(move: Move) -> dict[str, float]:
    return {
        "before": move.before,
        "after": move.after,
        "low": move.low,
        "high": move.high,
        "p_value": move.p_value,
    }
