"""Who did what, for as long as the ledger lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from annotation.ledger.tables import AccountRow, AuditRow

_SECRETS = frozenset({"password", "token", "secret", "code", "csrf", "cookie"})


@dataclass(frozen=True, slots=True)
class Audited:
    """``email`` is that of whoever did it, as it is now; None where no account did."""

    account_id: int | None
    email: str | None
    action: str
    subject: str
    detail: Mapping[str, Any]
    address: str
    happened_at: datetime


class Audit:
    """Rows are appended and never changed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(
        self,
        action: str,
        subject: str,
        *,
        now: datetime,
        account_id: int | None = None,
        detail: Mapping[str, Any] | None = None,
        address: str = "",
    ) -> None:
        """``detail`` holds JSON values; a field that sounds like a secret is a mistake of the caller: ValueError."""
        if told := sorted(_SECRETS & set(detail or {})):
            raise ValueError(f"the audit log keeps no secrets: {', '.join(told)}")
        row = AuditRow(
            account_id=account_id,
            action=action,
            subject=subject[:254],
            detail=dict(detail or {}),
            address=address[:64],
            happened_at=now,
        )
        self._session.add(row)
        self._session.flush()

    def latest(
        self, *, limit: int = 100, offset: int = 0, actions: Sequence[str] = (), without: Sequence[str] = ()
    ) -> list[Audited]:
        """Newest first."""
        statement = (
            select(AuditRow, AccountRow.email)
            .outerjoin(AccountRow, AccountRow.id == AuditRow.account_id)
            .order_by(AuditRow.id.desc())
            .limit(limit)
            .offset(offset)
        )
        if actions:
            statement = statement.where(AuditRow.action.in_(actions))
        if without:
            statement = statement.where(AuditRow.action.not_in(without))
        return [_audited(row, email) for row, email in self._session.execute(statement)]

    def count(
        self, action: str, *, since: datetime, subject: str | None = None, address: str | None = None
    ) -> tuple[int, datetime | None]:
        """How often it happened since then, and when for the last time."""
        statement = select(func.count(), func.max(AuditRow.happened_at)).where(
            AuditRow.action == action, AuditRow.happened_at > since
        )
        if subject is not None:
            statement = statement.where(AuditRow.subject == subject)
        if address is not None:
            statement = statement.where(AuditRow.address == address)
        number, last = self._session.execute(statement).one()
        return int(number), last


def _audited(row: AuditRow, email: str | None) -> Audited:
    return Audited(
        account_id=row.account_id,
        email=email,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
        address=row.address,
        happened_at=row.happened_at,
    )
