"""What was set aside, on its page and in the API."""

from __future__ import annotations

import httpx
import pytest

from annotation.domain.account import Role, Scope
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import NewClient, TestClient
from tests.parts import filled_ledger, lead_pages
from tests.parts.filled_ledger import NOW

BEARER = {"Authorization": "Bearer awb_ttttttttttttttttttttttttttttttttttttttt"}
NASTY = "<script>alert(1)</script>{{ 7 * 7 }} \u202eesrever\u200b"


@pytest.fixture
def ledger(empty: Ledger) -> Ledger:
    filled_ledger.set_aside(empty, 3)
    with empty.begin() as work:
        work.quarantine.add(Quarantined("text", "july\u202e.csv", 7, {"text": NASTY}, "No <b>code</b>"), now=NOW)
    return empty


@pytest.fixture
def client(ledger: Ledger, new_client: NewClient) -> TestClient:
    """On this machine, with no account: an admin."""
    return new_client(ledger, tokens="")


def send(client: TestClient, **fields: object) -> httpx.Response:
    given = {"csrf": lead_pages.csrf(client.get("/quarantine").text)} | fields
    answer: httpx.Response = client.post("/quarantine", data=given)
    return answer


def test_page__texts_are_shown_as_texts(client: TestClient) -> None:
    page = client.get("/quarantine").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }} esrever" in page
    assert "No &lt;b&gt;code&lt;/b&gt;" in page
    assert not {"\u202e", "\u200b"} & set(page)


def test_page__by_kind_and_reason(client: TestClient) -> None:
    by_kind = client.get("/quarantine", params={"kind": "text"}).text
    by_reason = client.get("/quarantine", params={"reason": "99.99Z"}).text

    assert ("july.csv" in by_kind, "intake.csv" in by_kind) == (True, False)
    assert ("july.csv" in by_reason, "intake.csv" in by_reason) == (False, True)


def test_page__drop_wants_rows_and_a_reason(client: TestClient, ledger: Ledger) -> None:
    nothing, no_reason = send(client, action="drop", why="known"), send(client, action="drop", id=["1"], why=" ")
    dropped = send(client, action="drop", id=["1", "2"], why="known")

    assert (nothing.status_code, no_reason.status_code) == (400, 422)
    assert dropped.headers["Location"] == "/quarantine?dropped=2"
    assert "2 écartés." in client.get(dropped.headers["Location"]).text
    with ledger.read() as work:
        assert (work.quarantine.count(), work.audit.latest(limit=1)[0].action) == (2, "quarantine_drop")


def test_page__what_is_tried_in_vain_waits_with_its_new_reason(client: TestClient) -> None:
    tried = send(client, action="retry", id=["4"], kind="text")

    assert tried.headers["Location"] == "/quarantine?kind=text&taken=0&refused=1"
    assert "Its cells are not known." in client.get(tried.headers["Location"]).text


def test_api__list_show_retry_drop(ledger: Ledger, new_client: NewClient) -> None:
    with ledger.begin() as work:
        account = work.accounts.add("lead@office.example", Role.LEAD, now=NOW)
        work.tokens.add(account.id, "t", BEARER["Authorization"].split()[1], Scope.WRITE, now=NOW, expires_at=None)
    client = new_client(ledger, tokens="")
    client.headers.update(BEARER)

    listed = client.get("/api/quarantine", params={"kind": "text"}).json()
    retried = client.post("/api/quarantine/retry", json={"ids": [4]}).json()
    dropped = client.post("/api/quarantine/drop", json={"ids": [4, 1], "reason": "known"}).json()
    one = client.get("/api/quarantine/4").json()

    assert [(item["id"], item["raw"]["text"]) for item in listed["items"]] == [(4, NASTY)]
    assert (retried["taken"], retried["refused"][0]["id"]) == ([], 4)
    assert dropped == {"dropped": 2}
    assert (one["waits"], one["outcome"], one["settled_reason"]) == (False, "dropped", "known")
    assert client.get("/api/quarantine").json()["total"] == 2
    assert client.get("/api/quarantine", params={"all": True}).json()["total"] == 4
    assert client.get("/api/quarantine/99").status_code == 404
    assert client.post("/api/quarantine/drop", json={"ids": [99], "reason": "x"}).status_code == 404
    assert client.post("/api/quarantine/drop", json={"ids": [], "reason": "x"}).status_code == 422
