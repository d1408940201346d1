"""Another judgement where it is worth more than a new text.

What holds here: further judgements are of a draw of their own, made by score and not by chance, so that no estimate
rests on them; texts of the evaluation set are left alone, since looking again where the model differs would make the
model look right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from annotation.campaign import settling
from annotation.campaign.settling import Weighed
from annotation.domain.campaign import Campaign, Draw
from annotation.domain.chance import chance
from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Kind, Task, task_key
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.quality import active_label, consensus
from annotation.quality.active_label import Scores
from annotation.quality.consensus import Settled


@dataclass(frozen=True, slots=True)
class RelookResult:
    """Of ``settled`` texts that may be asked again, ``planned`` are; ``new`` is how much of the budget is worth more
    on texts that wait for their first answer. ``mean_sureness`` is that of the settled texts."""

    draw: str | None
    settled: int
    planned: int
    new: int
    mean_sureness: float | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "draw": self.draw,
            "settled": self.settled,
            "planned": self.planned,
            "new": self.new,
            "mean_sureness": self.mean_sureness,
        }


def relook(*, ledger: Ledger, campaign_key: str, budget: int, whole: bool = False, now: datetime) -> RelookResult:
    """Plan one more seat for each of the settled texts of which one may be least sure, at most ``budget`` of them.

    Texts that wait for their first answer compete with them by the same score, unless the ``whole`` budget is meant for
    settled ones. Only texts that a model was asked about before they were coded have a score. Errors: NotFoundError,
    InvalidInputError (closed campaign).
    """
    with ledger.begin() as work:
        work.leases.serialise(f"route:{campaign_key}")
        campaign = work.campaigns.get(campaign_key)
        if campaign.closed_at is not None:
            raise InvalidInputError(f"The campaign {campaign_key} is closed.", cure="Create another one.")
        desk = _Desk.read(work, campaign)
        scores = desk.scores(len(work.nomenclatures.get(campaign.nomenclature).leaves))
        sure = {text: one.score for text, one in scores.labelled.items()}
        pool = sure if whole else sure | dict(scores.new)
        first = sorted(pool, key=lambda text: (pool[text], text))[:budget]
        chosen = [text for text in first if text in sure]
        mean = sum(sure.values()) / len(sure) if sure else None
        if not chosen:
            return RelookResult(None, len(sure), 0, len(first), mean)
        draw = _draw(
            work, campaign, {"budget": budget, "whole": whole, "settled": len(sure), "new": len(scores.new)}, now
        )
        blind_share = work.policies.current(campaign_key).blind_share
        work.tasks.add([desk.seat(draw, text, blind_share) for text in chosen])
        work.events.add("relook", campaign_key, now=now, payload={"tasks": len(chosen)})
    return RelookResult(draw.key, len(sure), len(chosen), len(first) - len(chosen), mean)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Tasks and verdicts by text; ``apart`` are texts that are not asked again."""

    tasks: Mapping[str, Sequence[Task]]
    weighed: Mapping[str, Weighed]
    apart: frozenset[str]

    @classmethod
    def read(cls, work: UnitOfWork, campaign: Campaign) -> _Desk:
        tasks: dict[str, list[Task]] = defaultdict(list)
        for task in work.tasks.of_campaign(campaign.key):
            if settling.counts(task):
                tasks[task.text_key].append(task)
        members = {member.text_key for member in work.evaluation.members(campaign.nomenclature)}
        gold = work.gold.current(campaign.nomenclature, retired=True)
        weighed = settling.weighed(work, campaign.key)
        answered = {mark.task_key for one in weighed.values() for mark in one.judgements}
        waiting = {
            text for text, asked in tasks.items() if text in weighed and any(task.key not in answered for task in asked)
        }
        return cls(tasks, weighed, frozenset({*members, *gold, *waiting}))

    def scores(self, codes: int) -> Scores:
        judgements = {text: self._votes(text, one) for text, one in self.weighed.items()}
        asked = {text: _chances(found) for text, found in self.tasks.items() if text not in self.apart}
        known = {text: votes for text, votes in judgements.items() if votes}
        disputed = {text for text in self.weighed if text not in known}
        chances = {text: named for text, named in asked.items() if named and text not in disputed}
        return active_label.scores(known, chances, codes=codes)

    def _votes(self, text: str, one: Weighed) -> dict[str, str]:
        """The codes of a text that coders settled, by coder."""
        if not isinstance(one.verdict, Settled) or one.verdict.code is None or one.verdict.arbitrated:
            return {}
        coding = {task.key for task in self.tasks[text] if task.kind is Kind.CODING}
        said = [mark for mark in one.judgements if mark.task_key in coding]
        last = [said[place] for place in consensus.latest(said)]
        return {mark.coder: mark.code for mark in last if mark.outcome is Outcome.CODED and mark.code is not None}

    def seat(self, draw: Draw, text: str, blind_share: float) -> Task:
        like = next(task for task in self.tasks[text] if task.probabilities)
        seat = max(task.seat for task in self.tasks[text]) + 1
        key = task_key(draw.key, text, seat)
        return replace(
            like,
            key=key,
            draw_id=draw.id,
            component=Component.SUSPECTED,
            stratum="",
            inclusion_probability=1.0,
            seat=seat,
            kind=Kind.CODING,
            blind=chance(key, "blind") < blind_share,
        )


def _chances(tasks: Sequence[Task]) -> dict[str, float]:
    """What the model said when the text was drawn: it had not learnt from it then."""
    for task in tasks:
        if task.probabilities:
            return dict(zip(task.candidates, task.probabilities, strict=False))
    return {}


def _draw(work: UnitOfWork, campaign: Campaign, recipe: dict[str, Any], now: datetime) -> Draw:
    number = len(work.draws.of_campaign(campaign.key)) + 1
    return work.draws.add(Draw(f"{campaign.key[:40]}/relook-{number}", campaign.key, 0, None, "", "", recipe, now))
