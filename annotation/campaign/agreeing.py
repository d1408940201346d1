"""How far the coders of a campaign agree, and what may be expected of a model at most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from annotation.campaign import anchoring as anchorings
from annotation.campaign.anchoring import Anchoring
from annotation.campaign.measurement import LEAST_TEXTS
from annotation.domain.task import Component
from annotation.ledger.repositories.answers import Answered
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import accuracy, agreement
from annotation.quality.agreement import Agreement, Coefficient

# That a text has no code is an answer like a code, and one that no nomenclature has.
UNCLASSIFIABLE: Final = "@unclassifiable"


@dataclass(frozen=True, slots=True)
class CampaignAgreement:
    """``overall`` leaves gold out, which was not drawn to be typical; its ``levels`` are by level.

    ``blind`` is of the answers given without seeing a prediction: those who see the same prediction agree more than
    they would by themselves. ``periods`` are months (``2026-11``) in which the text got its last answer, ``pairs`` are
    of pseudonyms.
    """

    overall: Agreement
    blind: Agreement
    components: Mapping[Component, Agreement]
    periods: Mapping[str, Agreement]
    pairs: Mapping[tuple[str, str], Agreement]

    @property
    def levels(self) -> Mapping[int, Agreement]:
        return self.overall.levels

    def as_dict(self) -> dict[str, Any]:
        return self.overall.as_dict() | {
            "blind": self.blind.as_dict(),
            "components": {component.value: one.as_dict() for component, one in self.components.items()},
            "periods": {period: one.as_dict() for period, one in self.periods.items()},
            "pairs": [{"pair": list(pair), **one.as_dict()} for pair, one in self.pairs.items()],
        }


def of_campaign(work: UnitOfWork, campaign_key: str) -> CampaignAgreement:
    """Of the coders' own answers on the texts that two and more have answered; each coder's last word on a text counts.

    Arbiters' answers and those in training are no independent ones and are left out.
    """
    nomenclature = work.nomenclatures.get(work.campaigns.get(campaign_key).nomenclature)
    answers = work.answers.shared(campaign_key)
    drawn = [one for one in answers if one.component is not Component.GOLD]
    return CampaignAgreement(
        overall=_measured(drawn, nomenclature),
        blind=_measured([one for one in drawn if one.blind]),
        components=_components(answers),
        periods=_periods(drawn),
        pairs=_pairs(drawn),
    )


def ceiling(work: UnitOfWork, nomenclature_key: str) -> Coefficient | None:
    """How often two coders give one text the same code: a model that agreed with them more often would be a copy of
    one of them, so no accuracy is to be read without it.

    Estimated by design like a model's accuracy, on audited texts where ten were answered twice, else on all; answers
    that a text has no code are left out, as they are there. None with fewer than ten texts.
    """
    answers = [one for one in work.answers.shared_in(nomenclature_key) if one.component is not Component.GOLD]
    agreeing = _agreeing_pairs(answers)
    members = work.evaluation.members(nomenclature_key)
    audited = [member for member in members if member.text_key in agreeing]
    if len(audited) >= LEAST_TEXTS:
        return _of_audit(agreeing, members, audited)
    if len(agreeing) < LEAST_TEXTS:
        return None
    chance = {one.text_key: one.inclusion_probability for one in answers if one.text_key in agreeing}
    found = accuracy.estimate(
        [agreeing[key] for key in chance],
        list(chance.values()),
        population_size=max(len(chance) * 1.0 + 1, sum(1 / p for p in chance.values())),
    )
    return Coefficient(found.value, found.low, found.high, len(chance))


def anchoring(work: UnitOfWork, campaign_key: str) -> Anchoring | None:
    """Whether coders follow what the model proposes; None where no task of the campaign is blind."""
    return anchorings.of_campaign(work, campaign_key)


def _of_audit(
    agreeing: Mapping[str, float], members: Sequence[EvaluationMember], audited: Sequence[EvaluationMember]
) -> Coefficient:
    """Second answers may have been asked more often in one stratum than in another: each stands for its own.

    Draws without any are left out, and the others' strata of one name are taken together, since few texts of a draw
    are answered twice.
    """
    (draws, strata), (_, of_audited) = _places(members), _places(audited)
    here = set(_places(audited)[0])
    population: dict[str, float] = {}
    drawn, seen = Counter[str](), Counter(of_audited)
    for member, draw, stratum in zip(members, draws, strata, strict=True):
        if draw in here:
            population[stratum] = population.get(stratum, 0.0) + 1 / member.inclusion_probability
            drawn[stratum] += 1
    found = accuracy.estimate(
        [agreeing[member.text_key] for member in audited],
        [m.inclusion_probability * seen[s] / drawn[s] for m, s in zip(audited, of_audited, strict=True)],
        population_size=population,
        stratum=of_audited,
    )
    return Coefficient(found.value, found.low, found.high, len(audited))


def _places(members: Sequence[EvaluationMember]) -> tuple[list[str], list[str]]:
    """The draw of each member, and the name of its stratum there."""
    parts = [member.stratum.rpartition(": ") for member in members]
    return [part[0] for part in parts], [part[2] for part in parts]


def _agreeing_pairs(answers: Iterable[Answered]) -> dict[str, float]:
    """The share of agreeing pairs of codes, of each text that two coders have given one."""
    said: dict[str, dict[str, str | None]] = defaultdict(dict)
    for one in answers:
        said[one.text_key][one.coder] = one.code
    codes = {key: [code for code in given.values() if code is not None] for key, given in said.items()}
    return {key: _share(given) for key, given in codes.items() if len(given) > 1}


def _share(codes: Sequence[str]) -> float:
    pairs = list(combinations(codes, 2))
    return sum(one == other for one, other in pairs) / len(pairs)


def _components(answers: Sequence[Answered]) -> dict[Component, Agreement]:
    """By the component that first asked about the text."""
    first: dict[str, Component] = {}
    for one in answers:
        first.setdefault(one.text_key, one.component)
    of = {c: [one for one in answers if first[one.text_key] is c] for c in Component if c in first.values()}
    return {component: _measured(some) for component, some in of.items()}


def _periods(answers: Sequence[Answered]) -> dict[str, Agreement]:
    last: dict[str, str] = {}
    for one in answers:
        last[one.text_key] = max(last.get(one.text_key, ""), f"{one.judged_at:%Y-%m}")
    of: dict[str, list[Answered]] = defaultdict(list)
    for one in answers:
        of[last[one.text_key]].append(one)
    return {period: _measured(of[period]) for period in sorted(of)}


def _pairs(answers: Sequence[Answered]) -> dict[tuple[str, str], Agreement]:
    of_text: dict[str, dict[str, Answered]] = defaultdict(dict)
    for one in answers:
        of_text[one.text_key][one.coder] = one
    shared: dict[tuple[str, str], list[Answered]] = defaultdict(list)
    for said in of_text.values():
        for pair in combinations(sorted(said), 2):
            shared[pair] += [said[pair[0]], said[pair[1]]]
    return {pair: _measured(shared[pair]) for pair in sorted(shared)}


def _measured(answers: Sequence[Answered], nomenclature: Nomenclature | None = None) -> Agreement:
    return agreement.measure(
        [one.text_key for one in answers],
        [one.coder for one in answers],
        [one.code or UNCLASSIFIABLE for one in answers],
        nomenclature=nomenclature,
    )
