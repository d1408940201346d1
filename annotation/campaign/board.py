"""The tasks of a campaign that coders and arbiters answer, with what was said of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from annotation.campaign import settling
from annotation.campaign.settling import Rule
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Task
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Board:
    """Tasks in the order of drawing, marks by task key. Gold and what teaches new coders are no part of it."""

    policy: Policy
    rule: Rule
    draw_keys: Mapping[int, str]
    tasks: tuple[Task, ...]
    marks: Mapping[str, Sequence[JudgementMark]]

    @classmethod
    def read(cls, work: UnitOfWork, campaign_key: str) -> Board:
        marks: dict[str, list[JudgementMark]] = defaultdict(list)
        for mark in work.judgements.marks(campaign_key):
            marks[mark.task_key].append(mark)
        return cls(
            policy=work.policies.current(campaign_key),
            rule=settling.rule_of(work, campaign_key),
            draw_keys={draw.id: draw.key for draw in work.draws.of_campaign(campaign_key)},
            tasks=tuple(task for task in work.tasks.of_campaign(campaign_key) if settling.counts(task)),
            marks=dict(marks),
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

    def is_open(self, task: Task) -> bool:
        """Whether nobody has said anything but *later*."""
        return all(mark.outcome is Outcome.LATER for mark in self.of(task))

    def spoken(self, tasks: Sequence[Task]) -> set[str]:
        """The coders who have answered one of the tasks, or passed it on."""
        return {mark.coder for task in tasks for mark in self.of(task) if mark.outcome is not Outcome.LATER}

    @cached_property
    def last_seen(self) -> Mapping[str, datetime]:
        """When each coder was last at work."""
        seen: dict[str, datetime] = {}
        for marks in self.marks.values():
            for mark in marks:
                seen[mark.coder] = max(seen.get(mark.coder, mark.judged_at), mark.judged_at)
        return seen
