"""Who may read: holders of a token, by header on the API and by a signed cookie on the pages."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadSignature, URLSafeTimedSerializer

from annotation.domain.account import Role
from annotation.errors import InstallationError, WorkbenchError

COOKIE = "awb_session"
SESSION_SECONDS = 12 * 3600
NO_TOKENS = "Set AWB_SERVE__TOKENS, or name a file in serve.tokens_file, and start the server again."

_BEARER = HTTPBearer(auto_error=False, description="One of the tokens of `serve.tokens`.")
_CONTENT = "signed in"


class UnauthorisedError(WorkbenchError):
    """No token, or one that we don't know."""


class ForbiddenError(WorkbenchError):
    """Known, but not allowed to."""


class LoginRequiredError(WorkbenchError):
    """A page was asked for by somebody who has not signed in."""


def equal(given: str, expected: str) -> bool:
    """Compare secrets in a time that tells nothing of where they differ, nor of their length."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Visitor:
    """``name`` is an e-mail address, or empty for a holder of a token and for whoever sits at this machine.

    ``csrf`` comes back with every form, in the field of that name or the header ``X-CSRF-Token``.
    """

    name: str
    role: Role
    account_id: int | None = None
    csrf: str = ""


def _current(request: Request) -> Visitor:
    visitor: Visitor = request.state.visitor
    return visitor


# In routes behind one of the dependencies of Access.
CurrentVisitor = Annotated[Visitor, Depends(_current)]


class Access:
    """The rules of reading. Without any token the API is shut, and the pages too unless only this machine sees them."""

    def __init__(self, tokens: frozenset[str], *, host: str) -> None:
        self._tokens = tokens
        self._demo = not tokens and is_loopback(host)
        # Sessions outlive a restart and end when the tokens change: no further secret is to be kept.
        key = hashlib.sha256("\n".join(("awb session", *sorted(tokens))).encode()).digest()
        self._sessions = URLSafeTimedSerializer(key, salt="awb.pages")

    def knows(self, token: str) -> bool:
        # Every token is compared, so that the time tells nothing of which one matched.
        return True in [equal(token, known) for known in self._tokens]

    def bearer(self, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        """A dependency of every route of the API."""
        if not self._tokens:
            raise InstallationError("This server has no tokens, so that its API is closed.", cure=NO_TOKENS)
        if credentials is None or not self.knows(credentials.credentials):
            raise UnauthorisedError(
                "A known token is missing.", cure="Send the header: Authorization: Bearer <one of serve.tokens>"
            )

    def page(self, role: Role) -> Callable[[Request], Visitor]:
        """A dependency of every page: who reads it, at least in this role."""

        def visitor(request: Request) -> Visitor:
            found = self._visitor(request)
            if not found.role.reaches(role):
                raise ForbiddenError(
                    f"This page is for the role {role}; yours is {found.role}.", cure="Ask an admin of the workbench."
                )
            request.state.visitor = found
            return found

        return visitor

    def _visitor(self, request: Request) -> Visitor:
        if self._tokens:
            if not self._signed_in(request.cookies.get(COOKIE, "")):
                raise LoginRequiredError("Sign in to see this page.")
        elif not self._demo:
            raise InstallationError("This server has no tokens, so that its pages are closed.", cure=NO_TOKENS)
        elif not is_loopback(request.url.hostname or ""):
            # A page elsewhere could point its own name at this machine and read us through the visitor's browser.
            raise UnauthorisedError("Without tokens the pages are shown on this machine alone.", cure=NO_TOKENS)
        return Visitor("", Role.LEAD) if self._tokens else Visitor("", Role.ADMIN)

    @property
    def by_token(self) -> bool:
        return bool(self._tokens)

    def new_session(self) -> str:
        return self._sessions.dumps(_CONTENT)

    def _signed_in(self, cookie: str) -> bool:
        try:
            return bool(self._sessions.loads(cookie, max_age=SESSION_SECONDS) == _CONTENT)
        except BadSignature:
            return False
