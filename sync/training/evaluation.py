"""How good a model is, on the evaluation set and by its design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import accuracy
from annotation.quality.accuracy import Design, Estimate
from sync.training import run


@dataclass(frozen=True, slots=True)
class Truth:
    """Human codes of the evaluation set, and how their texts were drawn; all run in parallel.

    ``members`` counts the whole evaluation set, also the texts without a human code.
    """

    text_keys: tuple[str, ...]
    codes: tuple[str, ...]
    design: Design
    members: int


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


def truth(*, ledger: Ledger, nomenclature: Nomenclature) -> Truth:
    """Members of the evaluation set that carry a human code; those found unclassifiable have none to be right about."""
    with ledger.read() as work:
        members = work.evaluation.members(nomenclature.key)
        labels = {r.label.text_key: r.label for r in work.labels.current(nomenclature.key)}
    judged = [
        (member, label.code)
        for member in members
        if (label := labels.get(member.text_key)) is not None and label.code is not None and label.source.is_human
    ]
    design = Design(
        np.array([m.inclusion_probability for m, _ in judged], dtype=float),
        np.array([m.stratum for m, _ in judged], dtype=object),
    )
    return Truth(tuple(m.text_key for m, _ in judged), tuple(code for _, code in judged), design, len(members))


def evaluate(*, ledger: Ledger, nomenclature: Nomenclature, model_version: str, confidence: float = 0.95) -> Evaluation:
    """Accuracy with interval at each level. The members must have been scored by the model."""
    known = truth(ledger=ledger, nomenclature=nomenclature)
    return _measured(known, _right(ledger, nomenclature, known, model_version), model_version, confidence)


def compare(
    *, ledger: Ledger, nomenclature: Nomenclature, challenger: str, champion: str, confidence: float = 0.95
) -> Comparison:
    """Both models on the same texts, and their paired difference for the whole code."""
    known = truth(ledger=ledger, nomenclature=nomenclature)
    new, old = (_right(ledger, nomenclature, known, version) for version in (challenger, champion))
    return Comparison(
        _measured(known, new, challenger, confidence),
        _measured(known, old, champion, confidence),
        accuracy.difference(new[-1], old[-1], known.design, confidence=confidence),
    )


def _measured(known: Truth, right: npt.NDArray[np.float64], model_version: str, confidence: float) -> Evaluation:
    levels = tuple(accuracy.estimate(row, known.design, confidence=confidence) for row in right)
    return Evaluation(model_version, levels, known.members, len(known.codes))


def _right(ledger: Ledger, nomenclature: Nomenclature, known: Truth, model_version: str) -> npt.NDArray[np.float64]:
    """1 where the model's code is right at the level, (levels, texts)."""
    with ledger.read() as work:
        predictions = work.texts.predictions(model_version, known.text_keys)
    unscored = [key for key in known.text_keys if key not in predictions]
    if unscored:
        raise InvalidInputError(
            f"{len(unscored)} texts of the evaluation set were not scored by {model_version}.", cure="Run: awb score"
        )
    right = np.zeros((nomenclature.levels, len(known.codes)))
    for column, (key, code) in enumerate(zip(known.text_keys, known.codes, strict=True)):
        predicted = predictions[key].code
        for level in range(1, nomenclature.levels + 1):
            right[level - 1, column] = predicted is not None and run.same_at(nomenclature, code, predicted, level)
    return right
