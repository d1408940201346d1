"""Signing in by password, sessions, forms and tokens, through the application."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
from argon2 import PasswordHasher

from annotation.api.sessions import Sessions
from annotation.domain.account import Account, Role, Scope
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.annotation.api.conftest import TOKEN, NewClient, TestClient
from tests.parts import filled_ledger, signing_in
from tests.parts.filled_ledger import NOW
from tests.parts.signing_in import PASSWORD

LEAD = "lea@office.example"
COOKIE = "awb_session"
KEY = "a-session-secret-of-this-test"


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(empty: Ledger) -> Ledger:
    filled_ledger.add_campaign(empty)
    return empty


@pytest.fixture
def lead(ledger: Ledger) -> Account:
    return signing_in.add_account(ledger, LEAD, Role.LEAD)


@pytest.fixture
def open_office(ledger: Ledger, clock: Clock) -> Iterator[Callable[..., TestClient]]:
    with ExitStack() as stack:

        def make(base: str = "http://127.0.0.1", **serve: object) -> TestClient:
            settings = Settings(serve={"session_secret": KEY, **serve})
            app = create_app(ledger=ledger, settings=settings, champion=lambda: None, clock=clock)
            return stack.enter_context(TestClient(app, base_url=base, follow_redirects=False))

        yield make


@pytest.fixture
def client(lead: Account, open_office: Callable[..., TestClient]) -> TestClient:
    return open_office()


def enter(client: TestClient, password: str = PASSWORD, email: str = LEAD, target: str = "/") -> httpx.Response:
    return signing_in.sign_in(client, email=email, password=password, target=target)


def is_in(client: TestClient) -> bool:
    return bool(client.get("/").status_code == 200)


def actions(ledger: Ledger) -> list[str]:
    with ledger.read() as work:
        return [row.action for row in work.audit.latest(without=("sign_in_try",))]


# --- Signing in


def test_sign_in__by_password_leads_back_and_out_again(client: TestClient, ledger: Ledger) -> None:
    answer = enter(client, email=" LEA@office.example ", target="/campaigns/main")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/campaigns/main")
    assert is_in(client)
    signing_in.send(client, "/logout", at="/")
    assert not is_in(client)
    assert actions(ledger) == ["sign_out", "sign_in"]


def test_sign_in__the_cookie_is_for_this_host_alone_over_https(
    lead: Account, open_office: Callable[..., TestClient]
) -> None:
    client = open_office("https://awb.example", public_url="https://awb.example")
    cookies = enter(client).headers.get_list("set-cookie")
    session = next(one for one in cookies if one.startswith("__Host-awb_session="))

    assert all(word in session for word in ("; HttpOnly", "; SameSite=lax", "; Secure", "; Path=/"))
    assert "Domain" not in session
    assert is_in(client)


@pytest.mark.parametrize("email", [LEAD, "nobody@office.example", "", "x\x00y", "é" * 5000])
def test_sign_in__unknown_and_wrong_are_answered_alike(client: TestClient, email: str) -> None:
    wrong = enter(client, "not the password", LEAD)
    answer = enter(client, "not the password", email)

    def without_csrf(page: str) -> str:
        return re.sub(r'name="csrf" value="\w+"', "", page)

    assert answer.status_code == 401
    assert without_csrf(answer.text) == without_csrf(wrong.text)
    assert not any(one.startswith(COOKIE) for one in answer.headers.get_list("set-cookie"))


def test_sign_in__unknown_takes_as_long_as_wrong(client: TestClient, clock: Clock) -> None:
    def seconds(email: str) -> float:
        clock.pass_by(hours=1)
        page = client.get("/login").text
        fields = {"csrf": signing_in.csrf(page), "email": email, "password": "not the password", "next": "/"}
        began = time.process_time()
        client.post("/login", data=fields)
        return time.process_time() - began

    seconds(LEAD)
    wrong = statistics.median(seconds(LEAD) for _ in range(5))
    unknown = statistics.median(seconds("nobody@office.example") for _ in range(5))

    assert 0.6 < unknown / wrong < 1.6


def test_sign_in__what_strangers_type_is_not_written_down(client: TestClient, ledger: Ledger) -> None:
    enter(client, "not the password", "my-own-secret-typed-in-the-wrong-field")

    with ledger.read() as work:
        rows = work.audit.latest()
    assert "my-own-secret" not in str(rows)
    assert {row.action for row in rows} == {"sign_in_failed", "sign_in_try"}


def test_sign_in__too_many_failures_wait(client: TestClient, clock: Clock) -> None:
    assert [enter(client, "wrong").status_code for _ in range(5)] == [401] * 5

    blocked = enter(client, PASSWORD)
    assert (blocked.status_code, blocked.headers["Retry-After"]) == (429, "2")
    assert enter(client, PASSWORD, "nobody@office.example").status_code == 401
    clock.pass_by(seconds=2)
    assert enter(client, PASSWORD).status_code == 303


def test_sign_in__the_limit_holds_across_processes(
    client: TestClient, lead: Account, open_office: Callable[..., TestClient]
) -> None:
    other = open_office()
    for one in (client, other, client, other, client):
        enter(one, "wrong")

    assert enter(other, PASSWORD).status_code == 429


def test_sign_in__guessing_tokens_of_the_settings_waits_too(open_office: Callable[..., TestClient]) -> None:
    client = open_office(tokens=TOKEN)
    for _ in range(5):
        assert signing_in.sign_in(client, token="wrong").status_code == 401

    assert signing_in.sign_in(client, token=TOKEN).status_code == 429


def test_sign_in__an_old_hash_is_made_anew(client: TestClient, ledger: Ledger, lead: Account) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with ledger.begin() as work:
        work.accounts.rehash(lead.id, old)
    enter(client)

    assert is_in(client)
    with ledger.read() as work:
        kept = work.accounts.get(LEAD).password_hash
    assert kept is not None
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_sign_in__a_coder_is_led_to_their_own_page(ledger: Ledger, client: TestClient) -> None:
    signing_in.add_account(ledger, "cody@office.example", Role.CODER)

    assert enter(client, email="cody@office.example").headers["Location"] == "/me"
    assert client.get("/account").status_code == 200
    assert client.get("/campaigns/main").status_code == 403
    home = client.get("/")
    assert (home.status_code, home.headers["Location"]) == (303, "/me")


@pytest.mark.parametrize(
    "target",
    ["https://x.example", "//x.example", "/\\x.example", "\\/x", "/\t/x.example", "javascript:alert(1)", "/\n"],
)
def test_sign_in__never_leads_elsewhere(client: TestClient, target: str) -> None:
    page = client.get("/login", params={"next": target})
    fields = {"csrf": signing_in.csrf(page.text), "email": LEAD, "password": PASSWORD, "next": target}

    assert 'name="next" value="/"' in page.text
    assert client.post("/login", data=fields).headers["Location"] == "/"


# --- Forms of others


def test_login_form__of_another_browser_is_refused(client: TestClient, open_office: Callable[..., TestClient]) -> None:
    """Else somebody could be signed in under an attacker's name."""
    foreign = signing_in.csrf(open_office().get("/login").text)
    client.get("/login")
    answer = client.post("/login", data={"csrf": foreign, "email": LEAD, "password": PASSWORD})

    assert answer.status_code == 403
    assert not is_in(client)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://x.example"),
        ("Origin", "null"),
    ],
)
def test_forms__sent_from_another_site_are_refused(client: TestClient, header: str, value: str) -> None:
    enter(client)
    csrf = signing_in.csrf(client.get("/account").text)
    fields = {"csrf": csrf, "name": "n", "scope": "read", "days": "1"}

    assert client.post("/account/tokens", data=fields, headers={header: value}).status_code == 403
    same = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/account/tokens", data=fields, headers=same).status_code == 200


def test_forms__the_token_may_come_by_header(client: TestClient) -> None:
    enter(client)
    csrf = signing_in.csrf(client.get("/account").text)
    fields = {"name": "n", "scope": "read", "days": "1"}

    assert client.post("/account/tokens", data=fields, headers={"X-CSRF-Token": csrf}).status_code == 200
    assert client.post("/account/tokens", data=fields, headers={"X-CSRF-Token": csrf[::-1]}).status_code == 403


def test_forms__a_csrf_token_ends_with_its_session(client: TestClient) -> None:
    enter(client)
    first = signing_in.csrf(client.get("/account").text)
    enter(client)

    assert first != signing_in.csrf(client.get("/account").text)
    assert client.post("/account/tokens", data={"csrf": first}).status_code == 403


def test_forms__too_long_is_refused(client: TestClient) -> None:
    assert client.post("/login", data={"email": "x" * 2_000_000}).status_code == 400


# --- Sessions


def test_session__is_drawn_anew_at_each_sign_in(client: TestClient) -> None:
    """A cookie planted beforehand is worth nothing afterwards."""
    enter(client)
    planted = client.cookies[COOKIE]
    enter(client)

    assert client.cookies[COOKIE] != planted


def test_session__changed_in_any_place_is_refused(client: TestClient) -> None:
    enter(client)
    cookie = client.cookies[COOKIE]
    for place in range(0, len(cookie) - 1, 7):
        client.cookies.clear()
        client.cookies.set(COOKIE, cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :])

        assert not is_in(client)


def test_session__signed_for_another_purpose_or_by_another_secret_is_refused(client: TestClient, lead: Account) -> None:
    values = {"account_id": lead.id, "epoch": "0", "key": "k", "issued": int(NOW.timestamp()), "seen": 9_999_999_999}
    for forged in (
        Sessions(KEY).sign("password", values),
        Sessions("another").sign("session", values),
        json.dumps(values),
    ):
        client.cookies.clear()
        client.cookies.set(COOKIE, forged)

        assert not is_in(client)


def test_session__ends_when_unused(client: TestClient, clock: Clock) -> None:
    enter(client)
    for _ in range(3):
        clock.pass_by(minutes=110)
        assert is_in(client)
    clock.pass_by(minutes=121)

    assert not is_in(client)


def test_session__ends_after_a_day_of_use(client: TestClient, clock: Clock) -> None:
    enter(client)
    for _ in range(12):
        clock.pass_by(minutes=59)
        assert is_in(client)
    clock.pass_by(minutes=59)

    assert not is_in(client)


def test_session__ends_everywhere_on_sign_out(client: TestClient, open_office: Callable[..., TestClient]) -> None:
    enter(client)
    stolen = open_office()
    stolen.cookies.set(COOKIE, client.cookies[COOKIE])
    assert is_in(stolen)
    signing_in.send(client, "/logout", at="/account")

    assert not is_in(stolen)


@pytest.mark.parametrize("change", ["role", "password", "disable"])
def test_session__ends_when_the_account_changes(client: TestClient, ledger: Ledger, lead: Account, change: str) -> None:
    enter(client)
    with ledger.begin() as work:
        if change == "role":
            work.accounts.set_role(lead.id, Role.SCIENTIST)
        elif change == "password":
            work.accounts.set_password(lead.id, "another")
        else:
            work.accounts.disable(lead.id, now=NOW)

    assert not is_in(client)


def test_session__outlives_a_restart_with_the_same_secret(
    client: TestClient, open_office: Callable[..., TestClient]
) -> None:
    enter(client)
    restarted, other = open_office(), open_office(session_secret="another")
    for one in (restarted, other):
        one.cookies.update(client.cookies)

    assert is_in(restarted)
    assert not is_in(other)


# --- Whoever sits at this machine


def test_demo__ends_with_the_first_account(ledger: Ledger, open_office: Callable[..., TestClient]) -> None:
    client = open_office()
    assert is_in(client)
    made = signing_in.send(client, "/accounts", email="ada@office.example", role="admin")

    assert made.status_code == 200
    assert re.search(r"http://127\.0\.0\.1/password\?link=\S+", made.text)
    assert not is_in(client)


def test_demo__the_first_account_is_an_admins(open_office: Callable[..., TestClient]) -> None:
    answer = signing_in.send(open_office(), "/accounts", email="ada@office.example", role="lead")

    assert answer.status_code == 422
    assert "first account is an admin" in answer.text


def test_demo__another_name_for_this_machine_changes_nothing(open_office: Callable[..., TestClient]) -> None:
    client = open_office()
    csrf = signing_in.csrf(client.get("/accounts").text)
    fields = {"csrf": csrf, "email": "evil@x.example", "role": "admin"}

    assert client.post("/accounts", data=fields, headers={"Host": "rebound.example"}).status_code == 401


# --- Programs


@pytest.fixture
def bearer(ledger: Ledger, lead: Account) -> Callable[[str], dict[str, str]]:
    with ledger.begin() as work:
        work.tokens.add(lead.id, "t", "awb_right", Scope.READ, now=NOW, expires_at=NOW + timedelta(days=1))
    return lambda token: {"Authorization": f"Bearer {token}"}


def test_api__by_a_token_of_an_account(
    client: TestClient, bearer: Callable[[str], dict[str, str]], clock: Clock
) -> None:
    assert client.get("/api/campaigns", headers=bearer("awb_right")).status_code == 200
    assert client.get("/api/campaigns", headers=bearer("awb_wrong")).status_code == 401
    clock.pass_by(days=1)
    assert client.get("/api/campaigns", headers=bearer("awb_right")).status_code == 401


def test_api__a_token_is_worth_what_its_account_is(
    client: TestClient, bearer: Callable[[str], dict[str, str]], ledger: Ledger, lead: Account
) -> None:
    with ledger.begin() as work:
        work.accounts.set_role(lead.id, Role.CODER)
    assert client.get("/api/campaigns", headers=bearer("awb_right")).status_code == 403
    with ledger.begin() as work:
        work.accounts.disable(lead.id, now=NOW)
    assert client.get("/api/campaigns", headers=bearer("awb_right")).status_code == 401


def test_api__its_last_use_is_kept(
    client: TestClient, bearer: Callable[[str], dict[str, str]], ledger: Ledger, lead: Account
) -> None:
    client.get("/api/campaigns", headers=bearer("awb_right"))

    with ledger.read() as work:
        assert [one.last_used_at for one in work.tokens.of(lead.id)] == [NOW]


def test_api__a_session_opens_no_route_of_programs(client: TestClient) -> None:
    enter(client)

    assert client.get("/api/campaigns").status_code == 401


def test_pages__say_nothing_to_a_role_below(ledger: Ledger, new_client: NewClient, client: TestClient) -> None:
    signing_in.add_account(ledger, "cody@office.example", Role.CODER)
    enter(client, email="cody@office.example")
    page = client.get("/campaigns/main")

    assert page.status_code == 403
    assert "Créations" not in page.text
    assert 'href="/accounts"' not in page.text
