"""Whole tables for people who take them away, read page by page. Coders are pseudonyms here too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from annotation.ledger.repositories.texts import PAGE
from annotation.ledger.tables import CampaignRow, DrawRow, JudgementRow, LabelRow, TaskRow, TextRow

Columns = Sequence[InstrumentedAttribute[Any]]

_TASK: Columns = (
    TaskRow.key, TaskRow.draw_id, DrawRow.key, TaskRow.text_key, TextRow.text, TaskRow.component, TaskRow.kind,
    TaskRow.seat, TaskRow.stratum, TaskRow.inclusion_probability, TaskRow.reason, TaskRow.candidates,
    TaskRow.probabilities, TaskRow.model_version, TaskRow.frequency, TaskRow.confidence, TaskRow.blind,
)  # fmt: skip
_JUDGEMENT: Columns = (
    JudgementRow.id, JudgementRow.task_key, TaskRow.text_key, JudgementRow.coder, JudgementRow.outcome,
    JudgementRow.code, JudgementRow.judged_at, JudgementRow.lead_time, JudgementRow.difficulty, JudgementRow.comment,
    JudgementRow.detail, JudgementRow.deleted,
)  # fmt: skip
_LABEL: Columns = (
    LabelRow.id, LabelRow.text_key, TextRow.text, LabelRow.nomenclature, LabelRow.code, LabelRow.source,
    LabelRow.weight, LabelRow.coder, LabelRow.judgement_id, LabelRow.judgements, LabelRow.evidence, LabelRow.settled_at,
)  # fmt: skip
_DRAW: Columns = (
    DrawRow.id, DrawRow.key, DrawRow.seed, DrawRow.model_version, DrawRow.reference_window, DrawRow.current_window,
    DrawRow.recipe, DrawRow.drawn_at,
)  # fmt: skip


class Extracts:
    """Rows as tuples, in the order of the columns named above each method."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tasks(self, campaign: str) -> Iterator[tuple[Any, ...]]:
        """Every task in the order of drawing."""
        statement = select(*_TASK).join(DrawRow, DrawRow.id == TaskRow.draw_id)
        statement = statement.join(TextRow, TextRow.key == TaskRow.text_key).where(DrawRow.campaign == campaign)
        return self._pages(statement.order_by(TaskRow.draw_id, TaskRow.key))

    def judgements(self, campaign: str) -> Iterator[tuple[Any, ...]]:
        """Every row ever written, tombstones and edits included; the last value says whether it is in force."""
        newest = select(func.max(JudgementRow.id)).group_by(JudgementRow.platform, JudgementRow.external_id)
        current = JudgementRow.id.in_(newest) & JudgementRow.deleted.is_(False)
        statement = select(*_JUDGEMENT, current).join(TaskRow, TaskRow.key == JudgementRow.task_key)
        statement = statement.join(DrawRow, DrawRow.id == TaskRow.draw_id).where(DrawRow.campaign == campaign)
        return self._pages(statement.order_by(JudgementRow.id))

    def labels(self, campaign: str) -> Iterator[tuple[Any, ...]]:
        """The labels in force of the campaign's nomenclature, in order of text key."""
        nomenclature = select(CampaignRow.nomenclature).where(CampaignRow.key == campaign).scalar_subquery()
        newest = select(func.max(LabelRow.id)).where(LabelRow.nomenclature == nomenclature).group_by(LabelRow.text_key)
        statement = select(*_LABEL).join(TextRow, TextRow.key == LabelRow.text_key).where(LabelRow.id.in_(newest))
        return self._pages(statement.order_by(LabelRow.text_key))

    def draws(self, campaign: str) -> Iterator[tuple[Any, ...]]:
        return self._pages(select(*_DRAW).where(DrawRow.campaign == campaign).order_by(DrawRow.id))

    def _pages(self, statement: Select[Any]) -> Iterator[tuple[Any, ...]]:
        for row in self._session.execute(statement.execution_options(yield_per=PAGE)):
            yield tuple(row)
