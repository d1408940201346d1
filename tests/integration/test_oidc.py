"""Signing in through a real OpenID Connect provider."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from annotation.api.oidc import Client, Flow, IdentityRefusedError, Provider
from annotation.domain.account import Role
from annotation.errors import InvalidInputError, UnreachableError
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.annotation.api.conftest import TestClient
from tests.parts import browser as browsers
from tests.parts import filled_ledger, oidc, signing_in
from tests.parts.oidc import CLIENT, OTHER_CLIENT, SECRET, OidcServer
from tests.parts.ports import free_port

pytestmark = pytest.mark.integration

HOME = "http://127.0.0.1"
PORT = free_port()
REDIRECT = f"{HOME}/login/identity/back"
ROLES = {"leads": "lead", "coders": "coder"}


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcServer]:
    redirect = [REDIRECT, f"{HOME}:{PORT}/login/identity/back"]
    with oidc.serving(
        tmp_path_factory.mktemp("oidc"), redirect=redirect, out=[f"{HOME}/login", f"{HOME}:{PORT}/login"]
    ) as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = filled_ledger.empty_ledger(tmp_path)
    filled_ledger.add_campaign(ledger)
    return ledger


@pytest.fixture
def new_client(server: OidcServer, ledger: Ledger) -> Iterator[Callable[..., TestClient]]:
    clients: list[TestClient] = []

    def make(**given: Any) -> TestClient:
        app = create_app(ledger=ledger, settings=_settings(server.issuer, **given), champion=lambda: None)
        clients.append(TestClient(app, base_url=HOME, follow_redirects=False))
        return clients[-1].__enter__()

    yield make
    for one in clients:
        one.__exit__(None, None, None)


@pytest.fixture
def provider(server: OidcServer) -> Provider:
    return Provider(Client(server.issuer, CLIENT, SECRET, "openid email profile"), clock=clock)


def _settings(issuer: str, **given: Any) -> Settings:
    known = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "role_claim": "realm_access.roles"}
    return Settings(serve={"oidc": {**known, "roles": ROLES, **given}})


def _enter(client: TestClient, server: OidcServer, person: str, target: str = "/") -> httpx.Response:
    gone = client.get("/login/identity", params={"next": target})
    return client.get(server.log_in(gone.headers["Location"], person))


def _answer(provider: Provider, server: OidcServer, flow: Flow, person: str = "lea") -> dict[str, str]:
    url = server.log_in(provider.authorization_url(flow, redirect_uri=REDIRECT), person)
    return dict(parse_qsl(urlsplit(url).query))


def test_identity__a_lead_comes_in_with_the_role_of_their_group(
    new_client: Callable[..., TestClient], server: OidcServer, ledger: Ledger
) -> None:
    client = new_client()
    assert client.get("/campaigns/main").headers["Location"].startswith("/login")
    assert 'href="/login/identity?next=%2Fcampaigns%2Fmain"' in client.get("/login?next=/campaigns/main").text

    answer = _enter(client, server, "lea", "/campaigns/main")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/campaigns/main")
    assert client.get("/campaigns/main").status_code == 200
    assert client.get("/accounts").status_code == 403
    with ledger.read() as work:
        account = work.accounts.get("lea@office.example")
        assert (account.role, account.issuer, account.subject) == (Role.LEAD, server.issuer, "lea")
        assert [row.action for row in work.audit.latest()] == ["sign_in", "account_add"]


def test_identity__the_role_follows_the_groups_and_old_sessions_end(
    new_client: Callable[..., TestClient], server: OidcServer, ledger: Ledger
) -> None:
    before, after = new_client(), new_client(roles={"leads": "scientist"})
    _enter(before, server, "lea")
    _enter(after, server, "lea")

    assert before.get("/").headers["Location"].startswith("/login")
    with ledger.read() as work:
        assert work.accounts.get("lea@office.example").role is Role.SCIENTIST


def test_identity__roles_given_here_stay(
    new_client: Callable[..., TestClient], server: OidcServer, ledger: Ledger
) -> None:
    client = new_client(role_claim="", default_role="coder")
    with ledger.begin() as work:
        work.accounts.add("lea@office.example", Role.LEAD, now=clock())
    _enter(client, server, "lea")
    _enter(client, server, "sam")

    with ledger.read() as work:
        assert work.accounts.get("lea@office.example").role is Role.LEAD
        assert work.accounts.get("sam@office.example").role is Role.CODER


@pytest.mark.parametrize(("person", "said"), [("sam", "has no role"), ("una", "does not vouch for your e-mail")])
def test_identity__people_without_a_role_or_a_verified_address_are_refused(
    new_client: Callable[..., TestClient], server: OidcServer, ledger: Ledger, person: str, said: str
) -> None:
    answer = _enter(new_client(), server, person)

    assert answer.status_code == 403
    assert said in answer.text
    assert "awb_session" not in answer.headers.get("Set-Cookie", "")
    with ledger.read() as work:
        assert not work.accounts.exist()
        assert work.audit.latest()[0].action == "sign_in_failed"


def test_identity__an_account_with_a_password_is_not_taken_over(
    new_client: Callable[..., TestClient], server: OidcServer, ledger: Ledger
) -> None:
    signing_in.add_account(ledger, "lea@office.example", Role.ADMIN)
    answer = _enter(new_client(), server, "lea")

    assert answer.status_code == 403
    assert "signs in another way" in answer.text


def test_identity__a_disabled_account_stays_out(
    new_client: Callable[..., TestClient], server: OidcServer, ledger: Ledger
) -> None:
    client = new_client()
    _enter(client, server, "lea")
    with ledger.begin() as work:
        work.accounts.disable(work.accounts.get("lea@office.example").id, now=clock())

    assert client.get("/").headers["Location"].startswith("/login")
    assert _enter(client, server, "lea").status_code == 403


def test_identity__another_state_is_refused(new_client: Callable[..., TestClient], server: OidcServer) -> None:
    client = new_client()
    back = server.log_in(client.get("/login/identity").headers["Location"], "lea")
    parts = urlsplit(back)
    forged = urlencode({**dict(parse_qsl(parts.query)), "state": "forged"})
    answer = client.get(urlunsplit(parts._replace(query=forged)))

    assert answer.status_code == 403
    assert "another signing-in" in answer.text


def test_identity__an_answer_without_a_signing_in_of_this_browser_is_refused(
    new_client: Callable[..., TestClient], server: OidcServer
) -> None:
    """Else an attacker could sign somebody in under the attacker's own name."""
    back = server.log_in(new_client().get("/login/identity").headers["Location"], "lea")
    answer = new_client().get(back)

    assert answer.status_code == 403
    assert "no signing-in was begun in this browser" in answer.text


def test_claims__come_with_everything_in_order(provider: Provider, server: OidcServer) -> None:
    flow = Flow.new()
    claims = provider.claims(_answer(provider, server, flow), flow, redirect_uri=REDIRECT)

    assert (claims["sub"], claims["aud"], claims["realm_access"]) == (
        "lea", CLIENT, {"roles": ["offline", "leads"]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"nonce": "another"}, "nonce"), ({"verifier": "v" * 64}, "invalid_grant"), ({"state": "s"}, "another signing")],
)
def test_claims__of_another_flow_are_refused(
    provider: Provider, server: OidcServer, changes: dict[str, str], said: str
) -> None:
    flow = Flow.new()
    answer = _answer(provider, server, flow)

    with pytest.raises(IdentityRefusedError, match=said):
        provider.claims(answer, replace(flow, **changes), redirect_uri=REDIRECT)


def test_claims__a_code_is_good_once(provider: Provider, server: OidcServer) -> None:
    flow = Flow.new()
    answer = _answer(provider, server, flow)
    provider.claims(answer, flow, redirect_uri=REDIRECT)

    with pytest.raises(IdentityRefusedError, match="invalid_grant"):
        provider.claims(answer, flow, redirect_uri=REDIRECT)


@pytest.mark.parametrize("named", [{}, {"iss": "https://another.example"}])
def test_claims__an_answer_of_another_provider_is_refused(
    provider: Provider, server: OidcServer, named: dict[str, str]
) -> None:
    flow = Flow.new()
    answer = {name: value for name, value in _answer(provider, server, flow).items() if name != "iss"}

    with pytest.raises(IdentityRefusedError, match="another provider"):
        provider.claims({**answer, **named}, flow, redirect_uri=REDIRECT)


class Swapped(Provider):
    """Hands over tokens that the real provider gave to somebody else, at another time, or that were changed."""

    tokens: dict[str, Any]

    def _redeem(self, code: str, flow: Flow, redirect_uri: str) -> dict[str, Any]:
        return self.tokens


class Keeping(Provider):
    tokens: dict[str, Any]

    def _redeem(self, code: str, flow: Flow, redirect_uri: str) -> dict[str, Any]:
        self.tokens = dict(super()._redeem(code, flow, redirect_uri))
        return self.tokens


def _tokens(server: OidcServer, flow: Flow, client: str) -> tuple[dict[str, Any], dict[str, str]]:
    keeping = Keeping(Client(server.issuer, client, SECRET, "openid email profile"), clock=clock)
    answer = _answer(keeping, server, flow)
    keeping.claims(answer, flow, redirect_uri=REDIRECT)
    return keeping.tokens, answer


def _changed(token: str, **claims: object) -> str:
    head, body, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=="))
    content = base64.urlsafe_b64encode(json.dumps({**told, **claims}).encode()).rstrip(b"=").decode()
    return f"{head}.{content}.{signature}"


def _unsigned(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


@pytest.mark.parametrize(
    ("client", "later", "change", "said"),
    [
        (OTHER_CLIENT, timedelta(0), str, "aud"),
        (CLIENT, timedelta(hours=3), str, "expired"),
        (CLIENT, timedelta(0), lambda token: _changed(token, sub="cody"), "bad_signature"),
        (CLIENT, timedelta(0), _unsigned, "unsupported_algorithm|not valid"),
        (CLIENT, timedelta(0), lambda _token: "", "not valid"),
    ],
)
def test_claims__of_a_token_that_is_not_valid_are_refused(
    server: OidcServer, client: str, later: timedelta, change: Callable[[str], str], said: str
) -> None:
    flow = Flow.new()
    tokens, answer = _tokens(server, flow, client)
    swapped = Swapped(Client(server.issuer, CLIENT, SECRET, "openid"), clock=lambda: clock() + later)
    swapped.tokens = {**tokens, "id_token": change(tokens["id_token"])}

    with pytest.raises(IdentityRefusedError, match=said):
        swapped.claims(answer, flow, redirect_uri=REDIRECT)


def test_claims__a_wrong_secret_is_told(server: OidcServer) -> None:
    flow, provider = Flow.new(), Provider(Client(server.issuer, CLIENT, "wrong", "openid"), clock=clock)

    with pytest.raises(IdentityRefusedError, match="invalid_client"):
        provider.claims(_answer(provider, server, flow), flow, redirect_uri=REDIRECT)


def test_identity__a_provider_that_is_away_is_told(ledger: Ledger) -> None:
    issuer = f"{HOME}:{free_port()}"
    app = create_app(ledger=ledger, settings=_settings(issuer), champion=lambda: None)
    with TestClient(app, base_url=HOME, follow_redirects=False) as client:
        answer = client.get("/login/identity")

    assert answer.status_code == 503
    assert f"The identity provider at {issuer} does not answer" in answer.text


def test_provider__under_another_name_is_refused(server: OidcServer) -> None:
    named = Provider(Client(server.issuer.replace("127.0.0.1", "localhost"), CLIENT, SECRET, "openid"), clock=clock)

    with pytest.raises((InvalidInputError, UnreachableError)):
        named.authorization_url(Flow.new(), redirect_uri=REDIRECT)


def test_provider__without_https_beyond_this_machine_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="https"):
        Provider(Client("http://keycloak.example", CLIENT, SECRET, "openid"), clock=clock)


@pytest.mark.browser
def test_identity__in_a_browser_and_out_again(browser: Browser, server: OidcServer, ledger: Ledger) -> None:
    settings = _settings(server.issuer, title="the office")
    app = create_app(ledger=ledger, settings=settings, champion=lambda: None)
    with browsers.serving(app, port=PORT) as address:
        page = browser.new_page()
        page.goto(f"{address}/campaigns/main")
        page.get_by_role("link", name="Se connecter avec the office").click()
        page.get_by_placeholder("Enter any login").fill("lea")
        page.get_by_placeholder("and password").fill("any")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Créations de novembre")

        page.get_by_role("button", name="Se déconnecter").click()
        page.get_by_role("link", name="S’y déconnecter aussi").click()
        page.get_by_role("button", name="Yes, sign me out").click()
        expect(page.get_by_role("link", name="Se connecter avec the office")).to_be_visible()
        page.close()
