"""Counts for whoever watches over an installation, each made by one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from annotation.domain.judgement import Outcome
from annotation.ledger.repositories.quarantine import Quarantine
from annotation.ledger.tables import CampaignRow, DrawRow, EventRow, InboxRow, JudgementRow, TaskRow

PULL, PULLED = "pull", "pulled"
_SETTLING: Final = [outcome.value for outcome in Outcome if outcome.settles]


@dataclass(frozen=True, slots=True)
class Workload:
    """``done`` tasks have an answer that settles them."""

    asked: int
    done: int


@dataclass(frozen=True, slots=True)
class Inbox:
    waiting: int
    oldest: datetime | None


class Gauges:
    def __init__(self, session: Session) -> None:
        self._session = session

    def workloads(self) -> dict[str, Workload]:
        """By campaign."""
        newest = select(func.max(JudgementRow.id)).group_by(JudgementRow.platform, JudgementRow.external_id)
        drawn = select(DrawRow.campaign, func.count(func.distinct(TaskRow.key))).join(
            TaskRow, TaskRow.draw_id == DrawRow.id
        )
        answered = drawn.join(JudgementRow, JudgementRow.task_key == TaskRow.key).where(
            JudgementRow.id.in_(newest), JudgementRow.deleted.is_(False), JudgementRow.outcome.in_(_SETTLING)
        )
        asked, done = (
            self._by_name(drawn.group_by(DrawRow.campaign)),
            self._by_name(answered.group_by(DrawRow.campaign)),
        )
        campaigns = self._session.scalars(select(CampaignRow.key).order_by(CampaignRow.key))
        return {key: Workload(asked.get(key, 0), done.get(key, 0)) for key in campaigns}

    def pulled_at(self) -> dict[str, datetime]:
        """The moment of the last pull, whatever it found, by campaign."""
        statement = select(EventRow.subject, func.max(EventRow.happened_at)).where(EventRow.kind == PULLED)
        return dict(self._by_name(statement.group_by(EventRow.subject)))

    def unannounced(self) -> dict[str, int]:
        """Changes that pulls found and no webhook had told of, where there was one, by campaign."""
        number = func.sum(func.coalesce(EventRow.payload["unannounced"].as_integer(), 0))
        statement = select(EventRow.subject, number).where(EventRow.kind == PULL).group_by(EventRow.subject)
        return {name: int(value) for name, value in self._by_name(statement).items()}

    def lags(self) -> dict[str, float]:
        """Seconds from the platform to us of the newest change that the last pull with changes took, by campaign."""
        newest = select(func.max(EventRow.id)).where(EventRow.kind == PULL).group_by(EventRow.subject)
        rows = self._session.execute(select(EventRow.subject, EventRow.payload).where(EventRow.id.in_(newest)))
        found = {name: payload.get("lag_seconds") for name, payload in rows}
        return {name: float(lag) for name, lag in found.items() if lag is not None}

    def inbox(self) -> Inbox:
        statement = select(func.count(), func.min(InboxRow.received_at)).where(InboxRow.processed_at.is_(None))
        number, oldest = self._session.execute(statement).one()
        return Inbox(number, oldest)

    def quarantined(self) -> dict[str, int]:
        """What waits, by kind."""
        return Quarantine(self._session).by_kind()

    def _by_name(self, statement: Select[Any, Any]) -> dict[str, Any]:
        rows: Mapping[str, Any] = dict(self._session.execute(statement).all())
        return {name: rows[name] for name in sorted(rows)}
