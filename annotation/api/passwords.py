"""Passwords of local accounts, hashed with Argon2id by the parameters that RFC 9106 recommends second (64 MiB)."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from annotation.errors import InvalidInputError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1000

# Each needs 64 MiB and a core: many strangers at once must not take the machine.
_AT_ONCE = threading.Semaphore(2)


def checked(password: str, *, email: str) -> str:
    """The password if it will do; InvalidInputError says why not."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInputError(
            f"The password has {len(password)} characters.", cure=f"Take {SHORTEST} or more, such as four words."
        )
    if password.lower() in (email.lower(), email.lower().partition("@")[0]) or len(set(password)) < 5:
        raise InvalidInputError("The password is easy to guess.", cure="Take four words that have nothing in common.")
    return password


def hashed(password: str) -> str:
    with _AT_ONCE:
        return _hasher().hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Takes as long where there is no hash as where there is one."""
    from argon2.exceptions import InvalidHashError, VerificationError

    decoy = _decoy()
    with _AT_ONCE:
        try:
            same = _hasher().verify(password_hash or decoy, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return same and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _hasher().check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return hashed("a password of nobody")
