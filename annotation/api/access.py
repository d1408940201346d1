"""Who may do what: people by a session on the pages, programs by a token on the API."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from annotation.api import cookies, forms
from annotation.api.forms import Fields
from annotation.api.refusals import ForbiddenError as ForbiddenError
from annotation.api.refusals import LoginRequiredError as LoginRequiredError
from annotation.api.refusals import UnauthorisedError as UnauthorisedError
from annotation.api.sessions import Session, Sessions
from annotation.api.visitor import Visitor as Visitor
from annotation.domain.account import Account, Role, Scope
from annotation.errors import InstallationError
from annotation.ledger.unit_of_work import Ledger
from annotation.network import is_loopback

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
NO_ACCESS = "Run: awb account add EMAIL --role admin. Or set AWB_SERVE__TOKENS and start the server again."

_BEARER = HTTPBearer(auto_error=False, description="A token of `awb token create`, or one of `serve.tokens`.")
_DEMO = "demo"


def equal(given: str, expected: str) -> bool:
    """Compare secrets in a time that tells nothing of where they differ, nor of their length."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())


def _current(request: Request) -> Visitor:
    visitor: Visitor = request.state.visitor
    return visitor


# In routes behind one of the dependencies of Access.
CurrentVisitor = Annotated[Visitor, Depends(_current)]


@dataclass(frozen=True, slots=True)
class Doors:
    """By what people and programs may come in, besides the accounts of the ledger."""

    tokens: frozenset[str] = frozenset()
    host: str = "127.0.0.1"
    public_url: str = ""
    identity_provider: bool = False


class Access:
    """The rules of access. While there is no account, token or identity provider, only this machine sees the pages, as
    an admin; the API is shut."""

    def __init__(self, *, ledger: Ledger, clock: Callable[[], datetime], doors: Doors, sessions: Sessions) -> None:
        self._ledger = ledger
        self._clock = clock
        self._doors = doors
        self.sessions = sessions
        self.tokens_epoch = hashlib.sha256("\n".join(sorted(doors.tokens)).encode()).hexdigest()[:16]

    def page(self, role: Role) -> Callable[[Request], Visitor]:
        """A dependency of every page: who reads it, at least in this role."""

        def visitor(request: Request) -> Visitor:
            found = self._reached(self.visitor(request), role)
            request.state.visitor = found
            return found

        return visitor

    def form(self, role: Role) -> Callable[[Request, Visitor, Fields], Visitor]:
        """A dependency of every change made from a page: as ``page``, and the form must be one of ours."""

        page = Depends(self.page(role))

        def visitor(request: Request, found: Visitor = page, fields: Fields = Depends(forms.read)) -> Visitor:
            self.check_form(request, fields, found.csrf)
            if found.signed_in and found.account_id is None:
                # Nobody could say later who did it.
                raise ForbiddenError(
                    "Whoever signed in by a token of the settings may only read.",
                    cure="Sign in with an account: awb account add EMAIL --role lead",
                )
            return found

        return visitor

    def api(self, role: Role, scope: Scope) -> Callable[..., Visitor]:
        """A dependency of every route of the API: whose token it is, at least in this role and with this scope."""

        def visitor(
            request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
        ) -> Visitor:
            found = self._reached(self._holder(request, credentials, scope), role)
            request.state.visitor = found
            return found

        return visitor

    def check_form(self, request: Request, fields: Fields, csrf: str) -> None:
        """Raise ForbiddenError for a form that another site sent in the visitor's name."""
        given = fields.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
        if not self._from_here(request) or not csrf or not equal(given, csrf):
            raise ForbiddenError(
                "The form did not come from a page of this session.", cure="Load the page again and send it once more."
            )

    def visitor(self, request: Request) -> Visitor:
        """Who looks at a page; LoginRequiredError for those whom nobody knows."""
        if (known := getattr(request.state, "visitor", None)) is not None:
            return known  # type: ignore[no-any-return]
        now, secure = self._clock(), self.secure(request)
        session = self.sessions.read(request.cookies.get(cookies.named(cookies.COOKIE, secure=secure), ""), now=now)
        found = self._of_session(session, request) if session else None
        if session is None or found is None:
            return self._without_session(request)
        if renewed := self.sessions.renewed(session, now=now):
            request.state.set_cookie = cookies.header(
                cookies.COOKIE, self.sessions.cookie(renewed), seconds=self.sessions.lifetime.seconds, secure=secure
            )
        return found

    def knows(self, token: str) -> bool:
        """Whether it is one of the settings."""
        # Every token is compared, so that the time tells nothing of which one matched.
        return True in [equal(token, known) for known in self._doors.tokens]

    @property
    def by_token(self) -> bool:
        return bool(self._doors.tokens)

    def is_demo(self) -> bool:
        """Whether the pages are open to whoever sits at this machine."""
        return not (self._doors.tokens or self._doors.identity_provider or self._has_accounts()) and is_loopback(
            self._doors.host
        )

    def secure(self, request: Request) -> bool:
        return request.url.scheme == "https" or self._doors.public_url.startswith("https:")

    def address(self, request: Request) -> str:
        """Where people reach this server, without a slash at the end."""
        return (self._doors.public_url or str(request.base_url)).rstrip("/")

    def _of_session(self, session: Session, request: Request) -> Visitor | None:
        csrf, address = self.sessions.csrf(session.key), address_of(request)
        if session.account_id is None:
            known = self.by_token and equal(session.epoch, self.tokens_epoch)
            return Visitor("", Role.LEAD, None, csrf, address, signed_in=True) if known else None
        with self._ledger.read() as work:
            account = work.accounts.find(session.account_id)
        if account is None or not _alive(account) or not equal(session.epoch, str(account.epoch)):
            return None
        return Visitor(account.email, account.role, account.id, csrf, address, signed_in=True)

    def _without_session(self, request: Request) -> Visitor:
        if self._doors.tokens or self._doors.identity_provider or self._has_accounts():
            raise LoginRequiredError("Sign in to see this page.")
        if not is_loopback(self._doors.host):
            raise InstallationError(
                "This server has no accounts and no tokens, so that its pages are closed.", cure=NO_ACCESS
            )
        if not is_loopback(request.url.hostname or ""):
            # A page elsewhere could point its own name at this machine and read us through the visitor's browser.
            raise UnauthorisedError(
                "Without accounts and tokens the pages are shown on this machine alone.", cure=NO_ACCESS
            )
        return Visitor("", Role.ADMIN, None, self.sessions.csrf(_DEMO), address_of(request))

    def _holder(self, request: Request, credentials: HTTPAuthorizationCredentials | None, scope: Scope) -> Visitor:
        given = credentials.credentials if credentials else ""
        if self.knows(given):
            return self._scoped(Visitor("", Role.LEAD, address=address_of(request)), Scope.READ, scope)
        with self._ledger.read() as work:
            found = work.tokens.holder(given, now=self._clock())
            closed = not self._doors.tokens and not work.accounts.exist()
        if closed:
            raise InstallationError("This server has no tokens, so that its API is closed.", cure=NO_ACCESS)
        if found is None or not _alive(found.account):
            raise UnauthorisedError(
                "A known token is missing.", cure="Send the header: Authorization: Bearer <a token of awb token create>"
            )
        if found.used_long_ago:
            with self._ledger.begin() as work:
                work.tokens.mark_used(found.token_id, now=self._clock())
        account = found.account
        return self._scoped(
            Visitor(account.email, account.role, account.id, address=address_of(request)), found.scope, scope
        )

    def _scoped(self, visitor: Visitor, has: Scope, wanted: Scope) -> Visitor:
        if wanted is Scope.WRITE and has is not Scope.WRITE:
            raise ForbiddenError("This token may only read.", cure="Make one with: awb token create --scope write")
        return visitor

    def _reached(self, visitor: Visitor, role: Role) -> Visitor:
        if not visitor.role.reaches(role):
            raise ForbiddenError(
                f"This is for the role {role}; yours is {visitor.role}.", cure="Ask an admin of the workbench."
            )
        return visitor

    def _has_accounts(self) -> bool:
        with self._ledger.read() as work:
            return work.accounts.exist()

    def _from_here(self, request: Request) -> bool:
        """What browsers say of where a form comes from; other programs say nothing, and need the token all the same."""
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if site is not None and site not in ("same-origin", "none"):
            return False
        hosts = {request.headers.get("Host", ""), urlsplit(self._doors.public_url).netloc}
        return origin is None or urlsplit(origin).netloc in hosts - {""}


def address_of(request: Request) -> str:
    return request.client.host[:64] if request.client else ""


def _alive(account: Account) -> bool:
    return account.disabled_at is None
