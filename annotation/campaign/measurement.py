"""How often a model says what the coders say, on the evaluation set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import accuracy, consensus
from annotation.quality.accuracy import Design, Estimate
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
class Benchmark:
    """The members of the evaluation set to which a coder gave a code."""

    members: int
    coded: tuple[EvaluationMember, ...]
    codes: Mapping[str, str]

    def design(self, members: Sequence[EvaluationMember]) -> Design:
        """How these members were drawn, in their order."""
        return Design(
            np.array([member.inclusion_probability for member in members], dtype=float),
            np.array([member.stratum for member in members], dtype=object),
        )


def benchmark(work: UnitOfWork, nomenclature: str) -> Benchmark:
    """A member's code is the one that the coders of the task that drew it settled on."""
    members = work.evaluation.members(nomenclature)
    marks = work.judgements.marks_of_tasks([member.task_key for member in members])
    codes = {m.text_key: code for m in members if (code := _code(marks.get(m.task_key, ()))) is not None}
    return Benchmark(len(members), tuple(m for m in members if m.text_key in codes), codes)


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
        estimate = accuracy.estimate(np.array(correct, dtype=float), benchmark.design(seen))
    return Measurement(model_version, benchmark.members, len(benchmark.coded), len(seen), estimate, gap)


def _gap(benchmark: Benchmark, scored: int) -> Gap | None:
    if not benchmark.members:
        return Gap.NO_MEMBERS
    if not benchmark.coded:
        return Gap.NO_CODES
    if not scored:
        return Gap.NOT_SCORED
    return Gap.TOO_FEW if scored < LEAST_TEXTS else None


def _code(marks: Sequence[JudgementMark]) -> str | None:
    verdict = consensus.settle(marks)
    return verdict.code if isinstance(verdict, Settled) else None
