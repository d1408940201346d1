"""How good a model is, on the evaluation set and by its design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from annotation.campaign import measurement
from annotation.campaign.measurement import Benchmark
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import accuracy
from annotation.quality.accuracy import Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Accuracy of a model by level, ``levels[-1]`` being the whole code; None while no text is judged."""

    model_version: str
    levels: tuple[Estimate | None, ...]
    members: int
    judged: int

    @property
    def accuracy(self) -> Estimate | None:
        return self.levels[-1] if self.levels else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version,
            "evaluation_set": self.members,
            "judged": self.judged,
            "accuracy": self.accuracy.as_dict() if self.accuracy else None,
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


def evaluate(*, ledger: Ledger, nomenclature: Nomenclature, model_version: str) -> Evaluation:
    """Accuracy with its 95 % interval at each level. The members must have been scored by the model."""
    known = _benchmark(ledger, nomenclature)
    return _measured(known, _right(ledger, nomenclature, known, model_version), model_version)


def compare(
    *, ledger: Ledger, nomenclature: Nomenclature, challenger: str, champion: str, confidence: float
) -> Comparison:
    """Both models on the same texts, and their paired difference for the whole code, at its own ``confidence``."""
    known = _benchmark(ledger, nomenclature)
    new, old = (_right(ledger, nomenclature, known, version) for version in (challenger, champion))
    return Comparison(
        _measured(known, new, challenger),
        _measured(known, old, champion),
        _difference(known, new[-1], old[-1], confidence),
    )


def _benchmark(ledger: Ledger, nomenclature: Nomenclature) -> Benchmark:
    with ledger.read() as work:
        return measurement.benchmark(work, nomenclature.key)


def _measured(known: Benchmark, right: npt.NDArray[np.float64], model_version: str) -> Evaluation:
    drawing = known.drawing(known.coded)
    levels = tuple(
        accuracy.estimate(row, drawing.probability, population_size=drawing.population, stratum=drawing.stratum)
        if known.coded
        else None
        for row in right
    )
    return Evaluation(model_version, levels, known.members, len(known.coded))


def _difference(
    known: Benchmark, new: npt.NDArray[np.float64], old: npt.NDArray[np.float64], confidence: float
) -> Estimate | None:
    if not known.coded:
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


def _right(ledger: Ledger, nomenclature: Nomenclature, known: Benchmark, model_version: str) -> npt.NDArray[np.float64]:
    """1 where the model's code is right at the level, (levels, texts)."""
    with ledger.read() as work:
        predicted = work.texts.first_codes(model_version, [member.text_key for member in known.coded])
    unscored = len(known.coded) - len(predicted)
    if unscored:
        raise InvalidInputError(
            f"{unscored} texts of the evaluation set were not scored by {model_version}.", cure="Run: awb score"
        )
    right = np.zeros((nomenclature.levels, len(known.coded)))
    for column, member in enumerate(known.coded):
        code, said = known.codes[member.text_key], predicted[member.text_key]
        for level in range(1, nomenclature.levels + 1):
            right[level - 1, column] = said is not None and nomenclature.same_at(code, said, level)
    return right
