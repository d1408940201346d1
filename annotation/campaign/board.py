"""The tasks of a campaign that coders and arbiters answer: what was said of each, and with whom it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from annotation.campaign import settling
from annotation.campaign.settling import Rule
from annotation.campaign.team import Team
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Task
from annotation.domain.team import SECOND, SHARED, Assignment
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Board:
    """Tasks in the order of drawing; marks and assignments by task key, in force at ``now``.

    Gold and what teaches new coders are no part of it.
    """

    policy: Policy
    rule: Rule
    draw_keys: Mapping[int, str]
    tasks: tuple[Task, ...]
    marks: Mapping[str, Sequence[JudgementMark]]
    assignments: Mapping[str, Assignment]
    team: Team
    now: datetime

    @classmethod
    def read(cls, work: UnitOfWork, campaign_key: str, *, now: datetime) -> Board:
        marks: dict[str, list[JudgementMark]] = defaultdict(list)
        for mark in work.judgements.marks(campaign_key):
            marks[mark.task_key].append(mark)
        return cls(
            policy=work.policies.current(campaign_key),
            rule=settling.rule_of(work, campaign_key),
            draw_keys={draw.id: draw.key for draw in work.draws.of_campaign(campaign_key)},
            tasks=tuple(task for task in work.tasks.of_campaign(campaign_key) if settling.counts(task)),
            marks=dict(marks),
            assignments=work.assignments.current(campaign_key),
            team=Team.read(work, campaign_key),
            now=now,
        )

    def with_tasks(self, added: Sequence[Task]) -> Board:
        tasks = sorted((*self.tasks, *added), key=lambda task: (task.draw_id, task.key))
        return replace(self, tasks=tuple(tasks)) if added else self

    @cached_property
    def by_text(self) -> Mapping[str, Sequence[Task]]:
        found: dict[str, list[Task]] = defaultdict(list)
        for task in self.tasks:
            found[task.text_key].append(task)
        return found

    def of(self, task: Task) -> Sequence[JudgementMark]:
        return self.marks.get(task.key, ())

    def is_answered(self, task: Task) -> bool:
        """Whether somebody has said more than *later*."""
        return any(mark.outcome is not Outcome.LATER for mark in self.of(task))

    def is_put_off(self, task: Task) -> bool:
        return bool(self.of(task)) and not self.is_answered(task)

    def waits(self, task: Task) -> bool:
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

    def runs_until(self, task: Task, held: Assignment) -> datetime:
        """When the holder's time is over; putting the task off prolongs it."""
        lease = timedelta(hours=self.policy.lease_hours)
        put_off = [mark.judged_at + lease for mark in self.of(task) if mark.coder == held.queue]
        return max([held.expires_at or self.now + lease, *put_off])

    def spoken(self, tasks: Sequence[Task]) -> set[str]:
        """The coders who have answered one of the tasks, or passed it on."""
        return {mark.coder for task in tasks for mark in self.of(task) if mark.outcome is not Outcome.LATER}

    def met(self, task: Task) -> set[str]:
        """The coders who have said anything of the task's text."""
        return {mark.coder for one in self.by_text[task.text_key] for mark in self.of(one)}

    @cached_property
    def last_seen(self) -> Mapping[str, datetime]:
        """When each coder was last at work."""
        seen: dict[str, datetime] = {}
        for marks in self.marks.values():
            for mark in marks:
                seen[mark.coder] = max(seen.get(mark.coder, mark.judged_at), mark.judged_at)
        return seen
