"""Giving and taking access: accounts, their passwords by a link for one use, and tokens of the API."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from annotation.api import audit, passwords
from annotation.api.refusals import ForbiddenError
from annotation.api.sessions import Sessions
from annotation.api.visitor import Visitor
from annotation.domain.account import Account, Role, Scope
from annotation.errors import CheckFailedError, InvalidInputError, NotFoundError
from annotation.ledger.repositories.accounts import Token, plain
from annotation.ledger.unit_of_work import UnitOfWork

PREFIX = "awb_"
LINK_LASTS = timedelta(days=3)
MOST_DAYS = 3650
_PURPOSE = "password"
# Two who change accounts at the same moment would both find the other admin still there, or the address still free.
_LOCK = "accounts"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody as an identity provider knows them, with an e-mail address that it has verified."""

    issuer: str
    subject: str
    email: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """``secret`` is told this once and kept nowhere."""

    token: Token
    secret: str


def add_account(work: UnitOfWork, email: str, role: Role, *, by: Visitor, now: datetime) -> Account:
    """An account without a password; InvalidInputError, ConflictError."""
    if not _EMAIL.fullmatch(plain(email)) or len(plain(email)) > 254 or not email.isprintable():
        raise InvalidInputError(f"{email[:80]!r} is no e-mail address.", cure="Write it like name@office.example.")
    work.leases.serialise(_LOCK)
    if role is not Role.ADMIN and not work.accounts.exist():
        raise InvalidInputError(
            "The first account is an admin's: with it, the pages ask everybody to sign in.",
            cure="Add an admin first: awb account add EMAIL --role admin",
        )
    account = work.accounts.add(email, role, now=now)
    audit.record(work, by, "account_add", account.email, now=now, detail={"role": role.value})
    return account


def set_role(work: UnitOfWork, account: Account, role: Role, *, by: Visitor, now: datetime) -> Account:
    """CheckFailedError for the last admin."""
    if role is not Role.ADMIN:
        _another_admin(work, account)
    changed = work.accounts.set_role(account.id, role)
    detail = {"from": account.role.value, "to": role.value}
    audit.record(work, by, "account_role", account.email, now=now, detail=detail)
    return changed


def disable(work: UnitOfWork, account: Account, *, by: Visitor, now: datetime) -> Account:
    """CheckFailedError for the last admin."""
    _another_admin(work, account)
    audit.record(work, by, "account_disable", account.email, now=now)
    return work.accounts.disable(account.id, now=now)


def enable(work: UnitOfWork, account: Account, *, by: Visitor, now: datetime) -> Account:
    audit.record(work, by, "account_enable", account.email, now=now)
    return work.accounts.enable(account.id)


def welcome(
    work: UnitOfWork, who: Identity, *, told: Role | None, keeps_role: bool, default: Role | None, now: datetime
) -> Account:
    """The account of somebody whom an identity provider vouches for, made or brought up to date.

    ``told`` is the role that the provider gives. With ``keeps_role`` roles are given here, and newcomers get the
    ``default``. An account that waits for its owner, without a password, is taken over by whoever has its address;
    one with a password is not. Errors: ForbiddenError.
    """
    work.leases.serialise(_LOCK)
    known = work.accounts.by_subject(who.issuer, who.subject) or _waiting(work, who)
    role = known.role if known and keeps_role else (told or default)
    if role is None:
        raise ForbiddenError(
            f"{who.email} has no role in this workbench.", cure="Ask for one of the groups that serve.oidc.roles names."
        )
    if known is None:
        known = work.accounts.add(who.email, role, now=now, issuer=who.issuer, subject=who.subject)
        by = Visitor(known.email, role, known.id)
        audit.record(work, by, "account_add", known.email, now=now, detail={"role": role.value, "by": who.issuer})
        return known
    if known.disabled_at is not None:
        raise ForbiddenError(f"The account {known.email} is disabled.", cure="Ask an admin of the workbench.")
    return _brought_up_to_date(work, known, who, role, now=now)


def _waiting(work: UnitOfWork, who: Identity) -> Account | None:
    found = work.accounts.by_email(who.email)
    if found is not None and (found.password_hash is not None or found.issuer is not None):
        raise ForbiddenError(
            f"The account {found.email} signs in another way.", cure="Sign in that way, or ask an admin."
        )
    return found


def _brought_up_to_date(work: UnitOfWork, known: Account, who: Identity, role: Role, *, now: datetime) -> Account:
    by = Visitor(known.email, known.role, known.id)
    if (known.issuer, known.email) != (who.issuer, plain(who.email)):
        taken = work.accounts.by_email(who.email)
        if taken is not None and taken.id != known.id:
            raise ForbiddenError(f"{taken.email} is another person's account.", cure="Ask an admin of the workbench.")
        known = work.accounts.identify(known.id, issuer=who.issuer, subject=who.subject, email=who.email)
        audit.record(work, by, "account_link", known.email, now=now, detail={"by": who.issuer})
    if known.role is not role:
        detail = {"from": known.role.value, "to": role.value, "by": who.issuer}
        audit.record(work, by, "account_role", known.email, now=now, detail=detail)
        known = work.accounts.set_role(known.id, role)
    return known


def password_link(work: UnitOfWork, account: Account, *, sessions: Sessions, by: Visitor, now: datetime) -> str:
    """A path of ours where the account's password can be set once, within three days."""
    audit.record(work, by, "password_link", account.email, now=now)
    content = {"account": account.id, "epoch": account.epoch, "issued": int(now.timestamp())}
    return f"/password?link={sessions.sign(_PURPOSE, content)}"


def linked(work: UnitOfWork, link: str, *, sessions: Sessions, now: datetime) -> Account:
    """The account for which the link was made; NotFoundError when it was used, is too old or was never ours."""
    content = sessions.signed(_PURPOSE, link)
    if content is not None and now.timestamp() - content["issued"] <= LINK_LASTS.total_seconds():
        account = work.accounts.find(content["account"])
        if account is not None and account.epoch == content["epoch"] and account.disabled_at is None:
            return account
    raise NotFoundError("This link was used already, or is too old.", cure="Ask an admin for another one.")


def set_password(work: UnitOfWork, account: Account, password_hash: str, *, by: Visitor, now: datetime) -> Account:
    """Ends the account's sessions, and uses its link up."""
    audit.record(work, by, "password_set", account.email, now=now)
    return work.accounts.set_password(account.id, password_hash)


def create_token(
    work: UnitOfWork, account: Account, name: str, scope: Scope, *, days: int, by: Visitor, now: datetime
) -> NewToken:
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise InvalidInputError("A token needs a name of up to 64 characters.", cure="Name what will use it.")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInputError(f"A token lasts 1 to {MOST_DAYS} days.", cure="Give another number of days.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = work.tokens.add(account.id, name.strip(), secret, scope, now=now, expires_at=now + timedelta(days=days))
    detail = {"account": account.email, "scope": scope.value, "days": days, "id": token.id}
    audit.record(work, by, "token_create", token.name, now=now, detail=detail)
    return NewToken(token, secret)


def revoke_token(work: UnitOfWork, token: Token, *, by: Visitor, now: datetime) -> Token:
    audit.record(work, by, "token_revoke", token.name, now=now, detail={"id": token.id})
    return work.tokens.revoke(token.id, now=now)


def own_password(account: Account, old: str, new: str) -> str:
    """The hash of the new password, if the old one is right; InvalidInputError."""
    if not passwords.matches(account.password_hash, old):
        raise InvalidInputError("The present password is another one.", cure="Type it again.")
    return passwords.hashed(passwords.checked(new, email=account.email))


def _another_admin(work: UnitOfWork, account: Account) -> None:
    work.leases.serialise(_LOCK)
    others = [
        one for one in work.accounts.all() if one.role is Role.ADMIN and not one.disabled_at and one.id != account.id
    ]
    if account.role is Role.ADMIN and not others:
        raise CheckFailedError(f"{account.email} is the last admin.", cure="Make another account an admin first.")
