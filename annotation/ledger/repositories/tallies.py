"""Counts of a campaign, made by the database: it has tens of thousands of tasks, and a page shows some dozens of sums.

What an annotation's state in force is, is told by the same rule as in ``Judgements``: the highest id of its platform's
number, tombstones counting as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, cast, exists, func, select
from sqlalchemy.orm import Session, aliased

from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Kind
from annotation.ledger.tables import (
    Base,
    CalibrationRow,
    DecisionRow,
    DeclarationRow,
    DrawRow,
    EnrolmentRow,
    EvaluationMemberRow,
    GoldRow,
    JudgementRow,
    LabelRow,
    ModelVersionRow,
    PolicyRow,
    PredictionRow,
    QuarantineRow,
    TaskRow,
    TrainingSetVersionRow,
)

_SETTLING = tuple(outcome.value for outcome in Outcome if outcome.settles)
# Tables of which rows are never changed: the highest id tells whether there is something new.
_APPENDED = (
    JudgementRow,
    DrawRow,
    DeclarationRow,
    PredictionRow,
    EvaluationMemberRow,
    LabelRow,
    GoldRow,
    PolicyRow,
    EnrolmentRow,
    CalibrationRow,
    DecisionRow,
    QuarantineRow,
)
_COUNTED: tuple[type[Base], ...] = (TaskRow, ModelVersionRow, TrainingSetVersionRow)

Watermark = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AskedTally:
    draw_id: int
    component: Component
    kind: Kind
    tasks: int


@dataclass(frozen=True, slots=True)
class AnsweredTally:
    """Tasks with an answer in force: ``settled`` ones on the ``day`` (UTC) of the first answer that settled them.

    ``seconds`` were spent on them, pauses counting as said.
    """

    draw_id: int
    component: Component
    kind: Kind
    settled: bool
    day: date
    tasks: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EffortTally:
    """Answers in force of one coder that took so many whole ``seconds``; None: not timed."""

    coder: str
    outcome: Outcome
    seconds: int | None
    answers: int
    last_judged_at: datetime


class Tallies:
    def __init__(self, session: Session) -> None:
        self._session = session

    def asked(self, campaign: str) -> list[AskedTally]:
        keys = (TaskRow.draw_id, TaskRow.component, TaskRow.kind)
        statement = _of_campaign(select(*keys, func.count()), campaign).group_by(*keys).order_by(*keys)
        rows = self._session.execute(statement)
        return [AskedTally(draw, Component(component), Kind(kind), n) for draw, component, kind, n in rows]

    def answered(self, campaign: str, *, limit: float, instead: float) -> list[AnsweredTally]:
        """Times above ``limit`` count as ``instead``; both in seconds."""
        judged_at, settles = JudgementRow.judged_at, JudgementRow.outcome.in_(_SETTLING)
        first = func.coalesce(func.min(case((settles, judged_at))), func.min(judged_at))
        time = func.coalesce(JudgementRow.lead_time, 0.0)
        tasks = (
            select(
                JudgementRow.task_key.label("key"),
                func.max(case((settles, 1), else_=0)).label("settled"),
                self._day(first).label("day"),
                func.sum(case((time > limit, instead), else_=time)).label("seconds"),
            )
            .where(_in_force())
            .group_by(JudgementRow.task_key)
            .subquery()
        )
        keys = (TaskRow.draw_id, TaskRow.component, TaskRow.kind, tasks.c.settled, tasks.c.day)
        statement = select(*keys, func.count(), func.sum(tasks.c.seconds)).join(tasks, tasks.c.key == TaskRow.key)
        rows = self._session.execute(_of_campaign(statement, campaign).group_by(*keys))
        return [
            AnsweredTally(draw, Component(component), Kind(kind), bool(settled), _date(day), n, float(seconds))
            for draw, component, kind, settled, day, n, seconds in rows
        ]

    def effort(self, campaign: str, *, coder: str | None = None) -> list[EffortTally]:
        """By coder, outcome and time; of one coder where named."""
        seconds = cast(func.round(JudgementRow.lead_time), Integer)
        keys = (JudgementRow.coder, JudgementRow.outcome, seconds)
        statement = select(*keys, func.count(), func.max(JudgementRow.judged_at))
        statement = statement.join(TaskRow, TaskRow.key == JudgementRow.task_key).where(_in_force())
        if coder is not None:
            statement = statement.where(JudgementRow.coder == coder)
        rows = self._session.execute(_of_campaign(statement, campaign).group_by(*keys).order_by(JudgementRow.coder))
        return [EffortTally(name, Outcome(outcome), time, n, last) for name, outcome, time, n, last in rows]

    def contested(self, campaign: str) -> list[str]:
        """Text keys about which answers in force differ; whether they are a dispute is for the policy to say."""
        said = func.coalesce(JudgementRow.code, JudgementRow.outcome)
        statement = (
            select(TaskRow.text_key)
            .join(JudgementRow, JudgementRow.task_key == TaskRow.key)
            .where(_in_force(), JudgementRow.outcome.in_(_SETTLING))
        )
        statement = _of_campaign(statement, campaign).group_by(TaskRow.text_key)
        return sorted(self._session.scalars(statement.having(func.min(said) != func.max(said))))

    def declared_since(self, moment: datetime) -> int:
        statement = select(func.count()).select_from(DeclarationRow).where(DeclarationRow.declared_at >= moment)
        return self._session.scalar(statement) or 0

    def last_declared(self) -> datetime | None:
        return self._session.scalar(select(func.max(DeclarationRow.declared_at)))

    def watermark(self) -> Watermark:
        """Differs whenever anything that is counted does: what was counted at the same one need not be again."""
        newest = [select(func.max(table.id)).scalar_subquery() for table in _APPENDED]
        numbers = [select(func.count()).select_from(table).scalar_subquery() for table in _COUNTED]
        return tuple(mark or 0 for mark in self._session.execute(select(*newest, *numbers)).one())

    def _day(self, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        """In UTC; SQLite holds moments as text that begins with the day."""
        if self._session.get_bind().dialect.name == "postgresql":
            return func.date(func.timezone("UTC", moment))
        return func.date(moment)


def _in_force() -> ColumnElement[bool]:
    """Of a row of judgements: no tombstone, and no newer state of the same annotation."""
    newer = aliased(JudgementRow)
    superseded = exists().where(
        newer.platform == JudgementRow.platform,
        newer.external_id == JudgementRow.external_id,
        newer.id > JudgementRow.id,
    )
    return JudgementRow.deleted.is_(False) & ~superseded


def _of_campaign(statement: Select[*tuple[Any, ...]], campaign: str) -> Select[*tuple[Any, ...]]:
    return statement.join(DrawRow, DrawRow.id == TaskRow.draw_id).where(DrawRow.campaign == campaign)


def _date(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
