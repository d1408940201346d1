"""How good a model is, on the evaluation set and by its design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotation.campaign import measurement
from annotation.campaign.measurement import Benchmark
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import accuracy
from annotation.quality.accuracy import Estimate
from annotation.quality.nonresponse import Bounds
from annotation.quality.samples import Floats


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Accuracy of a model by level, ``levels[-1]`` being the whole code; None while no text is judged.

    ``bounds`` are those of the whole code: what the members without a code leave open.
    """

    model_version: str
    levels: tuple[Estimate | None, ...]
    members: int
    judged: int
    bounds: Bounds | None = None

    @property
    def accuracy(self) -> Estimate | None:
        return self.levels[-1] if self.levels else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version,
            "evaluation_set": self.members,
            "judged": self.judged,
            "accuracy": self.accuracy.as_dict() if self.accuracy else None,
            "bounds": self.bounds.as_dict() if self.bounds else None,
            "levels": {str(n): e.as_dict() if e else None for n, e in enumerate(self.levels, start=1)},
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """``difference`` is challenger minus champion on the same texts."""

    challenger: Evaluation
    champion: Evaluation
    difference: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "challenger": self.challenger.as_dict(),
            "champion": self.champion.as_dict(),
            "difference": self.difference.as_dict() if self.difference else None,
        }


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model said of the coded members of the evaluation set, by text key; ``right`` (levels, texts) is 1 where
    it is right at the level."""

    benchmark: Benchmark
    right: Floats

    def by_key(self, level: int = 0) -> Mapping[str, float]:
        """1 and 0 at the level, the last one for 0."""
        return dict(zip((m.text_key for m in self.benchmark.coded), self.right[level - 1].tolist(), strict=True))


def evaluate(*, ledger: Ledger, nomenclature: Nomenclature, model_version: str) -> Evaluation:
    """Accuracy with its 95 % interval at each level. The members must have been scored by the model."""
    return measured(answers(ledger, nomenclature, model_version), model_version)


def compare(
    *, ledger: Ledger, nomenclature: Nomenclature, challenger: str, champion: str, confidence: float
) -> Comparison:
    """Both models on the same texts, and their paired difference for the whole code, at its own ``confidence``."""
    known = _benchmark(ledger, nomenclature)
    new, old = (_answers(ledger, nomenclature, known, version) for version in (challenger, champion))
    return Comparison(
        measured(new, challenger),
        measured(old, champion),
        _difference(known, new.right[-1], old.right[-1], confidence),
    )


def answers(ledger: Ledger, nomenclature: Nomenclature, model_version: str) -> Answers:
    """Errors: InvalidInputError where a coded member was not scored by the model."""
    return _answers(ledger, nomenclature, _benchmark(ledger, nomenclature), model_version)


def measured(said: Answers, model_version: str) -> Evaluation:
    """The figures from what the model said."""
    known, levels = said.benchmark, range(1, len(said.right) + 1)
    members, judged = len(known.members), len(known.codes)
    if not judged:
        return Evaluation(model_version, tuple(None for _ in levels), members, judged)
    return Evaluation(
        model_version,
        tuple(measurement.estimate(known, said.by_key(level)) for level in levels),
        members,
        judged,
        measurement.bounds(known, said.by_key()),
    )


def _benchmark(ledger: Ledger, nomenclature: Nomenclature) -> Benchmark:
    with ledger.read() as work:
        return measurement.benchmark(work, nomenclature.key)


def _difference(known: Benchmark, new: Floats, old: Floats, confidence: float) -> Estimate | None:
    if not known.codes:
        return None
    drawing = known.drawing(known.coded)
    return accuracy.difference(
        new,
        old,
        drawing.probability,
        population_size=drawing.population,
        stratum=drawing.stratum,
        confidence=confidence,
    )


def _answers(ledger: Ledger, nomenclature: Nomenclature, known: Benchmark, model_version: str) -> Answers:
    coded = known.coded
    with ledger.read() as work:
        predicted = work.texts.first_codes(model_version, [member.text_key for member in coded])
    if unscored := len(coded) - len(predicted):
        raise InvalidInputError(
            f"{unscored} texts of the evaluation set were not scored by {model_version}.", cure="Run: awb score"
        )
    right = np.zeros((nomenclature.levels, len(coded)))
    for column, member in enumerate(coded):
        code, said = known.codes[member.text_key], predicted[member.text_key]
        for level in range(1, nomenclature.levels + 1):
            right[level - 1, column] = said is not None and nomenclature.same_at(code, said, level)
    return Answers(known, right)
