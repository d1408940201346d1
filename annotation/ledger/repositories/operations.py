"""Our own work: who holds what, what happened, how far a turn has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from annotation.errors import ConflictError
from annotation.ledger import statements
from annotation.ledger.tables import EventRow, LeaseRow, TurnRow, TurnStepRow


@dataclass(frozen=True, slots=True)
class Event:
    kind: str
    subject: str
    payload: Mapping[str, Any]
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    holder: str
    taken_at: datetime
    expires_at: datetime


class Leases:
    """A lease is held until it is released or expires, so that a killed holder blocks nobody for long."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, name: str, *, holder: str, now: datetime, lasting: timedelta) -> None:
        """Take or prolong the lease; raise ConflictError while somebody else holds it."""
        row = {"name": name, "holder": holder, "taken_at": now, "expires_at": now + lasting}
        held = None
        while held is None:
            if statements.insert_new(self._session, LeaseRow, [row], key=["name"]):
                return
            # None where its holder released it between the two statements.
            held = self._session.scalars(select(LeaseRow).where(LeaseRow.name == name).with_for_update()).one_or_none()
        if held.holder != holder and held.expires_at > now:
            raise ConflictError(
                f"{held.holder} has held {name} since {held.taken_at:%H:%M:%S}.",
                cure=f"Wait for it to end; a dead holder's lease ends by itself at {held.expires_at:%H:%M:%S} UTC.",
            )
        held.holder, held.taken_at, held.expires_at = holder, now, now + lasting

    def held(self, name: str) -> Lease | None:
        """The lease as it stands, expired or not."""
        row = self._session.scalars(select(LeaseRow).where(LeaseRow.name == name)).one_or_none()
        return Lease(row.name, row.holder, row.taken_at, row.expires_at) if row else None

    def release(self, name: str, *, holder: str) -> None:
        self._session.execute(delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder))

    def serialise(self, name: str) -> None:
        """Wait until no other open transaction has called this with the same name.

        A row id read under this lock is a watermark: no lower id can still be uncommitted. SQLite has one writer at a
        time anyway.
        """
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


class Events:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, kind: str, subject: str, *, now: datetime, payload: Mapping[str, Any] | None = None) -> None:
        self._session.add(EventRow(kind=kind, subject=subject, payload=dict(payload or {}), happened_at=now))
        self._session.flush()

    def mark(self, kind: str, subject: str, *, now: datetime, payload: Mapping[str, Any] | None = None) -> None:
        """As ``add``, for what happens too often to keep more than the last one."""
        self._session.execute(delete(EventRow).where(EventRow.kind == kind, EventRow.subject == subject))
        self.add(kind, subject, now=now, payload=payload)

    def newest(self, kind: str, subject: str) -> Event | None:
        """The last one of this kind about that subject."""
        statement = select(EventRow).where(EventRow.kind == kind, EventRow.subject == subject)
        row = self._session.scalars(statement.order_by(EventRow.id.desc()).limit(1)).first()
        return Event(row.kind, row.subject, row.payload, row.happened_at) if row else None

    def latest(self, *, limit: int = 50) -> list[Event]:
        rows = self._session.scalars(select(EventRow).order_by(EventRow.id.desc()).limit(limit))
        return [Event(r.kind, r.subject, r.payload, r.happened_at) for r in rows]


class Turns:
    def __init__(self, session: Session) -> None:
        self._session = session

    def open_number(self, campaign: str) -> int | None:
        """The number of the unfinished turn, if there is one."""
        statement = select(TurnRow.number).where(TurnRow.campaign == campaign, TurnRow.finished_at.is_(None))
        return self._session.scalar(statement)

    def last_number(self, campaign: str) -> int:
        return self._session.scalar(select(func.max(TurnRow.number)).where(TurnRow.campaign == campaign)) or 0

    def begin(self, campaign: str, number: int, *, now: datetime) -> None:
        row = {"campaign": campaign, "number": number, "started_at": now}
        statements.insert_new(self._session, TurnRow, [row], key=["campaign", "number"])

    def finish(self, campaign: str, number: int, *, now: datetime) -> None:
        self._session.get_one(TurnRow, (campaign, number)).finished_at = now

    def started_at(self, campaign: str, number: int) -> datetime:
        return self._session.get_one(TurnRow, (campaign, number)).started_at

    def results(self, campaign: str, number: int) -> dict[str, Mapping[str, Any]]:
        """Finished steps with what they gave, in the order in which they finished."""
        statement = (
            select(TurnStepRow)
            .where(TurnStepRow.campaign == campaign, TurnStepRow.turn == number)
            .order_by(TurnStepRow.finished_at)
        )
        return {row.step: row.result for row in self._session.scalars(statement)}

    def record(self, campaign: str, number: int, step: str, result: Mapping[str, Any], *, now: datetime) -> None:
        row = {"campaign": campaign, "turn": number, "step": step, "result": dict(result), "finished_at": now}
        statements.insert_new(self._session, TurnStepRow, [row], key=["campaign", "turn", "step"])
