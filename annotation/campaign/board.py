"""The tasks of a campaign that coders and arbiters answer: what was said of each, and with whom it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from annotation.campaign import settling
from annotation.campaign.settling import Rule
from annotation.campaign.team import Team
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Task
from annotation.domain.team import SECOND, SHARED, Assignment
from annotation.ledger.repositories.campaigns import Lead
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.unit_of_work import UnitOfWork


class Seat(settling.Seat, Protocol):
    """What is needed of a task."""

    @property
    def draw_id(self) -> int: ...

    @property
    def seat(self) -> int: ...


@dataclass(frozen=True)
class Board:
    """Tasks in the order of drawing; marks and assignments by task key, in force at ``now``.

    ``leads`` are by text key, and only there where the policy or somebody's skills ask for them. Gold and what teaches
    new coders are no part of it.
    """

    policy: Policy
    rule: Rule
    draw_keys: Mapping[int, str]
    tasks: tuple[Seat, ...]
    leads: Mapping[str, Lead]
    marks: Mapping[str, Sequence[JudgementMark]]
    assignments: Mapping[str, Assignment]
    team: Team
    now: datetime

    @classmethod
    def read(cls, work: UnitOfWork, campaign_key: str, *, now: datetime) -> Board:
        marks: dict[str, list[JudgementMark]] = defaultdict(list)
        for mark in work.judgements.marks(campaign_key):
            marks[mark.task_key].append(mark)
        policy, team = work.policies.current(campaign_key), Team.read(work, campaign_key)
        led = policy.second_below_margin > 0 or any(coder.skills for coder in team.coders.values())
        return cls(
            policy=policy,
            rule=settling.rule_of(work, campaign_key),
            draw_keys={draw.id: draw.key for draw in work.draws.of_campaign(campaign_key)},
            tasks=tuple(seat for seat in work.tasks.seats(campaign_key) if settling.counts(seat)),
            leads=work.tasks.leads(campaign_key) if led else {},
            marks=dict(marks),
            assignments=work.assignments.current(campaign_key),
            team=team,
            now=now,
        )

    def with_tasks(self, added: Sequence[Task]) -> Board:
        tasks = sorted((*self.tasks, *added), key=lambda task: (task.draw_id, task.text_key, task.seat))
        return replace(self, tasks=tuple(tasks)) if added else self

    @cached_property
    def by_text(self) -> Mapping[str, Sequence[Seat]]:
        found: dict[str, list[Seat]] = defaultdict(list)
        for task in self.tasks:
            found[task.text_key].append(task)
        return found

    def of(self, task: Seat) -> Sequence[JudgementMark]:
        return self.marks.get(task.key, ())

    def is_answered(self, task: Seat) -> bool:
        """Whether somebody has said more than *later*."""
        return any(mark.outcome is not Outcome.LATER for mark in self.of(task))

    def is_put_off(self, task: Seat) -> bool:
        return bool(self.of(task)) and not self.is_answered(task)

    def waits(self, task: Seat) -> bool:
        """Whether an answer is still to be hoped for. Not where it was put off, and then for too long, or by somebody
        who has gone: the task stays with them, since it cannot leave the platform, but somebody else is to be asked.
        """
        if self.is_answered(task):
            return False
        if not self.is_put_off(task):
            return True
        held = self.assignments.get(task.key)
        if held is None or held.queue in (SHARED, SECOND):
            return not self.team.enrolled
        return held.queue in self.team.coders and self.runs_until(task, held) > self.now

    def runs_until(self, task: Seat, held: Assignment) -> datetime:
        """When the holder's time is over; putting the task off prolongs it."""
        lease = timedelta(hours=self.policy.lease_hours)
        put_off = [mark.judged_at + lease for mark in self.of(task) if mark.coder == held.queue]
        return max([held.expires_at or self.now + lease, *put_off])

    def spoken(self, tasks: Sequence[Seat]) -> set[str]:
        """The coders who have answered one of the tasks, or passed it on."""
        return {mark.coder for task in tasks for mark in self.of(task) if mark.outcome is not Outcome.LATER}

    @cached_property
    def met(self) -> Mapping[str, set[str]]:
        """By text key, the coders who have said anything of it."""
        return {key: {m.coder for task in tasks for m in self.of(task)} for key, tasks in self.by_text.items()}

    @cached_property
    def last_seen(self) -> Mapping[str, datetime]:
        """When each coder was last at work."""
        seen: dict[str, datetime] = {}
        for marks in self.marks.values():
            for mark in marks:
                seen[mark.coder] = max(seen.get(mark.coder, mark.judged_at), mark.judged_at)
        return seen
