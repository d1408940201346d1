"""Signing in by password or token, and signing out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import access as accesses
from annotation.api import anonymous, audit, cookies, passwords, rate_limit, wording
from annotation.api.access import Access, ForbiddenError, LoginRequiredError
from annotation.api.forms import CurrentFields, Fields
from annotation.domain.account import Account, Role
from annotation.ledger.unit_of_work import Ledger

PATH = "/login"
SIGNED_IN, FAILED, SIGNED_OUT = rate_limit.SIGNED_IN, "sign_in_failed", "sign_out"
_TOKEN = "serve.tokens"  # noqa: S105  the subject of the audit log, no token itself


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the routes of signing in share. ``provider`` is the identity provider's name for people, or empty."""

    ledger: Ledger
    access: Access
    clock: Callable[[], datetime]
    language: str
    provider: str = ""

    def form(
        self, request: Request, *, target: str = "/", wrong: str = "", status: int = 200, seconds: int = 0
    ) -> HTMLResponse:
        """The log-in page; ``wrong`` is the key of the word that says what went wrong."""
        asked = request.query_params.get("language", "")
        language = wording.known(asked) if asked else self.language
        with self.ledger.read() as work:
            accounts = work.accounts.exist()
        values = {
            "next": target,
            "wrong": wrong,
            "seconds": seconds,
            "by_password": accounts,
            "by_token": self.access.by_token,
            "provider": self.provider,
            "signed_out": request.query_params.get("signed_out", ""),
            "other": "fr" if wording.known(language) == "en" else "en",
        }
        return anonymous.page(self.access, request, "login.html", language=language, status=status, values=values)

    def begin(self, request: Request, account: Account | None, target: str) -> RedirectResponse:
        """A new session, for a holder of a token of the settings where there is no account."""
        secure, sessions = self.access.secure(request), self.access.sessions
        epoch = str(account.epoch) if account else self.access.tokens_epoch
        session = sessions.new(account.id if account else None, epoch, now=self.clock())
        response = RedirectResponse(_first_page(account, target), status_code=303)
        cookies.put(
            response, cookies.COOKIE, sessions.cookie(session), seconds=sessions.lifetime.seconds, secure=secure
        )
        cookies.drop(response, cookies.FORM_COOKIE, secure=secure)
        return response


def router(entrance: Entrance) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    access, ledger = entrance.access, entrance.ledger

    @routes.get(PATH)
    def form(request: Request, next: str = "/") -> Response:  # noqa: A002
        if access.is_demo():
            return RedirectResponse("/", status_code=303)
        return entrance.form(request, target=inside(next))

    @routes.post(PATH)
    def sign_in(request: Request, fields: CurrentFields) -> Response:
        target = inside(fields.get("next", "/"))
        try:
            anonymous.check(access, request, fields)
        except ForbiddenError:
            return entrance.form(request, target=target, wrong="login_stale", status=403)
        if "token" in fields:
            return _by_token(entrance, request, fields["token"].strip(), target)
        return _by_password(entrance, request, fields, target)

    @routes.post("/logout")
    def sign_out(request: Request, fields: CurrentFields) -> RedirectResponse:
        try:
            visitor = access.visitor(request)
        except LoginRequiredError:
            return RedirectResponse(PATH, status_code=303)
        access.check_form(request, fields, visitor.csrf)
        if visitor.account_id is not None:
            with ledger.begin() as work:
                work.accounts.end_sessions(visitor.account_id)
                audit.record(work, visitor, SIGNED_OUT, visitor.name, now=entrance.clock())
        query = urlencode({"signed_out": "account" if visitor.account_id is not None else "token"})
        response = RedirectResponse(f"{PATH}?{query}", status_code=303)
        cookies.drop(response, cookies.COOKIE, secure=access.secure(request))
        return response

    return routes


def login_redirect(request: Request) -> RedirectResponse:
    """To the form, which leads back to the page that was asked for."""
    target = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"{PATH}?{urlencode({'next': target})}", status_code=303)


def inside(target: str) -> str:
    """The target if it is a path of ours; a form must not lead people to somebody else's site."""
    outside = not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable()
    return "/" if outside else target


def _by_password(entrance: Entrance, request: Request, fields: Fields, target: str) -> Response:
    email, password = fields.get("email", ""), fields.get("password", "")
    address = accesses.address_of(request)
    with entrance.ledger.begin() as work:
        account = work.accounts.by_email(email)
        # What strangers type may be anything, even a password: only known addresses are written down.
        subject = account.email if account else f"unknown {entrance.access.sessions.blinded(email.strip().lower())}"
        seconds = rate_limit.admit(work, subject=subject, address=address, now=entrance.clock())
    if seconds:
        return _too_often(entrance, request, target, seconds)
    known = passwords.matches(account.password_hash if account else None, password)
    if account is None or not known or account.disabled_at is not None:
        return _refused(entrance, request, target, subject, account, "login_wrong")
    with entrance.ledger.begin() as work:
        if account.password_hash and passwords.is_outdated(account.password_hash):
            work.accounts.rehash(account.id, passwords.hashed(password))
        work.audit.record(SIGNED_IN, subject, now=entrance.clock(), account_id=account.id, address=address)
    return entrance.begin(request, account, target)


def _by_token(entrance: Entrance, request: Request, token: str, target: str) -> Response:
    address = accesses.address_of(request)
    with entrance.ledger.begin() as work:
        seconds = rate_limit.admit(work, subject=f"{_TOKEN} {address}", address=address, now=entrance.clock())
    if seconds:
        return _too_often(entrance, request, target, seconds)
    if not entrance.access.knows(token):
        return _refused(entrance, request, target, f"{_TOKEN} {address}", None, "wrong_token")
    with entrance.ledger.begin() as work:
        work.audit.record(SIGNED_IN, f"{_TOKEN} {address}", now=entrance.clock(), address=address)
    return entrance.begin(request, None, target)


def _refused(
    entrance: Entrance, request: Request, target: str, subject: str, account: Account | None, wrong: str
) -> Response:
    with entrance.ledger.begin() as work:
        work.audit.record(
            FAILED,
            subject,
            now=entrance.clock(),
            account_id=account.id if account else None,
            address=accesses.address_of(request),
        )
    return entrance.form(request, target=target, wrong=wrong, status=401)


def _too_often(entrance: Entrance, request: Request, target: str, seconds: int) -> Response:
    response = entrance.form(request, target=target, wrong="login_wait", status=429, seconds=seconds)
    response.headers["Retry-After"] = str(seconds)
    return response


def _first_page(account: Account | None, target: str) -> str:
    """The list of campaigns is not for coders."""
    return "/me" if account and account.role is Role.CODER and target == "/" else target
