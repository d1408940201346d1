"""What a lead does on the pages of drift, draws, training sets and models, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from tests.parts import browser as browsers
from tests.parts import filled_ledger, lead_pages
from tests.parts.filled_ledger import NOW, RIGHT, WRONG

pytestmark = [pytest.mark.integration, pytest.mark.browser]

PATHS = (
    "/campaigns/main/monitoring",
    "/campaigns/main/draws",
    "/draws/1",
    "/trainingsets/trainingset",
    "/trainingsets/trainingset/diff?from=v1&to=v2&change=recoded",
    "/models/learnt",
    "/models/learnt/2",
    "/texts/flow-5-1",
    "/campaigns/main/manage",
    "/campaigns/main/exports",
    "/new",
)
# What the browser notes where a form comes back with what is wrong in it.
REFUSED = "422 (Unprocessable"
SETTLED = "[hx-trigger^='load delay']"

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    home = tmp_path_factory.mktemp("lead-browser")
    ledger = filled_ledger.empty_ledger(home)
    lead_pages.fill(ledger)
    lead_pages.commit(ledger, home, ({"flow-5-1": RIGHT, "b": RIGHT}, {"flow-5-1": WRONG, "c": RIGHT}))
    return ledger


@pytest.fixture(scope="module")
def address(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = next(tmp_path_factory.getbasetemp().glob("lead-browser*"))
    app = create_app(
        ledger=ledger, settings=lead_pages.settings(home), champion=lambda: "activity/3", clock=lambda: NOW
    )
    with browsers.serving(app) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Opens a path and waits for its figures; in the end the browser must have complained of nothing."""
    complaints: list[str] = []
    contexts = []

    def make(path: str, *, width: int = 1280, script: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address + path)
        if script:
            expect(page.locator(SETTLED)).to_have_count(0, timeout=60_000)
        return page

    yield make
    for context in contexts:
        context.close()
    assert [one for one in complaints if REFUSED not in one] == []


@pytest.mark.parametrize("path", PATHS)
def test_pages__fit_and_can_be_used_by_everybody(visit: Visit, path: str) -> None:
    page = visit(path)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        found = Axe().run(page).response["violations"]

        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        assert serious == []


def test_draw__a_filter_changes_the_list_alone_and_the_address(visit: Visit) -> None:
    page = visit("/draws/1")
    expect(page.locator("#draw-tasks tbody tr")).to_have_count(50)
    page.get_by_label("Mots du texte").fill("t1-audit-59")

    expect(page.locator("#draw-tasks tbody tr")).to_have_count(1)
    expect(page.get_by_label("Mots du texte")).to_be_focused()
    assert "search=t1-audit-59" in page.url


def test_draw__works_without_script(visit: Visit) -> None:
    page = visit("/draws/1", script=False)
    page.get_by_label("Composante", exact=True).select_option("uncertain")
    page.get_by_role("button", name="Filtrer").click()
    page.get_by_role("link", name="Page suivante").click()

    expect(page.locator("#draw-tasks tbody tr")).to_have_count(40)


def test_monitoring__another_level_by_keyboard(visit: Visit) -> None:
    page = visit("/campaigns/main/monitoring")

    expect(page.locator("canvas")).to_have_count(3)
    page.get_by_role("button", name="Afficher").press("Enter")
    expect(page).to_have_url(re.compile("level=1"))
    expect(page.locator("canvas")).to_have_count(3)


def test_manage__a_lead_pauses_mends_a_field_and_goes_on(visit: Visit, ledger: Ledger) -> None:
    page = visit("/campaigns/main/manage")
    page.get_by_role("button", name="Mettre en pause").press("Enter")
    expect(page.get_by_role("status")).to_have_text("La campagne est en pause.")
    page.get_by_label("Textes codés deux fois, au hasard").fill("200")
    page.locator("form[action$='/policy'] > button").click()
    wrong = page.get_by_label("Textes codés deux fois, au hasard")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("10")
    page.locator("form[action$='/policy'] > button").click()
    expect(page.get_by_role("status")).to_have_text("Le nouveau fonctionnement est en vigueur.")
    page.get_by_role("button", name="Reprendre").click()
    expect(page.get_by_role("status")).to_have_text("La campagne reprend.")

    with ledger.read() as work:
        assert work.policies.current("main").second_share == 0.1


def test_exports__a_table_is_downloaded(visit: Visit) -> None:
    page = visit("/campaigns/main/exports")
    with page.expect_download() as begun:
        page.get_by_role("link", name="Jugements, CSV").click()

    assert begun.value.suggested_filename == "main-judgements-2026-11-22.csv"
