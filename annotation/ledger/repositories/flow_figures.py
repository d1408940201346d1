"""What the flow looked like to a model, counted in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.orm import Session

from annotation.domain.declaration import Window
from annotation.ledger.tables import (
    CalibrationRow,
    DeclarationRow,
    DrawRow,
    JudgementRow,
    PolicyRow,
    PredictionRow,
    TaskRow,
    TextRow,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """Declarations of one week whose texts were predicted alike; ``probability`` and ``margin`` to two decimals.

    ``code`` is None where the model had none. ``week`` is its Monday, in UTC.
    """

    week: date
    code: str | None
    probability: float
    margin: float
    declarations: int


class FlowFigures:
    def __init__(self, session: Session) -> None:
        self._session = session

    def cells(self, model_version: str, window: Window) -> list[Cell]:
        """The declarations of the window that the version has scored, in order of week."""
        week, code = self._monday(), PredictionRow.codes[0].as_string()
        first = func.coalesce(PredictionRow.probabilities[0].as_float(), 0.0)
        # Whole hundredths, since PostgreSQL rounds no floats to decimals.
        sure, apart = (func.floor(100 * value + 0.5) for value in (first, PredictionRow.margin))
        statement = (
            select(week, code, sure, apart, func.count())
            .join(PredictionRow, PredictionRow.text_key == DeclarationRow.text_key)
            .where(PredictionRow.model_version == model_version)
            .where(DeclarationRow.declared_at >= window.start, DeclarationRow.declared_at < window.end)
            .group_by(week, code, sure, apart)
            .order_by(week)
        )
        return [
            Cell(_day(monday), said, float(p) / 100, float(m) / 100, number)
            for monday, said, p, m, number in self._session.execute(statement)
        ]

    def examples(self, model_version: str, window: Window, codes: Sequence[str], *, each: int) -> dict[str, list[str]]:
        """At most ``each`` texts of the window that the version gives the code, those declared most often first."""
        code, number = PredictionRow.codes[0].as_string(), func.count()
        place = func.row_number().over(partition_by=code, order_by=(number.desc(), TextRow.key)).label("place")
        ranked = (
            select(code.label("code"), TextRow.text.label("text"), place)
            .join(DeclarationRow, DeclarationRow.text_key == PredictionRow.text_key)
            .join(TextRow, TextRow.key == PredictionRow.text_key)
            .where(PredictionRow.model_version == model_version, code.in_(codes), TextRow.erased_at.is_(None))
            .where(DeclarationRow.declared_at >= window.start, DeclarationRow.declared_at < window.end)
            .group_by(code, TextRow.key, TextRow.text)
            .subquery()
        )
        found: dict[str, list[str]] = {}
        rows = (
            select(ranked.c.code, ranked.c.text).where(ranked.c.place <= each).order_by(ranked.c.code, ranked.c.place)
        )
        for one, text in self._session.execute(rows):
            found.setdefault(one, []).append(text)
        return found

    def newest_answers(self, campaign: str) -> dict[int, int]:
        """By id of the draw, the id of the judgement recorded last."""
        statement = (
            select(TaskRow.draw_id, func.max(JudgementRow.id))
            .join(JudgementRow, JudgementRow.task_key == TaskRow.key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .where(DrawRow.campaign == campaign)
            .group_by(TaskRow.draw_id)
        )
        return dict(self._session.execute(statement).all())

    def mark(self) -> tuple[int, ...]:
        """Changes whenever something was declared, predicted, asked, judged or calibrated."""
        tables = (DeclarationRow, PredictionRow, JudgementRow, CalibrationRow, PolicyRow)
        newest = [self._session.scalar(select(func.max(table.id))) or 0 for table in tables]
        return (*newest, self._session.scalar(select(func.max(TaskRow.draw_id))) or 0)

    def _monday(self) -> ColumnElement[date]:
        if self._session.get_bind().dialect.name == "postgresql":
            return cast(func.date_trunc("week", func.timezone("UTC", DeclarationRow.declared_at)), Date)
        return func.date(DeclarationRow.declared_at, "weekday 0", "-6 days")


def _day(found: date | str) -> date:
    return date.fromisoformat(found) if isinstance(found, str) else found
