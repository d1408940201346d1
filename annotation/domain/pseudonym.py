"""Names that mean nothing outside: keyed hashes of coders' pseudonyms and declarations' ids, for what leaves an office.

HMAC-SHA-256 (RFC 2104) of the name under a key that lies apart from the ledger. Two files made under one key can be
joined; after a rotation they cannot. Whoever has the ledger and the key can tell who is meant, nobody else can.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from annotation.errors import InvalidInputError

LEAST_BYTES: Final = 16
_LINE: Final = re.compile(r"(?P<since>\S+) (?P<secret>[0-9a-f]{32,})")
_SHOWN: Final = 16


class Kind(StrEnum):
    """What is named: the same word as a coder and as a declaration gives two pseudonyms."""

    CODER = "coder"
    DECLARATION = "declaration"


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """``id`` may be told; it says which key made a file."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < LEAST_BYTES:
            raise InvalidInputError(
                f"The key of the pseudonyms is shorter than {LEAST_BYTES} bytes, so that it could be guessed.",
                cure="Make one: awb privacy rotate-key",
            )

    @property
    def id(self) -> str:
        return hmac.new(self.secret, b"key id", hashlib.sha256).hexdigest()[:8]

    def of(self, kind: Kind, name: str) -> str:
        """Sixteen letters and digits: 80 bits of the keyed hash."""
        digest = hmac.new(self.secret, f"{kind.value}\0{name}".encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode("ascii")[:_SHOWN].lower()


def newest(document: str) -> PseudonymKey:
    """The key in force of a key file: its last line. Lines before it are the keys of earlier files."""
    return keys(document)[-1]


def keys(document: str) -> Sequence[PseudonymKey]:
    """Of a key file, oldest first; InvalidInputError where it is none."""
    found = [_LINE.fullmatch(line) for line in document.splitlines() if line.strip()]
    if not found or None in found:
        raise InvalidInputError(
            "The file of the pseudonyms' keys cannot be read.",
            cure="Each line holds a moment and a key in hexadecimal digits, as awb privacy rotate-key writes them.",
        )
    return [PseudonymKey(bytes.fromhex(line["secret"])) for line in found if line is not None]


def rotated(document: str, *, now: datetime) -> str:
    """The key file with a new key as its last line."""
    if document.strip():
        keys(document)
    ended = document if not document or document.endswith("\n") else f"{document}\n"
    return f"{ended}{now.isoformat(timespec='seconds')} {secrets.token_hex(32)}\n"
