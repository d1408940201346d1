"""How often a model says what the coders say, on the evaluation set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import accuracy, consensus
from annotation.quality.accuracy import Estimate
from annotation.quality.consensus import Settled

LEAST_TEXTS = 10


class Gap(StrEnum):
    """Why there is no figure."""

    NO_MODEL = "no_model"
    NO_MEMBERS = "no_members"
    NO_CODES = "no_codes"
    NOT_SCORED = "not_scored"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Measurement:
    """``estimate`` or ``gap``, never both. Of ``members`` drawn, ``coded`` carry a coder's code."""

    model_version: str | None
    members: int
    coded: int
    scored: int
    estimate: Estimate | None
    gap: Gap | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """How some texts came to be observed, in their order; ``population`` is in texts by stratum."""

    probability: npt.NDArray[np.float64]
    stratum: npt.NDArray[np.object_]
    population: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The members of the evaluation set to which a coder gave a code.

    ``response`` is the share of a stratum's members that carry a code, ``population`` the texts that it stands for.
    """

    members: int
    coded: tuple[EvaluationMember, ...]
    codes: Mapping[str, str]
    response: Mapping[str, float]
    population: Mapping[str, float]

    def drawing(self, members: Sequence[EvaluationMember]) -> Drawing:
        """Of these members. Answers that are missing, or say that there is no code, are taken as missing at random
        within their stratum: being drawn and being coded are two phases, whose chances multiply (Särndal et al. 1992,
        chapter 15).
        """
        return Drawing(
            np.array([m.inclusion_probability * self.response[m.stratum] for m in members], dtype=float),
            np.array([member.stratum for member in members], dtype=object),
            self.population,
        )


def benchmark(work: UnitOfWork, nomenclature: str) -> Benchmark:
    """A member's code is the one that the coders of the task that drew it settled on."""
    members = work.evaluation.members(nomenclature)
    marks = work.judgements.marks_of_tasks([member.task_key for member in members])
    verdicts = {m.text_key: consensus.settle(marks.get(m.task_key, ())) for m in members}
    codes = {key: v.code for key, v in verdicts.items() if isinstance(v, Settled) and v.code is not None}
    drawn = Counter(m.stratum for m in members)
    coded = Counter(m.stratum for m in members if m.text_key in codes)
    population: dict[str, float] = {}
    for member in sorted(members, key=lambda m: m.stratum):
        # The audit is a simple random sample in each stratum: the members' shares add up to its size.
        population[member.stratum] = population.get(member.stratum, 0.0) + 1 / member.inclusion_probability
    return Benchmark(
        len(members),
        tuple(m for m in members if m.text_key in codes),
        codes,
        {stratum: coded[stratum] / number for stratum, number in drawn.items()},
        population,
    )


def measure(work: UnitOfWork, benchmark: Benchmark, model_version: str | None) -> Measurement:
    """A text that the model could not code counts as wrong; one that it was never asked about is left out."""
    if model_version is None:
        return Measurement(None, benchmark.members, len(benchmark.coded), 0, None, Gap.NO_MODEL)
    predicted = work.texts.first_codes(model_version, [member.text_key for member in benchmark.coded])
    seen = [member for member in benchmark.coded if member.text_key in predicted]
    gap = _gap(benchmark, len(seen))
    estimate = None
    if gap is None:
        correct = [predicted[m.text_key] == benchmark.codes[m.text_key] for m in seen]
        drawing = benchmark.drawing(seen)
        estimate = accuracy.estimate(
            correct, drawing.probability, population_size=drawing.population, stratum=drawing.stratum
        )
    return Measurement(model_version, benchmark.members, len(benchmark.coded), len(seen), estimate, gap)


def _gap(benchmark: Benchmark, scored: int) -> Gap | None:
    if not benchmark.members:
        return Gap.NO_MEMBERS
    if not benchmark.coded:
        return Gap.NO_CODES
    if not scored:
        return Gap.NOT_SCORED
    return Gap.TOO_FEW if scored < LEAST_TEXTS else None
