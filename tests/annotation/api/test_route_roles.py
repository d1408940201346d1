"""Each route for each kind of visitor, against the table of route_roles.py."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from annotation.api.sessions import Session, Sessions
from annotation.domain.account import Account, Role, Scope
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.annotation.api.conftest import TestClient
from tests.annotation.api.route_roles import RULES, Api, Form, Open, Page, Rule, Secret
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW

SECRET = "a-session-secret-of-this-test"
SETTINGS = "a-token-of-the-settings"
VALUES = {"key": "main", "name": "trainingset", "change": "link"}


@dataclass(frozen=True, slots=True)
class Guest:
    """A kind of visitor: a session, a token of the API, or nothing."""

    role: Role | None = None
    scope: Scope | None = None
    disabled: bool = False
    of_settings: bool = False

    @property
    def email(self) -> str:
        return f"{self.role}{'-disabled' if self.disabled else ''}@office.example"


GUESTS: dict[str, Guest] = {
    "anonymous": Guest(),
    **{f"{role}": Guest(role) for role in Role},
    **{f"{role} with a token to {scope}": Guest(role, scope) for role in Role for scope in Scope},
    "disabled admin": Guest(Role.ADMIN, disabled=True),
    "disabled admin with a token to write": Guest(Role.ADMIN, Scope.WRITE, disabled=True),
    "session by a token of the settings": Guest(Role.LEAD, of_settings=True),
    "token of the settings": Guest(Role.LEAD, Scope.READ, of_settings=True),
}


@dataclass(frozen=True, slots=True)
class Office:
    """An application with an account, a session and tokens for each kind of visitor."""

    ledger: Ledger
    app: FastAPI
    client: TestClient
    sessions: Sessions = field(default_factory=lambda: Sessions(SECRET))

    def account(self, guest: Guest) -> Account:
        assert guest.role is not None
        with self.ledger.begin() as work:
            account = work.accounts.by_email(guest.email) or work.accounts.add(guest.email, guest.role, now=NOW)
            if guest.disabled:
                account = work.accounts.disable(account.id, now=NOW)
            if not work.tokens.of(account.id):
                for scope in Scope:
                    name, until = f"{guest.email} {scope}", NOW + timedelta(days=1)
                    work.tokens.add(account.id, name, _token(guest.email, scope), scope, now=NOW, expires_at=until)
        return account

    def send(self, guest: Guest, method: str, path: str, **fields: str) -> httpx.Response:
        """As the guest, with the form's ``csrf`` that goes with the session."""
        self.client.cookies.clear()
        headers: dict[str, str] = {}
        if guest.role and guest.scope:
            token = SETTINGS if guest.of_settings else _token(self.account(guest).email, guest.scope)
            headers["Authorization"] = f"Bearer {token}"
        elif guest.role:
            session = self._session(guest)
            self.client.cookies.set("awb_session", self.sessions.cookie(session))
            fields = {"csrf": self.sessions.csrf(session.key), **fields}
        answer: httpx.Response = self.client.request(
            method, path, headers=headers, data=fields if method == "POST" else None
        )
        return answer

    def _session(self, guest: Guest) -> Session:
        if guest.of_settings:
            return self.sessions.new(None, hashlib.sha256(SETTINGS.encode()).hexdigest()[:16], now=NOW)
        account = self.account(guest)
        return self.sessions.new(account.id, str(account.epoch), now=NOW)


@cache
def _token(email: str, scope: Scope) -> str:
    return f"awb_{email}_{scope}"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    ledger = filled_ledger.empty_ledger(tmp_path_factory.mktemp("roles"))
    filled_ledger.fill(ledger)
    settings = Settings(
        serve={
            "tokens": SETTINGS,
            "session_secret": SECRET,
            "webhook_secret": "not told to anybody",
            "ml_password": "nor this",
        }
    )
    app = create_app(ledger=ledger, settings=settings, champion=lambda: None, clock=lambda: NOW)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield Office(ledger, app, client)


def _routes(app: FastAPI) -> set[str]:
    found = iter_route_contexts(app.routes)
    return {f"{method} {one.path}" for one in found for method in (one.methods or ()) if method != "HEAD"}


def test_routes__each_has_a_rule(office: Office) -> None:
    assert _routes(office.app) == set(RULES)


@pytest.mark.parametrize("route", RULES)
def test_routes__let_in_whom_the_table_says_and_nobody_else(office: Office, route: str) -> None:
    method, _, path = route.partition(" ")
    answers = {name: office.send(guest, method, _filled(path)) for name, guest in GUESTS.items()}

    told = {name: _told(answer) for name, answer in answers.items()}
    assert told == {name: _expected(RULES[route], guest, told[name]) for name, guest in GUESTS.items()}


def _filled(path: str) -> str:
    """The path with something in each of its blanks."""
    while "{" in path:
        head, _, rest = path.partition("{")
        name, _, tail = rest.partition("}")
        path = head + VALUES.get(name.partition(":")[0], "1") + tail
    return path


def _told(answer: httpx.Response) -> str:
    if answer.status_code in (401, 403):
        return "refused"
    if answer.headers.get("Location", "").startswith("/login?next="):
        return "asked to sign in"
    return f"broken: {answer.text[:300]}" if answer.status_code >= 500 else "in"


def _expected(rule: Rule, guest: Guest, told: str) -> str:
    by_session = guest.role is not None and guest.scope is None and not guest.disabled
    by_token = guest.role is not None and guest.scope is not None and not guest.disabled
    if isinstance(rule, Open):
        return told if told in ("in", "refused") else "in"
    if isinstance(rule, Secret):
        return "refused"
    reaches = guest.role is not None and guest.role.reaches(rule.role)
    if isinstance(rule, Api):
        within = rule.scope is Scope.READ or guest.scope is Scope.WRITE
        return "in" if by_token and reaches and within else "refused"
    if not by_session:
        return "asked to sign in"
    if isinstance(rule, Form) and guest.of_settings:
        return "refused"
    return "in" if reaches else "refused"


@pytest.mark.parametrize("route", [route for route, rule in RULES.items() if isinstance(rule, Open)])
def test_routes__open_ones_answer_strangers_as_the_table_says(office: Office, route: str) -> None:
    method, _, path = route.partition(" ")
    rule = RULES[route]

    assert isinstance(rule, Open)
    assert office.send(GUESTS["anonymous"], method, _filled(path)).status_code in rule.answers


@pytest.mark.parametrize("route", [route for route, rule in RULES.items() if isinstance(rule, Form)])
def test_routes__changes_want_a_form_of_the_same_session(office: Office, route: str) -> None:
    method, _, path = route.partition(" ")
    admin = GUESTS["admin"]
    other = office.sessions.csrf("another session")

    assert office.send(admin, method, _filled(path), csrf="").status_code == 403
    assert office.send(admin, method, _filled(path), csrf=other).status_code == 403
    assert office.send(admin, method, _filled(path)).status_code != 403


def test_routes__every_change_is_a_form_or_wants_a_token() -> None:
    changes = {route: rule for route, rule in RULES.items() if not route.startswith("GET ")}

    assert [route for route, rule in changes.items() if isinstance(rule, Page)] == []
