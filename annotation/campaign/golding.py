"""Gold among the tasks of coders, and for those who learn.

What holds here: a queue never gets the same gold text twice, nor one that its coder may have met otherwise, and nothing
that leaves for the platform tells a gold task from an ordinary one. Gold tasks never change hands.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from annotation.campaign import lookalikes
from annotation.campaign.lookalikes import Lookalikes
from annotation.domain.campaign import Campaign, Draw
from annotation.domain.chance import chance
from annotation.domain.policy import Policy
from annotation.domain.task import Component, Kind, Task, task_key
from annotation.domain.team import ARBITRATION, SECOND, SHARED, WAITING, Assignment, Enrolment, GoldText, Standing
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature

# Whoever takes part may meet what lies there.
_OPEN = (SHARED, SECOND)


def plan(work: UnitOfWork, campaign_key: str, *, fresh: Mapping[str, int], now: datetime) -> list[Assignment]:
    """Store gold tasks for queues that just got so many ``fresh`` tasks, and training tasks for coders who learn.

    Of what a queue gets, the policy's share is gold on average; which texts, and when, is drawn by the queue's name and
    what it holds, so that the same ledger gives the same plan. Where gold runs out there is less of it.
    """
    campaign, policy = work.campaigns.get(campaign_key), work.policies.current(campaign_key)
    gold = work.gold.current(campaign.nomenclature)
    team = work.enrolments.current(campaign_key)
    if not gold or (policy.gold_share == 0 and policy.training_tasks == 0):
        return []
    stock = _Stock.read(work, campaign, gold, team)
    wanted = stock.wanted(fresh, policy)
    found = lookalikes.read(work, campaign, sorted(gold))
    planned: list[Assignment] = []
    for queue, (number, kind) in sorted(wanted.items()):
        texts = stock.choose(queue, number)
        if not texts:
            continue
        draw = _draw(work, campaign, queue, now)
        tasks = [_task(draw, text, kind, policy, found) for text in texts]
        work.tasks.add(tasks)
        planned += [Assignment(task.key, queue, now) for task in tasks]
    work.assignments.add(planned)
    return planned


@dataclass(frozen=True, slots=True)
class _Stock:
    """``met`` are the keys of gold texts by queue, ``trained`` how many training tasks a queue has, ``held`` how many
    tasks of any sort."""

    campaign: Campaign
    nomenclature: Nomenclature
    gold: Mapping[str, GoldText]
    team: Mapping[str, Enrolment]
    met: Mapping[str, set[str]]
    trained: Mapping[str, int]
    held: Mapping[str, int]

    @classmethod
    def read(
        cls, work: UnitOfWork, campaign: Campaign, gold: Mapping[str, GoldText], team: Mapping[str, Enrolment]
    ) -> _Stock:
        queues = work.assignments.queues(campaign.key)
        held: dict[str, int] = defaultdict(int)
        for queue in queues.values():
            held[queue] += 1
        seats = [seat for seat in work.tasks.seats_of_texts(sorted(gold)) if seat.campaign == campaign.key]
        marks = work.judgements.marks_of_tasks([seat.key for seat in seats])
        met: dict[str, set[str]] = defaultdict(set)
        trained: dict[str, int] = defaultdict(int)
        for seat in seats:
            queue = queues.get(seat.key, SHARED)
            met[queue].add(seat.text_key)
            trained[queue] += seat.kind is Kind.TRAINING
            for mark in marks.get(seat.key, ()):
                met[mark.coder].add(seat.text_key)
        return cls(campaign, work.nomenclatures.get(campaign.nomenclature), gold, team, met, trained, held)

    def wanted(self, fresh: Mapping[str, int], policy: Policy) -> dict[str, tuple[int, Kind]]:
        """How many gold tasks of which kind each queue is to get."""
        learning = {coder for coder, one in self.team.items() if one.state is Standing.TRAINING}
        found = {
            coder: (max(0, policy.training_tasks - self.trained.get(coder, 0)), Kind.TRAINING) for coder in learning
        }
        for queue, number in fresh.items():
            if queue not in (ARBITRATION, WAITING, *learning):
                lot = chance(self.campaign.key, queue, str(self.held.get(queue, 0)), "gold")
                found[queue] = (_number(number, policy.gold_share, lot), Kind.CODING)
        return found

    def choose(self, queue: str, number: int) -> list[GoldText]:
        """Gold that the queue has not met, of the coder's own field first, else in an order drawn for the queue."""
        foreign = self._met(queue)
        unmet = [text for key, text in self.gold.items() if key not in foreign]
        skills = self.team[queue].skills if queue in self.team else ()
        ranked = sorted(
            unmet,
            key=lambda text: (not self._at_home(text.code, skills), chance(self.campaign.key, queue, text.text_key)),
        )
        return ranked[:number]

    def _met(self, queue: str) -> set[str]:
        if queue in _OPEN:
            return set().union(*self.met.values())
        return set().union(*(self.met.get(one, set()) for one in (queue, *_OPEN)))

    def _at_home(self, code: str, skills: Iterable[str]) -> bool:
        wanted = set(skills)
        above = {code, *(one.code for one in self.nomenclature.ancestors(code))}
        return not wanted or bool(wanted & above)


def _number(fresh: int, share: float, lot: float) -> int:
    """So many that ``share`` of all is gold: the whole part of what is due, and by lot one for the rest of it."""
    return math.floor(fresh * share / (1 - share) + lot) if 0 < share < 1 else 0


def _draw(work: UnitOfWork, campaign: Campaign, queue: str, now: datetime) -> Draw:
    """All gold of a queue is of one draw, in which a text can stand once only."""
    digest = hashlib.sha256(f"{campaign.key}\x1f{queue}".encode()).hexdigest()[:12]
    key = f"{campaign.key[:40]}/gold-{digest}"
    return work.draws.find(key) or work.draws.add(Draw(key, campaign.key, 0, None, "", "", {"queue": queue}, now))


def _task(draw: Draw, text: GoldText, kind: Kind, policy: Policy, found: Lookalikes) -> Task:
    key = task_key(draw.key, text.text_key)
    shown = found.of(text)
    return Task(
        key=key,
        draw_id=draw.id,
        text_key=text.text_key,
        component=Component.GOLD,
        stratum="",
        inclusion_probability=1.0,
        seat=1,
        reason=shown.reason,
        candidates=shown.candidates,
        probabilities=shown.probabilities,
        model_version=shown.model_version,
        kind=kind,
        blind=kind is Kind.CODING and chance(key, "blind") < policy.blind_share,
    )
