"""Where what is known of a text comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from annotation.domain.judgement import Outcome
from annotation.domain.label import Source
from annotation.domain.task import Component
from annotation.ledger import statements
from annotation.ledger.tables import DrawRow, JudgementRow, LabelRow, PredictionRow, TaskRow


@dataclass(frozen=True, slots=True)
class TextJudgement:
    """A judgement with the question that it answers; ``in_force`` unless it was edited or deleted since."""

    id: int
    task_key: str
    draw_id: int
    draw: str
    campaign: str
    component: Component
    reason: str
    coder: str
    outcome: Outcome
    code: str | None
    judged_at: datetime
    comment: str
    deleted: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class TextLabel:
    id: int
    nomenclature: str
    code: str | None
    source: Source
    weight: float
    coder: str | None
    judgement_id: int | None
    judgements: tuple[int, ...]
    evidence: str
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class TextPrediction:
    model_version: str
    code: str | None
    probability: float | None
    margin: float
    predicted_at: datetime


class Provenance:
    def __init__(self, session: Session) -> None:
        self._session = session

    def judgements(self, text_key: str) -> list[TextJudgement]:
        """Every row, in order of id."""
        newest = select(func.max(JudgementRow.id)).join(TaskRow, TaskRow.key == JudgementRow.task_key)
        newest = newest.where(TaskRow.text_key == text_key).group_by(JudgementRow.platform, JudgementRow.external_id)
        current = set(self._session.scalars(newest))
        statement = (
            select(JudgementRow, TaskRow, DrawRow)
            .join(TaskRow, TaskRow.key == JudgementRow.task_key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .where(TaskRow.text_key == text_key)
            .order_by(JudgementRow.id)
        )
        return [_judgement(*row, in_force=row[0].id in current) for row in self._session.execute(statement)]

    def labels(self, text_key: str) -> list[TextLabel]:
        """Of all nomenclatures, in order of id: the last of a nomenclature is in force."""
        rows = self._session.scalars(select(LabelRow).where(LabelRow.text_key == text_key).order_by(LabelRow.id))
        return [_label(row) for row in rows]

    def predictions(self, text_key: str) -> list[TextPrediction]:
        """By all model versions, in the order in which they spoke."""
        columns = (PredictionRow.codes, PredictionRow.probabilities, PredictionRow.margin, PredictionRow.predicted_at)
        statement = select(PredictionRow.model_version, *columns).where(PredictionRow.text_key == text_key)
        return [
            TextPrediction(version, codes[0] if codes else None, chances[0] if chances else None, margin, at)
            for version, codes, chances, margin, at in self._session.execute(statement.order_by(PredictionRow.id))
        ]

    def of_judgements(self, ids: Sequence[int]) -> dict[int, TextJudgement]:
        """The judgements of these ids, by id."""
        later = aliased(JudgementRow)
        same = (later.platform == JudgementRow.platform) & (later.external_id == JudgementRow.external_id)
        superseded = select(later.id).where(same, later.id > JudgementRow.id).exists()
        found: dict[int, TextJudgement] = {}
        for chunk in statements.chunks(ids):
            statement = (
                select(JudgementRow, TaskRow, DrawRow, superseded)
                .join(TaskRow, TaskRow.key == JudgementRow.task_key)
                .join(DrawRow, DrawRow.id == TaskRow.draw_id)
                .where(JudgementRow.id.in_(chunk))
            )
            for said, task, draw, is_past in self._session.execute(statement):
                found[said.id] = _judgement(said, task, draw, in_force=not is_past)
        return found

    def of_labels(self, ids: Sequence[int]) -> dict[int, TextLabel]:
        """The labels of these ids, by id."""
        found: dict[int, TextLabel] = {}
        for chunk in statements.chunks(ids):
            rows = self._session.scalars(select(LabelRow).where(LabelRow.id.in_(chunk)))
            found |= {row.id: _label(row) for row in rows}
        return found


def _judgement(said: JudgementRow, task: TaskRow, draw: DrawRow, *, in_force: bool) -> TextJudgement:
    return TextJudgement(
        id=said.id,
        task_key=task.key,
        draw_id=draw.id,
        draw=draw.key,
        campaign=draw.campaign,
        component=Component(task.component),
        reason=task.reason,
        coder=said.coder,
        outcome=Outcome(said.outcome),
        code=said.code,
        judged_at=said.judged_at,
        comment=said.comment,
        deleted=said.deleted,
        in_force=in_force and not said.deleted,
    )


def _label(row: Any) -> TextLabel:
    values = {one.name: getattr(row, one.name) for one in fields(TextLabel)}
    return TextLabel(**values | {"source": Source(row.source), "judgements": tuple(row.judgements)})
