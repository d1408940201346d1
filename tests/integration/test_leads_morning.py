"""A lead's morning, in a real browser: what stands, what it brought, who is at work, and then a decision."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from annotation.domain.account import Role
from annotation.domain.declaration import Declaration
from annotation.domain.policy import Policy
from annotation.domain.task import Component, Task
from annotation.domain.team import Enrolment, GoldText, Standing
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.integration.test_pages import wait_for_figures
from tests.parts import browser as browsers
from tests.parts import filled_ledger, signing_in
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer

pytestmark = [pytest.mark.integration, pytest.mark.browser]

OUTPUT = Path(__file__).parents[1] / "output" / "leads-morning"
LEAD = "lead@example.org"
CODER = "anne@example.org"
PAGES = {
    "campaign": "/campaigns/main",
    "brought": "/campaigns/main/brought",
    "coders": "/campaigns/main/coders",
    "monitoring": "/campaigns/main/monitoring",
    "draws": "/campaigns/main/draws",
    "manage": "/campaigns/main/manage",
    "models": "/models/activity",
}
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = filled_ledger.empty_ledger(tmp_path_factory.mktemp("morning"))
    draws = filled_ledger.fill(ledger, coders=6)
    _answer_twice(ledger, draws["2026-09"])
    _gold(ledger)
    _surely(ledger, [t for tasks in draws.values() for t in tasks if t.component is Component.AUDIT])
    signing_in.add_account(ledger, LEAD, Role.LEAD)
    signing_in.add_account(ledger, CODER, Role.CODER)
    with ledger.begin() as work:
        work.policies.set("main", Policy(hourly_rate=32, target_accuracy=0.8, second_share=0.1), by="test", now=NOW)
        for number in range(6):
            state = Standing.TRAINING if number == 5 else Standing.ACTIVE
            work.enrolments.record(Enrolment("main", f"C{number + 1:03}", state, NOW))
    return ledger


def _answer_twice(ledger: Ledger, tasks: tuple[Task, ...]) -> None:
    """A second coder on forty texts, who differs on every fifth."""
    answers = [
        (task, Answer(str((i + 3) % 6), code=WRONG if i % 5 == 0 else RIGHT, days_ago=8, seconds=35))
        for i, task in enumerate(tasks[:40])
    ]
    filled_ledger.judge(ledger, answers)


def _gold(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "gold", days_ago=5, tasks=[(Component.GOLD, 30)])
    with ledger.begin() as work:
        work.coders.pseudonym(filled_ledger.PLATFORM, "0", email=CODER, now=NOW)
        work.gold.record(
            [GoldText("naf", t.text_key, RIGHT, "Le pain est cuit sur place.", "test", NOW) for t in tasks]
        )
    filled_ledger.judge(
        ledger, [(t, Answer(str(i % 6), code=WRONG if i % 9 == 0 else RIGHT, days_ago=3)) for i, t in enumerate(tasks)]
    )


def _surely(ledger: Ledger, audited: list[Task]) -> None:
    """The model in production has margins by which it may be trusted, and a flow goes by."""
    wrong = {task.text_key for task in audited[::6]}
    codes = {task.text_key: WRONG if task.text_key in wrong else RIGHT for task in audited}
    filled_ledger.add_model(ledger, "5", days_ago=1)
    filled_ledger.add_decision(ledger, "activity/5", accepted=True, reason="Better by 4 points.", days_ago=0.5)
    filled_ledger.predict(ledger, "activity/5", codes, sure=set(codes) - wrong)
    with ledger.begin() as work:
        arrivals = [
            Declaration("register", str(i), audited[i % len(audited)].text_key, NOW - timedelta(days=90 * i / 3000))
            for i in range(3000)
        ]
        work.texts.declare(arrivals, now=NOW)


@pytest.fixture(scope="module")
def address(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    saved = {"margin": {"mid": 0.3, "end": 0.25, "low": 0.1, "high": 0.4}}
    (home / "replay.json").write_text(json.dumps({"saved": saved, "default": "margin"}))
    app = create_app(ledger=ledger, settings=Settings(home=home), champion=lambda: "activity/5", clock=lambda: NOW)
    with browsers.serving(app) as address:
        yield address


@pytest.fixture
def enter(browser: Browser, address: str) -> Iterator[Open]:
    """A page on which somebody has signed in; in the end the browser must have complained of nothing."""
    complaints: list[str] = []
    contexts = []

    def make(email: str = LEAD, *, width: int = 1280) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/login")
        page.locator("input[name=email]").fill(email)
        page.locator("input[name=password]").fill(signing_in.PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def test_morning__where_it_stands_what_it_brought_and_a_decision(enter: Open, ledger: Ledger) -> None:
    page = enter()
    page.get_by_role("link", name="Créations de novembre").click()
    wait_for_figures(page)
    figures = page.get_by_role("region", name="Avancement")
    expect(figures).to_contain_text("9 chances sur 10")
    expect(figures).to_contain_text("€")
    expect(page.get_by_role("img", name="Tâches non réglées, jour après jour")).to_be_visible()
    expect(page.get_by_role("region", name="Accord entre annotateurs").first).to_contain_text("Alpha de Krippendorff")

    within = page.get_by_role("navigation", name="Pages de la campagne")
    within.get_by_role("link", name="Ce que l’annotation a apporté").click()
    wait_for_figures(page)
    expect(page.get_by_role("region", name="Ce que l’annotation a apporté")).to_contain_text("heures de codage manuel")
    page.locator("summary").first.click()
    expect(
        page.get_by_role("cell", name="Accord de deux annotateurs").or_(page.get_by_text("activity/5")).first
    ).to_be_visible()

    within.get_by_role("link", name="Annotateurs").click()
    expect(page.get_by_role("row", name="C006")).to_contain_text("en formation")

    within.get_by_role("link", name="Gérer").click()
    page.locator("form[action$='/pause'] button").click()
    within.get_by_role("link", name="Vue d’ensemble").click()
    wait_for_figures(page)
    expect(page.get_by_role("region", name="Avancement")).to_contain_text("la campagne est en pause")
    within.get_by_role("link", name="Gérer").click()
    page.locator("form[action$='/resume'] button").click()
    page.locator("form[action$='/extend'] input[type=date]").fill("2027-02-01")
    page.locator("form[action$='/extend'] button").click()
    with ledger.read() as work:
        policy = work.policies.current("main")
        noted = [one.action for one in work.audit.latest(limit=10)]

    assert (policy.paused, str(policy.ends_on)) == (False, "2027-02-01")
    assert len(noted) >= 3


@pytest.mark.parametrize("width", [1280, 390])
def test_morning__every_page_fits_and_is_accessible(enter: Open, address: str, width: int) -> None:
    """No finding of axe that it calls serious or critical; the pictures are for people to look at."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    page = enter(width=width)
    for name, path in PAGES.items():
        _look(page, address + path, f"{name}-{width}", width)


@pytest.mark.parametrize("width", [1280, 390])
def test_coder__reads_where_gold_differed_and_why(enter: Open, address: str, width: int) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    page = enter(CODER, width=width)
    _look(page, f"{address}/me", f"me-{width}", width)

    expect(page.get_by_role("heading", level=1)).to_have_text("Mes réponses")
    expect(page.get_by_text("Le pain est cuit sur place.").first).to_be_visible()


def _look(page: Page, address: str, name: str, width: int) -> None:
    page.goto(address)
    wait_for_figures(page)
    page.wait_for_timeout(100)
    page.screenshot(path=OUTPUT / f"{name}.png", full_page=True)
    found = Axe().run(page).response["violations"]

    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in serious] == [], name
