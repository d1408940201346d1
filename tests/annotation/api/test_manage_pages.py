from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import Component
from annotation.domain.team import Standing
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import NewClient, TestClient
from tests.parts import filled_ledger, lead_pages
from tests.parts.filled_ledger import NOW

MANAGE = "/campaigns/main/manage"


@pytest.fixture
def ledger(empty: Ledger) -> Ledger:
    filled_ledger.add_campaign(empty)
    return empty


@pytest.fixture
def client(ledger: Ledger, new_client: NewClient) -> TestClient:
    return new_client(ledger, tokens="")


def _send(client: TestClient, path: str, page: str = MANAGE, **fields: object) -> httpx.Response:
    given = {"csrf": lead_pages.csrf(client.get(page).text)} | fields
    answer: httpx.Response = client.post(path, data=given)
    return answer


def _policy(ledger: Ledger, key: str = "main") -> Policy:
    with ledger.read() as work:
        return work.policies.current(key)


def _noted(ledger: Ledger) -> list[str]:
    with ledger.read() as work:
        return [one.action for one in work.audit.latest(limit=10)]


def test_pause_and_resume__are_noted_once(client: TestClient, ledger: Ledger) -> None:
    paused = _send(client, "/campaigns/main/pause")
    again = _send(client, "/campaigns/main/pause")
    assert _policy(ledger).paused
    _send(client, "/campaigns/main/resume")

    assert (paused.status_code, paused.headers["Location"]) == (303, f"{MANAGE}?said=paused")
    assert again.headers["Location"] == f"{MANAGE}?said=unchanged"
    assert not _policy(ledger).paused
    assert _noted(ledger) == ["campaign_resume", "campaign_pause"]


def test_extend__says_beside_the_field_what_is_wrong(client: TestClient, ledger: Ledger) -> None:
    later = (NOW + timedelta(days=30)).date()
    assert _send(client, "/campaigns/main/extend", ends_on=later.isoformat()).status_code == 303
    refused = _send(client, "/campaigns/main/extend", ends_on=NOW.date().isoformat())

    assert refused.status_code == 422
    assert f"Indiquez le {later}" in refused.text
    assert 'aria-describedby="extend-wrong"' in refused.text
    assert _policy(ledger).ends_on == later


@pytest.mark.parametrize("day", ["", "demain", "2026-13-01"])
def test_extend__no_day(client: TestClient, day: str) -> None:
    assert _send(client, "/campaigns/main/extend", ends_on=day).status_code == 422


def test_close__only_when_ticked(client: TestClient, ledger: Ledger) -> None:
    refused = _send(client, "/campaigns/main/close")
    closed = _send(client, "/campaigns/main/close", sure="yes")
    page = client.get(closed.headers["Location"]).text

    assert refused.status_code == 422
    assert "La campagne est close." in page
    assert "Fonctionnement" not in page
    with ledger.read() as work:
        assert work.campaigns.get("main").closed_at == NOW


def test_policy__shares_in_percent_with_a_decimal_comma(client: TestClient, ledger: Ledger) -> None:
    fields = {
        "candidates": "8", "blind_share": "12,5", "show_probability": "yes", "consensus": "two_agree",
        "second_components": ["audit", "rare"], "target_accuracy": "97 %", "ends_on": "", "currency": "EUR",
        "hourly_rate": "31,50",
    }  # fmt: skip
    answer = _send(client, "/campaigns/main/policy", **fields)

    assert answer.headers["Location"] == f"{MANAGE}?said=revised"
    assert _policy(ledger) == Policy(
        candidates=8, blind_share=0.125, show_probability=True, consensus=Consensus.TWO_AGREE,
        second_components=(Component.AUDIT, Component.RARE), target_accuracy=0.97, hourly_rate=31.5,
    )  # fmt: skip
    assert 'value="12,5"' in client.get(MANAGE).text


def test_policy__errors_beside_their_fields_and_nothing_lost_of_what_was_typed(
    client: TestClient, ledger: Ledger
) -> None:
    answer = _send(client, "/campaigns/main/policy", candidates="99", blind_share="150", seats="deux", currency="CHF")

    assert answer.status_code == 422
    for name, words in (("candidates", "au plus 30."), ("blind_share", "au plus 100 %."), ("seats", "nombre entier")):
        assert f'id="policy-{name}-wrong"' in answer.text
        assert words in answer.text
    assert 'value="deux"' in answer.text
    assert 'value="CHF"' in answer.text
    assert _policy(ledger) == Policy()
    assert _noted(ledger) == []


def test_policy__the_page_and_back_changes_nothing(client: TestClient, ledger: Ledger) -> None:
    """A form sent as it stands must not turn the policy into another one by rounding."""
    with ledger.begin() as work:
        work.policies.set("main", Policy(blind_share=0.07, second_share=1 / 3, lease_hours=0.1), by="test", now=NOW)
    before = _policy(ledger)
    shown = {"blind_share": "7", "second_share": "33,33333333", "lease_hours": "0,1"}
    page = client.get(MANAGE).text
    for value in shown.values():
        assert f'value="{value}"' in page
    _send(client, "/campaigns/main/policy", **shown)

    assert _policy(ledger).blind_share == before.blind_share
    assert _policy(ledger).second_share == pytest.approx(before.second_share, abs=1e-9)


def test_coders__enrolled_and_changed_by_pseudonym(client: TestClient, ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.coders.pseudonym("labelstudio", "7", email="somebody@office.example", now=NOW)
    fields = {"coder": "C001", "state": "paused", "arbiter": "yes", "skills": "10.71C; 47.24Z", "reason": "on leave"}
    answer = _send(client, "/campaigns/main/coders", **fields)
    page = client.get(MANAGE).text

    assert answer.status_code == 303
    with ledger.read() as work:
        enrolled = work.enrolments.current("main")["C001"]
    assert (enrolled.state, enrolled.arbiter, enrolled.skills) == (Standing.PAUSED, True, ("10.71C", "47.24Z"))
    assert "suspendu" in page
    assert "somebody@" not in page


@pytest.mark.parametrize(
    "fields", [{"coder": "C404", "state": "active"}, {"coder": "C001", "state": "dancing"}, {}], ids=str
)
def test_coders__what_cannot_be(client: TestClient, fields: dict[str, str]) -> None:
    answer = _send(client, "/campaigns/main/coders", **fields)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_new__creates_a_campaign(client: TestClient, ledger: Ledger) -> None:
    fields = {"key": "spring", "title": "<b>Printemps</b>", "nomenclature": "naf", "language": "en"}
    answer = _send(client, "/new", "/new", **fields)
    page = client.get(answer.headers["Location"]).text

    assert "&lt;b&gt;Printemps" in page
    assert "The campaign is there." in page
    assert _noted(ledger) == ["campaign_create"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"key": "a b", "title": "", "nomenclature": "naf", "language": "fr"}, 'id="key-wrong"'),
        (
            {"key": "main", "title": "Again", "nomenclature": "naf", "language": "fr"},
            "There is a campaign main already",
        ),
        ({"key": "x", "title": "X", "nomenclature": "none", "language": "fr"}, 'role="alert"'),
    ],
)
def test_new__what_cannot_be(client: TestClient, fields: dict[str, str], wrong: str) -> None:
    answer = _send(client, "/new", "/new", **fields)

    assert answer.status_code == 422
    assert wrong in answer.text


def test_manage__without_the_page_s_own_form_nothing_changes(client: TestClient, ledger: Ledger) -> None:
    assert client.post("/campaigns/main/pause", data={}).status_code == 403
    assert not _policy(ledger).paused
