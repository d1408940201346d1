from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest

from annotation.api import wording
from annotation.domain.campaign import Campaign
from annotation.errors import UnreachableError
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import TOKEN, NewClient, TestClient
from tests.parts import filled_ledger, signing_in
from tests.parts.filled_ledger import NOW


@pytest.fixture
def demo(filled: Ledger, new_client: NewClient) -> TestClient:
    """On loopback without tokens, where pages are open."""
    return new_client(filled, tokens="")


def _sign_in(client: TestClient, token: str = TOKEN, target: str = "/campaigns/main") -> None:
    client.cookies.clear()
    signing_in.sign_in(client, token=token, target=target)


def whole(client: TestClient, path: str) -> str:
    """The page once all of its figures are there."""
    deadline = time.monotonic() + 60
    while 'hx-trigger="load' in (page := client.get(path).text):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return page


def test_campaign_page__french_with_interval_and_how_it_was_measured(demo: TestClient) -> None:
    page = whole(demo, "/campaigns/main")

    assert '<html lang="fr">' in page
    assert "85,2\u202f%" in page
    assert re.search("Intervalle de confiance à 95\u202f%\u00a0: de 7\\d,\\d à 90,\\d\u202f%", page)
    assert "Mesurée sur 106 textes tirés au hasard avec des probabilités connues" in page
    assert "9 chances sur 10\u00a0: entre le 26\u00a0novembre 2026 et le 1er\u00a0décembre 2026" in page


def test_campaign_page__english(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.add_campaign(empty, language="en")
    page = whole(new_client(empty, tokens="", champion=lambda: None), "/campaigns/main")

    assert '<html lang="en">' in page
    assert "No draw has been made yet" in page
    assert "No model is in production yet." in page


def test_campaign_page__closed(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.add_campaign(empty, language="en")
    with empty.begin() as work:
        work.campaigns.close("main", now=NOW)
    page = whole(new_client(empty, tokens=""), "/campaigns/main")

    assert "Closed on 22\u00a0November 2026" in page
    assert "the campaign is closed" in page


def test_campaign_page__a_title_is_text_and_nothing_else(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.add_campaign(empty, title="<script>alert('x')</script>" + "é" * 300)
    client = new_client(empty, tokens="")

    for path in ("/", "/campaigns/main", "/campaigns/none"):
        page = client.get(path).text
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_campaign_page__no_script_inside_and_no_other_server(demo: TestClient) -> None:
    for path in ("/", "/campaigns/main", "/login", "/nowhere"):
        page = demo.get(path).text
        assert re.findall(r"<script(?! src=\"/static/[^\"]+\" defer></script>)", page) == []
        assert not re.search(r" on\w+=", page)
        assert not re.search(r"(?:href|src|action)=\"(?!/|#)", page)
        assert "style=" not in page


def test_campaign_page__says_that_the_registry_is_away(filled: Ledger, new_client: NewClient) -> None:
    def champion() -> str | None:
        raise UnreachableError("MLflow does not answer.", cure="Start it.")

    answer = new_client(filled, tokens="", champion=champion).get("/campaigns/main")

    assert answer.status_code == 200
    assert "MLflow does not answer. Start it." in answer.text


def test_campaign_page__unknown_leads_to_the_known(demo: TestClient) -> None:
    answer = demo.get("/campaigns/nowhere")

    assert answer.status_code == 404
    assert 'href="/campaigns/main"' in answer.text
    assert "There is no campaign nowhere" in answer.text


def test_home__lists_campaigns_in_their_common_language(empty: Ledger, new_client: NewClient) -> None:
    client = new_client(empty, tokens="")
    assert "awb campaign create" in client.get("/").text

    filled_ledger.add_campaign(empty, language="en", title="Receipts")
    assert "<h1>Campaigns</h1>" in client.get("/").text

    with empty.begin() as work:
        work.campaigns.add(Campaign("with space/slash", "Autre", "naf", "fr", NOW + timedelta(days=1)))
    page = client.get("/").text
    assert "<h1>Campagnes</h1>" in page
    assert 'href="/campaigns/with%20space' in page


def test_pages__ask_to_sign_in_and_lead_back(filled: Ledger, new_client: NewClient) -> None:
    client = new_client(filled)
    asked = client.get("/campaigns/main")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/login?next=%2Fcampaigns%2Fmain")

    signed_in = signing_in.sign_in(client, token=f" {TOKEN} ", target="/campaigns/main")
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/campaigns/main")
    cookie = signed_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie

    assert client.get("/campaigns/main").status_code == 200
    signing_in.send(client, "/logout", at="/campaigns/main")
    assert client.get("/campaigns/main").status_code == 303


def test_pages__wrong_token(filled: Ledger, new_client: NewClient) -> None:
    client = new_client(filled)
    answer = signing_in.sign_in(client, token="wrong")

    assert answer.status_code == 401
    assert "awb_session" not in answer.headers["Set-Cookie"]
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere", "", "x"])
def test_pages__signing_in_never_leads_elsewhere(filled: Ledger, new_client: NewClient, target: str) -> None:
    answer = signing_in.sign_in(new_client(filled), token=TOKEN, target=target)

    assert answer.headers["Location"] == "/"


def test_pages__a_session_ends_when_tokens_change(filled: Ledger, new_client: NewClient) -> None:
    before, after = new_client(filled), new_client(filled, tokens="another")
    _sign_in(before)
    after.cookies.update(before.cookies)

    assert before.get("/").status_code == 200
    assert after.get("/").status_code == 303


def test_pages__forged_cookie(filled: Ledger, new_client: NewClient) -> None:
    client = new_client(filled)
    client.cookies.set("awb_session", "InNpZ25lZCBpbiI.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")

    assert client.get("/").status_code == 303


def test_pages__closed_without_tokens_beyond_loopback(filled: Ledger, new_client: NewClient) -> None:
    answer = new_client(filled, tokens="", host="0.0.0.0").get("/campaigns/main")

    assert answer.status_code == 503
    assert "AWB_SERVE__TOKENS" in answer.text
    assert "Créations" not in answer.text


def test_pages__another_name_for_this_machine_sees_nothing(demo: TestClient) -> None:
    answer = demo.get("/campaigns/main", headers={"Host": "rebound.example"})

    assert answer.status_code == 401
    assert "Créations" not in answer.text


def test_pages__unknown_path_tells_strangers_no_titles(filled: Ledger, new_client: NewClient) -> None:
    answer = new_client(filled).get("/campaigns/main/nothing")

    assert answer.status_code == 404
    assert "Créations" not in answer.text


def test_pages__headers(demo: TestClient) -> None:
    page, style = demo.get("/campaigns/main"), demo.get("/static/workbench.css")

    assert page.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; connect-src 'self'"
    )
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert style.status_code == 200


def test_wording__languages_have_the_same_keys_and_blanks() -> None:
    english, french = wording.LANGUAGES["en"], wording.LANGUAGES["fr"]

    assert set(english) == set(french)
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", french[key])), key
