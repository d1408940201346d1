"""The tasks of a draw as people look through them: filtered and page by page."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Kind
from annotation.ledger.tables import JudgementRow, TaskRow, TextRow

_SETTLING = [outcome.value for outcome in Outcome if outcome.settles]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks of a draw; what is None or empty does not restrict. ``state`` as ``campaign.progress.State``."""

    component: Component | None = None
    state: str | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A task with its text."""

    key: str
    text_key: str
    text: str
    component: Component
    kind: Kind
    seat: int
    stratum: str
    inclusion_probability: float
    reason: str
    candidates: tuple[str, ...]
    probabilities: tuple[float, ...]
    confidence: float | None
    blind: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A judgement in force, without the person behind it."""

    outcome: Outcome
    code: str | None
    difficulty: int | None
    comment: str
    detail: str


class Questions:
    def __init__(self, session: Session) -> None:
        self._session = session

    def of_draw(self, draw_id: int, wanted: Wanted, *, limit: int, offset: int) -> list[Asked]:
        """In order of their key."""
        columns = [getattr(TextRow if one.name == "text" else TaskRow, one.name) for one in fields(Asked)]
        statement = select(*columns).join(TextRow, TextRow.key == TaskRow.text_key)
        statement = statement.where(TaskRow.draw_id == draw_id, *_conditions(wanted)).order_by(TaskRow.key)
        return [_asked(row) for row in self._session.execute(statement.limit(limit).offset(offset))]

    def number(self, draw_id: int, wanted: Wanted) -> int:
        statement = select(func.count()).select_from(TaskRow).where(TaskRow.draw_id == draw_id, *_conditions(wanted))
        if wanted.search:
            statement = statement.join(TextRow, TextRow.key == TaskRow.text_key)
        return self._session.scalar(statement) or 0

    def example_reasons(self, draw_id: int) -> dict[Component, str]:
        """One sentence of each component, always the same one."""
        # The least key is told by an index alone; the least sentence would be sought in every row.
        first = select(func.min(TaskRow.key)).where(TaskRow.draw_id == draw_id).group_by(TaskRow.component)
        rows = self._session.execute(select(TaskRow.component, TaskRow.reason).where(TaskRow.key.in_(first)))
        return {Component(component): reason for component, reason in rows}

    def said_of(self, task_keys: list[str]) -> dict[str, list[Said]]:
        """What was said of these tasks and is in force, in order of id."""
        later = aliased(JudgementRow)
        columns = [getattr(JudgementRow, one.name) for one in fields(Said)]
        statement = select(JudgementRow.task_key, *columns).where(
            JudgementRow.task_key.in_(task_keys), JudgementRow.deleted.is_(False), ~_superseded(JudgementRow, later)
        )
        found: dict[str, list[Said]] = {}
        for key, outcome, *rest in self._session.execute(statement.order_by(JudgementRow.id)):
            found.setdefault(key, []).append(Said(Outcome(outcome), *rest))
        return found


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.component is not None:
        found.append(TaskRow.component == wanted.component.value)
    if wanted.search:
        found.append(TextRow.text.icontains(wanted.search, autoescape=True))
    if wanted.state is not None:
        settled, answered = _answered(settling=True), _answered(settling=False)
        states = {"done": settled, "waiting": and_(answered, ~settled), "outstanding": ~answered}
        found.append(states[wanted.state])
    return found


def _answered(*, settling: bool) -> ColumnElement[bool]:
    """Whether a judgement is in force on the task; ``settling``: one after which nothing remains to be said."""
    said, later = aliased(JudgementRow), aliased(JudgementRow)
    conditions = [said.task_key == TaskRow.key, said.deleted.is_(False), ~_superseded(said, later)]
    if settling:
        conditions.append(said.outcome.in_(_SETTLING))
    return exists().where(*conditions)


def _superseded(said: Any, later: Any) -> ColumnElement[bool]:
    return exists().where(later.platform == said.platform, later.external_id == said.external_id, later.id > said.id)


def _asked(row: Any) -> Asked:
    values = row._asdict()
    return Asked(
        **values
        | {
            "component": Component(values["component"]),
            "kind": Kind(values["kind"]),
            "candidates": tuple(values["candidates"]),
            "probabilities": tuple(values["probabilities"]),
        }
    )
