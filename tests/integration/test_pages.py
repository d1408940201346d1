"""What a person sees, in a real browser on a really running server."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from annotation.domain.campaign import Campaign
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.parts import browser as browsers
from tests.parts import filled_ledger
from tests.parts.absence import absent
from tests.parts.filled_ledger import NOW

pytestmark = [pytest.mark.integration, pytest.mark.browser]

TOKEN = "a-token-of-this-test"
Scheme = Literal["dark", "light"]
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = filled_ledger.empty_ledger(tmp_path_factory.mktemp("pages"))
    filled_ledger.fill(ledger, coders=40)
    with ledger.begin() as work:
        work.campaigns.add(Campaign("bare", "Nothing drawn", "naf", "en", NOW))
        work.campaigns.add(Campaign("odd", "<script>document.title='x'</script>" + "W" * 300, "naf", "en", NOW))
    return ledger


@pytest.fixture(scope="module")
def address(ledger: Ledger) -> Iterator[str]:
    app = create_app(ledger=ledger, settings=Settings(), champion=lambda: "activity/3", clock=lambda: NOW)
    with browsers.serving(app) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Open]:
    """Opens a path, and in the end checks that the browser complained of nothing and asked no other server."""
    complaints: list[str] = []
    contexts = []

    def make(path: str, *, width: int = 1280, scheme: Scheme = "light", script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _only(address, request.url, complaints))
        page.goto(address + path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def wait_for_figures(page: Page) -> None:
    """Those that are worked out beside the page come in by themselves."""
    expect(page.locator("[hx-trigger^=load]")).to_have_count(0, timeout=60_000)


def _only(address: str, url: str, complaints: list[str]) -> None:
    if not url.startswith((address, "data:")):
        complaints.append(f"asked {url}")


def test_campaign__a_lead_sees_where_it_stands_and_what_it_brought(visit: Open) -> None:
    page = visit("/")
    page.get_by_role("link", name="Créations de novembre").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Créations de novembre")
    figures = page.get_by_role("region", name="Avancement")
    expect(figures).to_contain_text("240 sur 300 posées")
    expect(figures).to_contain_text("entre le 26 novembre 2026 et le 1er décembre 2026")
    wait_for_figures(page)
    accuracy = page.get_by_role("region", name="Exactitude du modèle en production")
    expect(accuracy).to_contain_text("85,2 %")
    interval = re.compile(r"de 7\d,\d à 90,\d\s%")
    expect(accuracy).to_contain_text(interval)
    expect(accuracy).to_contain_text("106 textes tirés au hasard avec des probabilités connues")
    expect(accuracy.get_by_role("img", name=interval)).to_be_visible()
    expect(page.get_by_role("row", name="activity/3 en production")).to_be_visible()
    expect(page.get_by_role("img", name="Tâches non réglées, jour après jour")).to_be_visible()
    page.get_by_role("link", name="Annotateurs").click()
    expect(page.get_by_role("row", name="C040")).to_be_attached()


@pytest.mark.parametrize(
    "path", ["/", "/campaigns/main", "/campaigns/main/brought", "/campaigns/bare", "/campaigns/odd"]
)
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_pages__fit_the_screen(visit: Open, path: str, width: int) -> None:
    page = visit(path, width=width)
    wait_for_figures(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pages__a_title_with_markup_is_shown_as_text(visit: Open) -> None:
    page = visit("/campaigns/odd")

    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    assert page.title() != "x"


def test_pages__work_without_script(visit: Open) -> None:
    wait_for_figures(visit("/campaigns/main"))
    page = visit("/campaigns/main", script=False)
    page.get_by_text("Les mêmes chiffres en tableau").first.click()

    expect(page.get_by_role("cell", name="150", exact=True).first).to_be_visible()


def test_pages__keyboard_reaches_the_content_first(visit: Open) -> None:
    page = visit("/campaigns/bare")
    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Go to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Go to the content")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages__text_stands_out(visit: Open, scheme: Scheme) -> None:
    """4.5 to 1 is what the accessibility guidelines (WCAG 2.2, AA) ask of text."""
    page = visit("/campaigns/main", scheme=scheme)
    wait_for_figures(page)
    weakest = page.evaluate(_WEAKEST_CONTRAST)

    assert weakest["ratio"] >= 4.5, weakest


def test_sign_in__by_token_and_out_again(browser: Browser, ledger: Ledger) -> None:
    settings = Settings(serve={"tokens": TOKEN})
    app = create_app(ledger=ledger, settings=settings, champion=lambda: None, clock=lambda: NOW)
    with browsers.serving(app) as address:
        page = browser.new_page()
        page.goto(f"{address}/campaigns/bare")
        page.get_by_label("Jeton").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("n’est pas connu")

        page.get_by_label("Jeton").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing drawn")

        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Connexion")
        page.context.close()


def test_documentation__shows_the_routes_offline(visit: Open) -> None:
    if importlib.util.find_spec("fastapi_offline") is None:
        absent("fastapi-offline, which holds the documentation's files, is not installed")
    page = visit("/docs")

    expect(page.get_by_text("List the tasks of a draw")).to_be_visible()


def test_charts__are_drawn_on_paper_in_the_colours_of_paper(visit: Open) -> None:
    page = visit("/campaigns/main/brought", scheme="dark")
    wait_for_figures(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--card').trim()") == "#ffffff"
    assert len(page.pdf()) > 20_000


_WEAKEST_CONTRAST = """() => {
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = parse(colour).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if ((parse(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  let weakest = {ratio: 21};
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join("");
    if (!text) continue;
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < weakest.ratio) weakest = {ratio, text, ink, ground: ground(element)};
  }
  return weakest;
}"""
