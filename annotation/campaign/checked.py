"""Answers whose right code is known: of gold texts, and of texts that an arbiter settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Kind, Task
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Checked:
    """``judgement`` is the row id of the coder's answer, ``against`` that of the arbiter's, None for gold.

    ``code`` and ``right_code`` are None where the coder or the arbiter held that the text has none.
    """

    judgement: int
    task_key: str
    text_key: str
    coder: str
    code: str | None
    right_code: str | None
    judged_at: datetime
    against: int | None = None

    @property
    def right(self) -> bool:
        return self.code == self.right_code


def by_gold(work: UnitOfWork, campaign_key: str, *, kind: Kind = Kind.CODING) -> dict[str, list[Checked]]:
    """Each coder's answers to gold texts in force, in the order in which they were given.

    ``kind`` tells those that nobody could tell from ordinary ones from those of training. A text retired from the gold
    checks nobody any more.
    """
    nomenclature = work.campaigns.get(campaign_key).nomenclature
    settled = work.gold.current(nomenclature)
    asked = [task for task in work.tasks.of_component(campaign_key, Component.GOLD) if task.kind is kind]
    asked = [task for task in asked if task.text_key in settled]
    right = {task.key: settled[task.text_key].code for task in asked}
    found: dict[str, list[Checked]] = defaultdict(list)
    for task, mark in _deciding(work, asked):
        found[mark.coder].append(_checked(task, mark, right[task.key]))
    return _in_order(found)


def by_arbiter(work: UnitOfWork, campaign_key: str) -> dict[str, list[Checked]]:
    """Each coder's answers to texts that an arbiter settled, in the order in which they were given."""
    questions = work.tasks.of_kind(campaign_key, Kind.ARBITRATION)
    decided: dict[str, JudgementMark] = {}
    for question, mark in _deciding(work, questions):
        held = decided.get(question.text_key)
        if held is None or held.judged_at <= mark.judged_at:
            decided[question.text_key] = mark
    asked = work.tasks.of_texts(campaign_key, sorted(decided))
    coded = [
        t for tasks in asked.values() for t in tasks if t.kind is Kind.CODING and t.component is not Component.GOLD
    ]
    found: dict[str, list[Checked]] = defaultdict(list)
    for task, mark in _deciding(work, coded):
        arbiter = decided[task.text_key]
        found[mark.coder].append(_checked(task, mark, arbiter.code, against=arbiter.id))
    return _in_order(found)


def _deciding(work: UnitOfWork, tasks: list[Task]) -> Iterable[tuple[Task, JudgementMark]]:
    """Answers that settle, each coder's latest of a task."""
    marks = work.judgements.marks_of_tasks([task.key for task in tasks])
    for task in tasks:
        latest = {mark.coder: mark for mark in sorted(marks.get(task.key, ()), key=lambda m: (m.judged_at, m.id))}
        yield from ((task, mark) for mark in latest.values() if Outcome(mark.outcome).settles)


def _checked(task: Task, mark: JudgementMark, right_code: str | None, *, against: int | None = None) -> Checked:
    return Checked(mark.id, task.key, task.text_key, mark.coder, mark.code, right_code, mark.judged_at, against)


def _in_order(found: Mapping[str, list[Checked]]) -> dict[str, list[Checked]]:
    return {coder: sorted(found[coder], key=lambda one: (one.judged_at, one.judgement)) for coder in sorted(found)}
