"""Who may sign in, and with which tokens."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotation.domain.account import Account, Role, Scope
from annotation.errors import ConflictError, NotFoundError
from annotation.ledger.tables import AccountRow, TokenRow

# A token's last use is known to the hour, so that reading by the API is not writing to the ledger.
_USE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Token:
    id: int
    account_id: int
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    token_id: int
    account: Account
    scope: Scope
    used_long_ago: bool


class Accounts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        email: str,
        role: Role,
        *,
        now: datetime,
        password_hash: str | None = None,
        issuer: str | None = None,
        subject: str | None = None,
    ) -> Account:
        """ConflictError where the address is taken; addresses differ in more than case."""
        if self.by_email(email) is not None:
            raise ConflictError(f"There is an account {plain(email)} already.", cure="See: awb account list")
        row = AccountRow(
            email=plain(email),
            role=role.value,
            created_at=now,
            epoch=0,
            password_hash=password_hash,
            issuer=issuer,
            subject=subject,
        )
        self._session.add(row)
        self._session.flush()
        return _account(row)

    def exist(self) -> bool:
        return self._session.scalar(select(AccountRow.id).limit(1)) is not None

    def all(self) -> list[Account]:
        """By e-mail address."""
        return [_account(row) for row in self._session.scalars(select(AccountRow).order_by(AccountRow.email))]

    def find(self, account_id: int) -> Account | None:
        row = self._session.get(AccountRow, account_id)
        return _account(row) if row else None

    def by_email(self, email: str) -> Account | None:
        row = self._session.scalars(select(AccountRow).where(AccountRow.email == plain(email))).one_or_none()
        return _account(row) if row else None

    def by_subject(self, issuer: str, subject: str) -> Account | None:
        statement = select(AccountRow).where(AccountRow.issuer == issuer, AccountRow.subject == subject)
        row = self._session.scalars(statement).one_or_none()
        return _account(row) if row else None

    def get(self, email: str) -> Account:
        found = self.by_email(email)
        if found is None:
            raise NotFoundError(f"There is no account {plain(email)}.", cure="See: awb account list")
        return found

    def set_role(self, account_id: int, role: Role) -> Account:
        """Another role ends the account's sessions."""
        row = self._session.get_one(AccountRow, account_id)
        if row.role != role.value:
            row.role, row.epoch = role.value, row.epoch + 1
        return self._changed(row)

    def set_password(self, account_id: int, password_hash: str | None) -> Account:
        """Ends the account's sessions."""
        row = self._session.get_one(AccountRow, account_id)
        row.password_hash, row.epoch = password_hash, row.epoch + 1
        return self._changed(row)

    def rehash(self, account_id: int, password_hash: str) -> None:
        """The same password under newer parameters; sessions go on."""
        self._session.get_one(AccountRow, account_id).password_hash = password_hash
        self._session.flush()

    def disable(self, account_id: int, *, now: datetime) -> Account:
        """Ends the account's sessions, and its tokens open nothing while it is disabled."""
        row = self._session.get_one(AccountRow, account_id)
        if row.disabled_at is None:
            row.disabled_at, row.epoch = now, row.epoch + 1
        return self._changed(row)

    def enable(self, account_id: int) -> Account:
        row = self._session.get_one(AccountRow, account_id)
        row.disabled_at = None
        return self._changed(row)

    def end_sessions(self, account_id: int) -> Account:
        row = self._session.get_one(AccountRow, account_id)
        row.epoch += 1
        return self._changed(row)

    def identify(self, account_id: int, *, issuer: str, subject: str, email: str) -> Account:
        """From now on an identity provider answers for the person."""
        row = self._session.get_one(AccountRow, account_id)
        row.issuer, row.subject, row.email = issuer, subject, plain(email)
        return self._changed(row)

    def _changed(self, row: AccountRow) -> Account:
        self._session.flush()
        return _account(row)


class Tokens:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, account_id: int, name: str, token: str, scope: Scope, *, now: datetime, expires_at: datetime | None
    ) -> Token:
        """Only a digest of the token is kept."""
        row = TokenRow(
            account_id=account_id,
            name=name,
            digest=_digest(token),
            scope=scope.value,
            created_at=now,
            expires_at=expires_at,
        )
        self._session.add(row)
        self._session.flush()
        return _token(row)

    def of(self, account_id: int | None = None) -> list[Token]:
        """Those of an account, or of all; newest first, the ended ones too."""
        statement = select(TokenRow).order_by(TokenRow.id.desc())
        if account_id is not None:
            statement = statement.where(TokenRow.account_id == account_id)
        return [_token(row) for row in self._session.scalars(statement)]

    def get(self, token_id: int) -> Token:
        row = self._session.get(TokenRow, token_id)
        if row is None:
            raise NotFoundError(f"There is no token {token_id}.", cure="See: awb token list")
        return _token(row)

    def holder(self, token: str, *, now: datetime) -> Holder | None:
        """Whose token it is and what for; None for an unknown, expired or revoked one."""
        row = self._session.scalars(select(TokenRow).where(TokenRow.digest == _digest(token))).one_or_none()
        if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            return None
        account = self._session.get_one(AccountRow, row.account_id)
        long_ago = row.last_used_at is None or now - row.last_used_at >= _USE
        return Holder(row.id, _account(account), Scope(row.scope), long_ago)

    def mark_used(self, token_id: int, *, now: datetime) -> None:
        self._session.get_one(TokenRow, token_id).last_used_at = now

    def revoke(self, token_id: int, *, now: datetime) -> Token:
        row = self._session.get_one(TokenRow, token_id)
        row.revoked_at = row.revoked_at or now
        self._session.flush()
        return _token(row)


def plain(email: str) -> str:
    """The address as accounts are known by it."""
    return email.strip().lower()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        role=Role(row.role),
        created_at=row.created_at,
        epoch=row.epoch,
        password_hash=row.password_hash,
        issuer=row.issuer,
        subject=row.subject,
        disabled_at=row.disabled_at,
    )


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        scope=Scope(row.scope),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
