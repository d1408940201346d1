"""What coders answered, together with what they were asked: all that comparisons between coders need, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Kind
from annotation.ledger.tables import CampaignRow, DrawRow, JudgementRow, TaskRow

_ARBITRATION: Final = Kind.ARBITRATION.value
_SETTLING: Final = [outcome.value for outcome in Outcome if outcome.settles]

_COLUMNS: Final[tuple[Any, ...]] = (
    TaskRow.key,
    TaskRow.text_key,
    TaskRow.component,
    TaskRow.blind,
    TaskRow.inclusion_probability,
    JudgementRow.coder,
    JudgementRow.code,
    JudgementRow.judged_at,
    JudgementRow.lead_time,
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A state in force that settles its seat. ``code`` is None where the coder holds that the text has none.

    ``inclusion_probability`` is the task's.
    """

    task_key: str
    text_key: str
    component: Component
    blind: bool
    inclusion_probability: float
    coder: str
    code: str | None
    judged_at: datetime
    lead_time: float | None


class Answers:
    """Of coding tasks alone: an arbiter has seen the answers of others, a learner the right one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_campaign(self, campaign: str) -> list[Answered]:
        """In the order in which they were recorded."""
        return self._read(_settling().where(DrawRow.campaign == campaign))

    def shared(self, campaign: str) -> list[Answered]:
        """Those on texts that two coders and more have answered, in the order in which they were recorded."""
        return self._shared(DrawRow.campaign == campaign)

    def shared_in(self, nomenclature: str) -> list[Answered]:
        """The same over all campaigns that code into the nomenclature."""
        campaigns = select(CampaignRow.key).where(CampaignRow.nomenclature == nomenclature)
        return self._shared(DrawRow.campaign.in_(campaigns))

    def first_codes(self, campaign: str) -> dict[str, str]:
        """The model's first code by task key, of tasks for which a model predicted one."""
        statement = select(TaskRow.key, TaskRow.candidates[0].as_string())
        statement = statement.join(DrawRow, DrawRow.id == TaskRow.draw_id).where(
            DrawRow.campaign == campaign,
            TaskRow.model_version.is_not(None),
            TaskRow.probabilities[0].as_float().is_not(None),
            TaskRow.kind == Kind.CODING.value,
        )
        return {key: code for key, code in self._session.execute(statement) if code}

    def arbitrated(self, campaign: str) -> dict[str, str]:
        """The arbiters' codes by text key, the last of each text."""
        statement = select(TaskRow.text_key, JudgementRow.code).where(*_in_force(), TaskRow.kind == _ARBITRATION)
        statement = statement.join(TaskRow, TaskRow.key == JudgementRow.task_key)
        statement = statement.join(DrawRow, DrawRow.id == TaskRow.draw_id).where(DrawRow.campaign == campaign)
        rows = self._session.execute(statement.order_by(JudgementRow.id))
        return {text_key: code for text_key, code in rows if code is not None}

    def has_blind(self, campaign: str) -> bool:
        statement = select(TaskRow.key).join(DrawRow, DrawRow.id == TaskRow.draw_id)
        blind = statement.where(DrawRow.campaign == campaign, TaskRow.blind.is_(True)).limit(1)
        return self._session.scalar(blind) is not None

    def _shared(self, condition: Any) -> list[Answered]:
        answers = _settling().where(condition)
        texts = answers.with_only_columns(TaskRow.text_key).order_by(None).group_by(TaskRow.text_key)
        several = texts.having(func.count(func.distinct(JudgementRow.coder)) > 1)
        return self._read(answers.where(TaskRow.text_key.in_(several)))

    def _read(self, statement: Select[Any]) -> list[Answered]:
        return [_answered(row) for row in self._session.execute(statement)]


def _settling() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(TaskRow, TaskRow.key == JudgementRow.task_key)
        .join(DrawRow, DrawRow.id == TaskRow.draw_id)
        .where(*_in_force(), TaskRow.kind == Kind.CODING.value)
        .order_by(JudgementRow.id)
    )


def _in_force() -> tuple[Any, ...]:
    newest = select(func.max(JudgementRow.id)).group_by(JudgementRow.platform, JudgementRow.external_id)
    return JudgementRow.id.in_(newest), JudgementRow.deleted.is_(False), JudgementRow.outcome.in_(_SETTLING)


def _answered(row: Sequence[Any]) -> Answered:
    key, text_key, component, blind, probability, coder, code, judged_at, lead_time = row
    return Answered(key, text_key, Component(component), blind, probability, coder, code, judged_at, lead_time)
