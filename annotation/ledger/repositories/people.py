"""What the ledger holds of one person, and how it forgets them.

The only place where rows that say what somebody said are changed: who they are, and what they wrote in their own words,
goes; codes stay under the pseudonym, since labels rest on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import inspect, or_, select, update
from sqlalchemy.orm import Session

from annotation.ledger.repositories.judgements import Judgements
from annotation.ledger.tables import (
    AccountRow,
    AssignmentRow,
    AuditRow,
    Base,
    CoderRow,
    EnrolmentRow,
    JudgementRow,
    LabelRow,
    TokenRow,
)

FORGOTTEN: Final = "forgotten"
_SECRET: Final = frozenset({"password_hash", "digest"})


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were changed."""

    judgements: int
    accounts: int


class People:
    def __init__(self, session: Session) -> None:
        self._session = session

    def known(self, pseudonym: str) -> bool:
        return self._session.get(CoderRow, pseudonym) is not None

    def forgotten(self) -> frozenset[str]:
        """The pseudonyms behind which nobody is known any more."""
        statement = select(CoderRow.pseudonym).where(CoderRow.external_id.startswith(f"{FORGOTTEN}:"))
        return frozenset(self._session.scalars(statement))

    def everything(self, pseudonym: str) -> dict[str, list[dict[str, Any]]]:
        """Every row about the person, by table; hashes of secrets are left out."""
        coder = self._session.get_one(CoderRow, pseudonym)
        accounts = self._accounts(coder.email)
        ids = [account.id for account in accounts]
        found: dict[str, Sequence[Base]] = {
            "coder": [coder],
            "enrolment": self._rows(EnrolmentRow, EnrolmentRow.coder == pseudonym),
            "assignment": self._rows(AssignmentRow, AssignmentRow.queue == pseudonym),
            "judgement": self._rows(JudgementRow, JudgementRow.coder == pseudonym),
            "label": self._rows(LabelRow, LabelRow.coder == pseudonym),
            "account": accounts,
            "api_token": self._rows(TokenRow, TokenRow.account_id.in_(ids)),
            "audit": self._rows(AuditRow, self._about(ids, coder.email)),
        }
        return {name: [_plain(row) for row in rows] for name, rows in found.items()}

    def forget(self, pseudonym: str, *, now: datetime) -> Forgotten:
        """Erase who they are and what they wrote; a second call finds nothing left."""
        coder = self._session.get_one(CoderRow, pseudonym)
        blanked = Judgements(self._session).blank(pseudonym)
        self._session.execute(update(EnrolmentRow).where(EnrolmentRow.coder == pseudonym).values(reason=""))
        accounts = self._accounts(coder.email)
        for account in accounts:
            self._erase(account, now)
        coder.email, coder.external_id = None, f"{FORGOTTEN}:{pseudonym}"
        self._session.flush()
        return Forgotten(blanked, len(accounts))

    def _erase(self, account: AccountRow, now: datetime) -> None:
        known, name = account.email, f"{FORGOTTEN}-{account.id}"
        for row in self._rows(AuditRow, self._about([account.id], known)):
            row.address = "" if row.account_id == account.id else row.address
            row.subject = name if row.subject == known else row.subject
            row.detail = {key: name if value == known else value for key, value in row.detail.items()}
        self._session.execute(
            update(TokenRow)
            .where(TokenRow.account_id == account.id, TokenRow.revoked_at.is_(None))
            .values(revoked_at=now, name="")
        )
        account.email, account.password_hash, account.issuer, account.subject = name, None, None, None
        account.disabled_at, account.epoch = account.disabled_at or now, account.epoch + 1

    def _accounts(self, email: str | None) -> list[AccountRow]:
        return self._rows(AccountRow, AccountRow.email == email.strip().lower()) if email else []

    @staticmethod
    def _about(account_ids: Sequence[int], email: str | None) -> Any:
        return or_(AuditRow.account_id.in_(account_ids), AuditRow.subject == (email or FORGOTTEN))

    def _rows(self, table: type[Any], condition: Any) -> list[Any]:
        return list(self._session.scalars(select(table).where(condition)))


def _plain(row: Base) -> dict[str, Any]:
    names = [column.key for column in inspect(type(row)).columns if column.key not in _SECRET]
    return {name: getattr(row, name) for name in names}
