"""How a text came in, and what it is kept apart for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotation.domain import text as texts
from annotation.domain.task import Component
from annotation.domain.team import GoldText
from annotation.ledger.tables import DeclarationRow, DrawRow, EvaluationMemberRow, GoldRow, TaskRow, TextRow

LEAST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Arrival:
    """One declaration of a text: ``code`` is what the register said, if anything."""

    source: str
    external_id: str
    code: str | None
    declared_at: datetime
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A task that asked about the text."""

    task_key: str
    draw: str
    campaign: str
    component: Component
    reason: str
    drawn_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """Of an evaluation set, for good; ``draw`` selected it with this probability."""

    nomenclature: str
    draw: str
    inclusion_probability: float
    added_at: datetime


class Origins:
    def __init__(self, session: Session) -> None:
        self._session = session

    def keys(self, named: str, *, limit: int = 20) -> list[str]:
        """Of the texts meant by a key, by the exact wording, or by the beginning of a key, in this order.

        A wording that nothing is written as exactly stands for those that differ by accents, case or punctuation.
        """
        if self._session.get(TextRow, named) is not None:
            return [named]
        alike = select(TextRow.key, TextRow.text).where(TextRow.group_key == texts.group_key(named))
        found = self._session.execute(alike.order_by(TextRow.key).limit(limit)).all()
        if found:
            return [key for key, text in found if text == named] or [key for key, _ in found]
        if len(named) < LEAST_PREFIX:
            return []
        begun = select(TextRow.key).where(TextRow.key.startswith(named, autoescape=True))
        return list(self._session.scalars(begun.order_by(TextRow.key).limit(limit)))

    def arrivals(self, text_key: str) -> list[Arrival]:
        """In the order in which they were imported."""
        statement = select(DeclarationRow).where(DeclarationRow.text_key == text_key).order_by(DeclarationRow.id)
        return [
            Arrival(row.source, row.external_id, row.code, row.declared_at, row.imported_at)
            for row in self._session.scalars(statement)
        ]

    def questions(self, text_key: str) -> list[Question]:
        """Oldest draw first."""
        statement = select(TaskRow, DrawRow).join(DrawRow, DrawRow.id == TaskRow.draw_id)
        statement = statement.where(TaskRow.text_key == text_key).order_by(DrawRow.id, TaskRow.seat)
        return [
            Question(task.key, draw.key, draw.campaign, Component(task.component), task.reason, draw.drawn_at)
            for task, draw in self._session.execute(statement)
        ]

    def memberships(self, text_key: str) -> list[Membership]:
        """By nomenclature."""
        statement = (
            select(EvaluationMemberRow, DrawRow.key)
            .join(TaskRow, TaskRow.key == EvaluationMemberRow.task_key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .where(EvaluationMemberRow.text_key == text_key)
            .order_by(EvaluationMemberRow.nomenclature)
        )
        return [
            Membership(row.nomenclature, draw, row.inclusion_probability, row.added_at)
            for row, draw in self._session.execute(statement)
        ]

    def gold(self, text_key: str) -> list[GoldText]:
        """Every row, oldest first: the last of a nomenclature holds."""
        statement = select(GoldRow).where(GoldRow.text_key == text_key).order_by(GoldRow.id)
        return [
            GoldText(
                nomenclature=row.nomenclature,
                text_key=row.text_key,
                code=row.code,
                note=row.note,
                evidence=row.evidence,
                recorded_at=row.recorded_at,
                retired=row.retired,
            )
            for row in self._session.scalars(statement)
        ]
