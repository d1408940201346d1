"""Getting in and giving access, in a real browser: by keyboard, on wide and narrow screens, for screen readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from annotation.api import granting
from annotation.api.visitor import Visitor
from annotation.domain.account import Role, Scope
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.parts import browser as browsers
from tests.parts import filled_ledger, signing_in
from tests.parts.filled_ledger import NOW
from tests.parts.signing_in import PASSWORD

pytestmark = [pytest.mark.integration, pytest.mark.browser]

OUTPUT = Path(__file__).parents[1] / "output" / "access"
ADMIN, LEAD = "ada@office.example", "lea@office.example"
NEW = "four quite unrelated words"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = filled_ledger.empty_ledger(tmp_path_factory.mktemp("access"))
    filled_ledger.add_campaign(ledger)
    for email, role in ((ADMIN, Role.ADMIN), (LEAD, Role.LEAD), ("sam@office.example", Role.SCIENTIST)):
        signing_in.add_account(ledger, email, role)
    with ledger.begin() as work:
        owner, by = work.accounts.get(ADMIN), Visitor(ADMIN, Role.ADMIN)
        granting.create_token(work, owner, "export of the night", Scope.READ, days=90, by=by, now=NOW)
        granting.disable(work, work.accounts.get("sam@office.example"), by=by, now=NOW)
    return ledger


@pytest.fixture(scope="module")
def address(ledger: Ledger) -> Iterator[str]:
    settings = Settings(serve={"tokens": "a-token", "oidc": {"issuer": "https://id.example", "client_id": "awb"}})
    app = create_app(ledger=ledger, settings=settings, champion=lambda: None, clock=lambda: NOW)
    with browsers.serving(app) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Open]:
    contexts = []

    def make(path: str, *, width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(address + path)
        return page

    yield make
    for context in contexts:
        context.close()


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def look(page: Page, name: str, width: int) -> None:
    """No finding of axe that it calls serious or critical; the pictures are for people to look at."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}.png", full_page=True)
    found = Axe().run(page).response["violations"]

    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in serious] == [], name


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_of_access__fit_and_are_accessible(visit: Open, address: str, ledger: Ledger, width: int) -> None:
    page = visit("/login", width=width)
    look(page, f"login-{width}", width)
    sign_in(page, "nobody@office.example")
    expect(page.get_by_role("alert")).to_contain_text("ne vont pas ensemble")
    look(page, f"login-wrong-{width}", width)
    sign_in(page, ADMIN)
    for name, path in (("account", "/account"), ("accounts", "/accounts"), ("audit", "/audit")):
        page.goto(address + path)
        look(page, f"{name}-{width}", width)
    page.goto(f"{address}/accounts")
    page.get_by_role("button", name=f"Lien pour un mot de passe {LEAD}").click()
    look(page, f"link-{width}", width)
    page.goto(page.get_by_text(re.compile(r"/password\?link=")).inner_text())
    look(page, f"password-{width}", width)
    page.goto(f"{address}/campaigns/main/forbidden")
    look(page, f"missing-{width}", width)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_login__in_english_and_in_the_dark(visit: Open, scheme: str) -> None:
    page = visit("/login", scheme=scheme)
    page.get_by_role("link", name="English").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    look(page, f"login-en-{scheme}", 1280)


def test_login__by_keyboard_alone(visit: Open) -> None:
    page = visit("/login?next=/account")
    page.get_by_label("Adresse électronique").focus()
    page.keyboard.type(LEAD)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Connexion").first).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Mon compte")


def test_access__an_admin_lets_somebody_in(visit: Open, address: str) -> None:
    admin, newcomer = visit("/login?next=/accounts"), visit("/login")
    sign_in(admin, ADMIN)
    form = admin.get_by_role("region", name="Ajouter un compte")
    form.get_by_label("Adresse électronique").fill("cody@office.example")
    form.get_by_label("Rôle").select_option(label="Codeur")
    form.get_by_role("button", name="Ajouter un compte").click()
    newcomer.goto(admin.get_by_text(re.compile(r"/password\?link=")).inner_text())
    newcomer.get_by_label("Nouveau mot de passe").fill(NEW)
    newcomer.keyboard.press("Enter")
    expect(newcomer.get_by_role("button", name="Se déconnecter")).to_be_visible()

    admin.get_by_role("button", name="Désactiver cody@office.example").click()
    newcomer.reload()
    expect(newcomer.get_by_role("heading", level=1)).to_have_text("Connexion")
