"""Sessions of browsers: a signed cookie that names an account, and nothing that this server has to remember."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from annotation.errors import UnreachableError
from annotation.settings import ServeSettings

_KEY_FILE = "session.key"
# A cookie is signed anew when it was last seen this long ago, not with every request.
_RENEWAL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Session:
    """``epoch`` is the account's, or a fingerprint of the server's tokens where ``account_id`` is None. ``key`` is
    drawn anew at each sign-in. Moments are seconds since 1970."""

    account_id: int | None
    epoch: str
    key: str
    issued: int
    seen: int


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A session ends when unused for ``idle``, and at the latest after ``longest``."""

    idle: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(hours=12)

    @property
    def seconds(self) -> int:
        return int(self.longest.total_seconds())


class Sessions:
    def __init__(self, secret: str, lifetime: Lifetime | None = None) -> None:
        self._secret = secret.encode()
        self.lifetime = lifetime or Lifetime()

    def new(self, account_id: int | None, epoch: str, *, now: datetime) -> Session:
        at = int(now.timestamp())
        return Session(account_id, epoch, secrets.token_urlsafe(16), at, at)

    def cookie(self, session: Session) -> str:
        return self.sign("session", asdict(session))

    def read(self, cookie: str, *, now: datetime) -> Session | None:
        """None for a cookie that is not ours, was changed, or has ended."""
        values = self.signed("session", cookie)
        if values is None:
            return None
        session, at = Session(**values), now.timestamp()
        fresh = at - session.seen <= self.lifetime.idle.total_seconds()
        young = at - session.issued <= self.lifetime.longest.total_seconds()
        return session if fresh and young else None

    def renewed(self, session: Session, *, now: datetime) -> Session | None:
        """The session as seen now, when its cookie is worth another signature."""
        at = int(now.timestamp())
        return replace(session, seen=at) if at - session.seen >= _RENEWAL.total_seconds() else None

    def csrf(self, key: str) -> str:
        """What a form of the session with this key must bring back."""
        return hmac.new(self._secret, f"csrf {key}".encode(), hashlib.sha256).hexdigest()

    def blinded(self, text: str) -> str:
        """The same text always gives the same sign, which tells nobody the text."""
        return hmac.new(self._secret, f"blinded {text}".encode(), hashlib.sha256).hexdigest()[:16]

    def sign(self, purpose: str, values: dict[str, Any]) -> str:
        return str(self._serializer(purpose).dumps(values))

    def signed(self, purpose: str, text: str) -> dict[str, Any] | None:
        """The values that were signed for this purpose, else None."""
        with suppress(BadSignature):
            values: dict[str, Any] = self._serializer(purpose).loads(text)
            return values
        return None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        strong = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeSerializer(self._secret, salt=f"awb.{purpose}", signer_kwargs=strong)


def secret_for(settings: ServeSettings, *, home: Path) -> str:
    """The secret that the settings name, else the one of the home folder."""
    return settings.read_session_secret() or secret_of(home)


def secret_of(home: Path) -> str:
    """The secret kept in the home folder, drawn when it is missing; only its owner may read it."""
    path = home / _KEY_FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        # Another process that starts now must find the whole secret or none.
        drawn = home / f"{_KEY_FILE}.{secrets.token_hex(8)}"
        if not path.exists():
            with os.fdopen(os.open(drawn, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            with suppress(FileExistsError):
                os.link(drawn, path)
            drawn.unlink()
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UnreachableError(
            f"The secret of the sessions in {path} cannot be kept ({error.strerror}).",
            cure="Check the folder's permissions, or name a file in serve.session_secret_file.",
        ) from error
