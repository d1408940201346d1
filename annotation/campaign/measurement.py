"""How often a model says what the coders say, on the evaluation set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from annotation.campaign import settling
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import accuracy, nonresponse
from annotation.quality.accuracy import Estimate
from annotation.quality.consensus import Settled, Verdict
from annotation.quality.nonresponse import Bounds
from annotation.quality.samples import Floats

LEAST_TEXTS = 10
# The stratum of texts of which the model knows no word.
UNSCORED = "unscored"


class Gap(StrEnum):
    """Why there is no figure."""

    NO_MODEL = "no_model"
    NO_MEMBERS = "no_members"
    NO_CODES = "no_codes"
    NOT_SCORED = "not_scored"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Measurement:
    """``estimate`` or ``gap``, never both. Of ``members`` drawn, ``coded`` carry a coder's code.

    ``bounds`` stand beside the estimate, and say what the members without a code, or without a prediction, leave open.
    """

    model_version: str | None
    members: int
    coded: int
    scored: int
    estimate: Estimate | None
    bounds: Bounds | None
    gap: Gap | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """How some texts came to be observed, in their order; ``population`` is in texts by stratum."""

    probability: Floats
    stratum: npt.NDArray[np.object_]
    population: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The evaluation set, and the codes that coders gave to its texts.

    ``response`` is the share of a stratum's members that carry a code, ``population`` the texts that it stands for.
    """

    members: tuple[EvaluationMember, ...]
    codes: Mapping[str, str]
    response: Mapping[str, float]
    population: Mapping[str, float]

    @property
    def coded(self) -> tuple[EvaluationMember, ...]:
        return tuple(member for member in self.members if member.text_key in self.codes)

    def drawn(self) -> Drawing:
        """Of all members."""
        return Drawing(
            np.array([m.inclusion_probability for m in self.members], dtype=float),
            np.array([member.stratum for member in self.members], dtype=object),
            self.population,
        )

    def drawing(self, members: Sequence[EvaluationMember]) -> Drawing:
        """Of these coded members. Answers that are missing, or say that there is no code, are taken as missing at
        random within their stratum: being drawn and being coded are two phases, whose chances multiply (Särndal et al.
        1992, chapter 15).
        """
        return Drawing(
            np.array([m.inclusion_probability * self.response[m.stratum] for m in members], dtype=float),
            np.array([member.stratum for member in members], dtype=object),
            self.population,
        )


def benchmark(work: UnitOfWork, nomenclature: str) -> Benchmark:
    """A member's code is what all who were asked by its draw came to, by the policy; while they dispute it has none.

    One that was erased counts as not coded: no other model can be asked about it.
    """
    members = work.evaluation.members(nomenclature)
    verdicts = _verdicts(work, members)
    erased = work.retention.erased_texts(verdicts)
    settled = {key: v.code for key, v in verdicts.items() if isinstance(v, Settled) and key not in erased}
    codes = {key: code for key, code in settled.items() if code is not None}
    drawn = Counter(m.stratum for m in members)
    coded = Counter(m.stratum for m in members if m.text_key in codes)
    population: dict[str, float] = {}
    for member in sorted(members, key=lambda m: _least_sure_first(m.stratum)):
        # In a stratum of the audit all texts have one chance: those that the members stand for add up to its size.
        population[member.stratum] = population.get(member.stratum, 0.0) + 1 / member.inclusion_probability
    response = {stratum: coded[stratum] / number for stratum, number in drawn.items()}
    return Benchmark(tuple(members), codes, response, population)


def _verdicts(work: UnitOfWork, members: Sequence[EvaluationMember]) -> dict[str, Verdict]:
    """By text key."""
    seats = work.tasks.seats_of_texts([member.text_key for member in members])
    draw_of = {seat.key: seat.draw_id for seat in seats}
    drawn = {(draw_of[member.task_key], member.text_key) for member in members}
    weighed = settling.by_draw(work, [seat for seat in seats if (seat.draw_id, seat.text_key) in drawn])
    return {text_key: one.verdict for (_, text_key), one in weighed.items()}


def _least_sure_first(stratum: str) -> tuple[int, bool, int, str]:
    """Draw by draw: a stratum without a coded member counts as being like the one that follows it."""
    draw, _, name = stratum.rpartition(": ")
    return int(draw) if draw.isdecimal() else 0, name != UNSCORED, len(name), name


def measure(work: UnitOfWork, benchmark: Benchmark, model_version: str | None) -> Measurement:
    """A text that the model could not code counts as wrong; one that it was never asked about is left out."""
    if model_version is None:
        members, coded = len(benchmark.members), len(benchmark.coded)
        return Measurement(None, members, coded, 0, None, None, Gap.NO_MODEL)
    return measured(benchmark, model_version, right(work, benchmark, model_version))


def right(work: UnitOfWork, benchmark: Benchmark, model_version: str) -> dict[str, float]:
    """1 where the model gave the coders' code and 0 where not, by the keys of the texts that it was asked about."""
    predicted = work.texts.first_codes(model_version, [member.text_key for member in benchmark.coded])
    return {key: float(code == benchmark.codes[key]) for key, code in predicted.items()}


def measured(benchmark: Benchmark, model_version: str, right: Mapping[str, float]) -> Measurement:
    gap = _gap(benchmark, len(right))
    return Measurement(
        model_version,
        len(benchmark.members),
        len(benchmark.coded),
        len(right),
        None if gap else estimate(benchmark, right),
        None if gap else bounds(benchmark, right),
        gap,
    )


def estimate(benchmark: Benchmark, right: Mapping[str, float]) -> Estimate:
    """From 1 and 0 by text key, of coded members; those that are not there count as missing at random, too."""
    seen = [member for member in benchmark.coded if member.text_key in right]
    drawing = benchmark.drawing(seen)
    coded, there = (Counter(member.stratum for member in some) for some in (benchmark.coded, seen))
    share = np.array([there[member.stratum] / coded[member.stratum] for member in seen])
    return accuracy.estimate(
        [right[member.text_key] for member in seen],
        drawing.probability * share,
        population_size=drawing.population,
        stratum=drawing.stratum,
    )


def bounds(benchmark: Benchmark, right: Mapping[str, float]) -> Bounds:
    """The same for all members, those that are not among ``right`` being missing."""
    drawing = benchmark.drawn()
    return nonresponse.bounds(
        [right.get(member.text_key, np.nan) for member in benchmark.members],
        drawing.probability,
        population_size=drawing.population,
        stratum=drawing.stratum,
    )


def _gap(benchmark: Benchmark, scored: int) -> Gap | None:
    if not benchmark.members:
        return Gap.NO_MEMBERS
    if not benchmark.codes:
        return Gap.NO_CODES
    if not scored:
        return Gap.NOT_SCORED
    return Gap.TOO_FEW if scored < LEAST_TEXTS else None
