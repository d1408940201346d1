"""The pages by which people get access, and what the audit log keeps of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest

from annotation.api import granting
from annotation.domain.account import Account, Role
from annotation.errors import CheckFailedError
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.annotation.api.conftest import TestClient
from tests.annotation.api.test_access import Clock
from tests.parts import filled_ledger, signing_in
from tests.parts.filled_ledger import NOW
from tests.parts.signing_in import PASSWORD

ADMIN, LEAD = "ada@office.example", "lea@office.example"
NEW = "four quite unrelated words"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(empty: Ledger) -> Ledger:
    filled_ledger.add_campaign(empty, language="en")
    signing_in.add_account(empty, ADMIN, Role.ADMIN)
    signing_in.add_account(empty, LEAD, Role.LEAD)
    return empty


@pytest.fixture
def enter(ledger: Ledger, clock: Clock) -> Iterator[Callable[[str], TestClient]]:
    with ExitStack() as stack:
        settings = Settings(campaign={"language": "en"}, serve={"session_secret": "of this test"})

        def make(email: str = "") -> TestClient:
            app = create_app(ledger=ledger, settings=settings, champion=lambda: None, clock=clock)
            client = stack.enter_context(TestClient(app, base_url="http://127.0.0.1", follow_redirects=False))
            if email:
                signing_in.sign_in(client, email=email, password=PASSWORD)
            return client

        yield make


def link_in(page: httpx.Response) -> str:
    found = re.search(r"http://127\.0\.0\.1(/password\?link=[\w.-]+)", page.text)
    assert found, page.text
    return found.group(1)


def use(client: TestClient, link: str, password: str) -> httpx.Response:
    return signing_in.send(client, "/password", at=link, link=link.partition("=")[2], new=password)


def account(ledger: Ledger, email: str) -> Account:
    with ledger.read() as work:
        return work.accounts.get(email)


def test_accounts__somebody_new_sets_a_password_by_a_link_once(
    enter: Callable[..., TestClient], ledger: Ledger
) -> None:
    made = signing_in.send(enter(ADMIN), "/accounts", email="Sam@office.example", role="scientist")
    link, newcomer = link_in(made), enter()

    assert "sam@office.example" in newcomer.get(link).text
    assert use(newcomer, link, NEW).headers["Location"] == "/"
    assert newcomer.get("/").status_code == 200
    assert enter().get(link).status_code == 404
    assert signing_in.sign_in(enter(), email="sam@office.example", password=NEW).status_code == 303


@pytest.mark.parametrize("password", ["short", "sam@office.example", "aaaaaaaaaaaaaaaa", "", "x" * 1001])
def test_accounts__a_poor_password_is_refused_and_the_link_stays(
    enter: Callable[..., TestClient], password: str
) -> None:
    link = link_in(signing_in.send(enter(ADMIN), "/accounts", email="sam@office.example", role="coder"))
    answer = use(enter(), link, password)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert use(enter(), link, NEW).status_code == 303


def test_accounts__a_link_ends_after_three_days_or_when_the_account_changes(
    enter: Callable[..., TestClient], clock: Clock, ledger: Ledger
) -> None:
    admin = enter(ADMIN)
    path = f"/accounts/{account(ledger, LEAD).id}/link"
    old, used = link_in(signing_in.send(admin, path, at="/accounts")), enter()
    signing_in.send(admin, f"/accounts/{account(ledger, LEAD).id}/role", at="/accounts", role="coder")
    assert used.get(old).status_code == 404

    late = link_in(signing_in.send(admin, path, at="/accounts"))
    clock.pass_by(days=3, seconds=1)
    assert used.get(late).status_code == 404
    assert used.get("/password?link=forged").status_code == 404


def test_accounts__are_disabled_and_enabled(enter: Callable[..., TestClient], ledger: Ledger) -> None:
    admin, lead = enter(ADMIN), enter(LEAD)
    path = f"/accounts/{account(ledger, LEAD).id}"
    signing_in.send(admin, f"{path}/disable", at="/accounts")
    assert lead.get("/").status_code == 303
    assert signing_in.sign_in(lead, email=LEAD, password=PASSWORD).status_code == 401

    signing_in.send(admin, f"{path}/enable", at="/accounts")
    assert signing_in.sign_in(lead, email=LEAD, password=PASSWORD).status_code == 303


@pytest.mark.parametrize("change", ["disable", "role"])
def test_accounts__the_last_admin_stays(enter: Callable[..., TestClient], ledger: Ledger, change: str) -> None:
    path = f"/accounts/{account(ledger, ADMIN).id}/{change}"
    answer = signing_in.send(enter(ADMIN), path, at="/accounts", role="lead")

    assert answer.status_code == 422
    assert "is the last admin" in answer.text
    assert account(ledger, ADMIN).role is Role.ADMIN
    with pytest.raises(CheckFailedError), ledger.begin() as work:
        granting.disable(work, account(ledger, ADMIN), by=granting.Visitor("", Role.ADMIN), now=NOW)


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c d", LEAD, f"{'x' * 250}@office.example"])
def test_accounts__what_is_no_new_address_is_refused(enter: Callable[..., TestClient], email: str) -> None:
    answer = signing_in.send(enter(ADMIN), "/accounts", email=email, role="lead")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_account__its_owner_changes_the_password_and_stays(enter: Callable[..., TestClient]) -> None:
    here, elsewhere = enter(LEAD), enter(LEAD)
    wrong = signing_in.send(here, "/account/password", at="/account", old="wrong", new=NEW)
    right = signing_in.send(here, "/account/password", at="/account", old=PASSWORD, new=NEW)

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


def test_account__the_old_password_cannot_be_guessed_there(enter: Callable[..., TestClient]) -> None:
    client = enter(LEAD)
    for _ in range(6):
        answer = signing_in.send(client, "/account/password", at="/account", old="wrong", new=NEW)

    assert "Too many attempts" in answer.text


def test_tokens__shown_once_and_revoked(enter: Callable[..., TestClient], ledger: Ledger) -> None:
    client = enter(LEAD)
    made = signing_in.send(client, "/account/tokens", at="/account", name="nightly", scope="write", days="30")
    token = re.findall(r"awb_[\w-]{43}", made.text)
    bearer = {"Authorization": f"Bearer {token[0]}"}

    assert len(token) == 1
    assert token[0] not in client.get("/account").text
    assert client.get("/api/campaigns", headers=bearer).status_code == 200
    with ledger.read() as work:
        kept = work.tokens.of(account(ledger, LEAD).id)[0]
    assert kept.expires_at == NOW + timedelta(days=30)
    signing_in.send(client, f"/account/tokens/{kept.id}/revoke", at="/account")
    assert client.get("/api/campaigns", headers=bearer).status_code == 401


def test_tokens__of_others_are_revoked_by_admins_alone(enter: Callable[..., TestClient], ledger: Ledger) -> None:
    with ledger.begin() as work:
        owner, by = work.accounts.get(ADMIN), granting.Visitor("", Role.ADMIN)
        mine = granting.create_token(work, owner, "a", granting.Scope.READ, days=1, by=by, now=NOW).token
        owner = work.accounts.get(LEAD)
        theirs = granting.create_token(work, owner, "b", granting.Scope.READ, days=1, by=by, now=NOW).token

    assert signing_in.send(enter(LEAD), f"/account/tokens/{mine.id}/revoke", at="/account").status_code == 404
    assert signing_in.send(enter(ADMIN), f"/account/tokens/{theirs.id}/revoke", at="/accounts").status_code == 303
    with ledger.read() as work:
        assert [work.tokens.get(one.id).revoked_at for one in (mine, theirs)] == [None, NOW]


@pytest.mark.parametrize(
    ("name", "scope", "days"), [("", "read", "1"), ("n", "all", "1"), ("n", "read", "0"), ("n", "read", "ten")]
)
def test_tokens__that_make_no_sense_are_refused(
    enter: Callable[..., TestClient], name: str, scope: str, days: str
) -> None:
    answer = signing_in.send(enter(LEAD), "/account/tokens", at="/account", name=name, scope=scope, days=days)

    assert answer.status_code == 422


def test_audit__tells_who_did_what_and_no_secret(enter: Callable[..., TestClient], ledger: Ledger) -> None:
    admin = enter(ADMIN)
    link = link_in(signing_in.send(admin, "/accounts", email="sam@office.example", role="coder"))
    use(enter(), link, NEW)
    made = signing_in.send(admin, "/account/tokens", at="/account", name="nightly", scope="read", days="30")
    page = admin.get("/audit").text

    for told in ("signed in", "added an account", "made a link for a password", "set a password", "created a token"):
        assert told in page
    token = re.findall(r"awb_[\w-]{43}", made.text)[0]
    for secret in (token, NEW, PASSWORD, link.partition("=")[2]):
        assert secret not in page
    assert "sign in try" not in page
    assert enter(LEAD).get("/audit").status_code == 403


def test_audit__comes_page_by_page(enter: Callable[..., TestClient], ledger: Ledger) -> None:
    with ledger.begin() as work:
        for number in range(250):
            work.audit.record("deed", f"subject-{number:03}", now=NOW)
    admin = enter(ADMIN)

    assert admin.get("/audit?page=2").text.count("subject-") == 100
    assert "subject-000" in admin.get("/audit?page=3").text
    assert admin.get("/audit?page=9").status_code == 200
    assert admin.get("/audit?page=0").status_code == 422


def test_account__of_whoever_has_none_says_so(ledger: Ledger) -> None:
    settings = Settings(serve={"tokens": "a-token"})
    app = create_app(ledger=ledger, settings=settings, champion=lambda: None, clock=lambda: NOW)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        signing_in.sign_in(client, token="a-token")
        assert client.get("/account").status_code == 404
