from __future__ import annotations

from pathlib import Path

import pytest

from annotation.errors import UnreachableError
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import TOKEN, NewClient, TestClient

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def client(filled: Ledger, new_client: NewClient) -> TestClient:
    made = new_client(filled)
    made.headers.update(BEARER)
    return made


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x"])
def test_api__without_a_known_token(filled: Ledger, new_client: NewClient, header: str | None) -> None:
    answer = new_client(filled).get("/api/campaigns", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert set(answer.json()) == {"message", "cure"}


def test_api__any_of_several_tokens(filled: Ledger, new_client: NewClient) -> None:
    client = new_client(filled, tokens=f"other, {TOKEN}")

    assert client.get("/api/campaigns", headers=BEARER).status_code == 200


def test_api__server_without_tokens_is_closed(filled: Ledger, new_client: NewClient) -> None:
    answer = new_client(filled, tokens="").get("/api/campaigns", headers=BEARER)

    assert answer.status_code == 503
    assert "AWB_SERVE__TOKENS" in answer.json()["cure"]


def test_api__campaigns(client: TestClient) -> None:
    found = client.get("/api/campaigns").json()

    assert (found["total"], found["items"][0]["key"]) == (1, "main")


def test_api__campaign(client: TestClient) -> None:
    found = client.get("/api/campaigns/main").json()

    assert found["counts"] == {"asked": 300, "done": 240, "waiting": 15, "outstanding": 45}
    assert list(found["components"]) == ["audit", "uncertain", "drifting"]
    assert found["champion"]["model_version"] == "activity/3"
    assert found["champion"]["estimate"]["low"] < found["champion"]["estimate"]["value"]


def test_api__campaign_while_the_registry_is_away(filled: Ledger, new_client: NewClient) -> None:
    def champion() -> str | None:
        raise UnreachableError("MLflow does not answer.")

    answer = new_client(filled, champion=champion).get("/api/campaigns/main", headers=BEARER)

    assert answer.json()["champion"]["gap"] == "no_model"


@pytest.mark.parametrize(
    "path",
    [
        "/api/campaigns/nowhere",
        "/api/campaigns/nowhere/draws",
        "/api/draws/999/tasks",
        "/api/trainingsets/none/versions",
        "/api/models/none/versions",
        "/api/nothing",
    ],
)
def test_api__unknown_name(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json()["message"]


def test_api__draws_newest_first(client: TestClient) -> None:
    found = client.get("/api/campaigns/main/draws").json()

    assert [draw["key"] for draw in found["items"]] == ["2026-10", "2026-09"]
    assert found["items"][0]["budget"] == {"audit": 60, "uncertain": 60, "drifting": 30}


def test_api__tasks_page_by_page(client: TestClient) -> None:
    draw_id = client.get("/api/campaigns/main/draws").json()["items"][0]["id"]
    seen: list[str] = []
    for offset in range(0, 150, 60):
        page = client.get(f"/api/draws/{draw_id}/tasks", params={"limit": 60, "offset": offset}).json()
        assert page["total"] == 150
        seen += [item["key"] for item in page["items"]]

    assert len(seen) == len(set(seen)) == 150
    assert seen == sorted(seen)


def test_api__task_says_why_it_is_asked_and_what_was_answered(client: TestClient) -> None:
    draw_id = client.get("/api/campaigns/main/draws").json()["items"][1]["id"]
    item = client.get(f"/api/draws/{draw_id}/tasks", params={"limit": 1}).json()["items"][0]

    assert item["reason"].startswith("Drawn at random")
    assert (item["state"], item["outcome"], item["code"]) == ("done", "coded", "10.71C")
    assert item["variables"] == {"surface": "2"}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "limit=x"])
def test_api__page_out_of_bounds(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/campaigns?{query}")

    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["message"]
    assert answer.json()["cure"]


def test_api__models_with_their_accuracy(client: TestClient) -> None:
    found = client.get("/api/models/activity/versions", params={"limit": 2}).json()

    assert [(m["version"], m["aliases"]) for m in found["items"]] == [("4", []), ("3", ["champion"])]
    assert found["total"] == 4
    assert found["items"][1]["trainingset_tag"] == "3"
    assert found["items"][1]["accuracy"]["estimate"]["texts"] == 106


def test_api__trainingsets_decisions_and_quarantine(client: TestClient) -> None:
    versions = client.get("/api/trainingsets/trainingset/versions").json()
    decisions = client.get("/api/decisions", params={"kind": "promote"}).json()
    quarantine = client.get("/api/quarantine", params={"limit": 2, "offset": 1}).json()

    assert [(v["tag"], v["parent"]) for v in versions["items"]][-2:] == [("2", "1"), ("1", None)]
    assert decisions["items"][0]["accepted"] is False
    assert client.get("/api/decisions", params={"kind": "none"}).json()["total"] == 0
    assert [item["row"] for item in quarantine["items"]] == [3, 4]
    assert quarantine["total"] == 3


def test_openapi__every_route_of_the_api_is_documented(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    routes = {
        f"{verb} {path}": route
        for path, verbs in paths.items()
        if path.startswith("/api/")
        for verb, route in verbs.items()
    }
    assert len(routes) > 20
    for name, route in routes.items():
        assert route["description"], name
        assert route["security"] == [{"HTTPBearer": []}], name
        assert {"401", "403", "422", "503"} <= set(route["responses"]), name
        assert all(parameter["description"] for parameter in route.get("parameters", ())), name
        assert name.startswith("get ") or {"400", "404"} <= set(route["responses"]), name


def test_health__needs_no_token(filled: Ledger, new_client: NewClient) -> None:
    answer = new_client(filled).get("/health")

    assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_health__ledger_without_tables_or_out_of_reach(tmp_path: Path, new_client: NewClient) -> None:
    unmade = new_client(Ledger.open(f"sqlite:///{tmp_path / 'new.db'}")).get("/health")
    away = new_client(Ledger.open("postgresql+psycopg://nobody@127.0.0.1:1/none")).get("/health")

    assert (unmade.status_code, away.status_code) == (503, 503)
    assert "awb init" in unmade.json()["parts"]["ledger"]["detail"]
    assert away.json()["parts"]["ledger"] == {"ok": False, "detail": "does not answer"}
