"""Who may sign in, and what a role may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """Each may do all that those before it may.

    A coder sees what was said of their own answers; a scientist reads everything that names nobody; a lead runs
    campaigns; an admin gives access and sees who is behind a pseudonym.
    """

    CODER = "coder"
    SCIENTIST = "scientist"
    LEAD = "lead"
    ADMIN = "admin"

    def reaches(self, other: Role) -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class Scope(StrEnum):
    """What a token of the API is good for, within its account's role."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Account:
    """``epoch`` is part of every session: raising it ends them all. ``password_hash`` is None where an identity
    provider (``issuer``, ``subject``) answers for the person."""

    id: int
    email: str
    role: Role
    created_at: datetime
    epoch: int = 0
    password_hash: str | None = None
    issuer: str | None = None
    subject: str | None = None
    disabled_at: datetime | None = None
