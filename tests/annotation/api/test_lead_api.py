"""The API that changes campaigns and tells where labels come from; exports."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from annotation.campaign.extracting import CAMPAIGN
from annotation.domain.account import Role, Scope
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import TOKEN, NewClient, TestClient
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW

WRITER = "awb_a-token-that-writes"


@pytest.fixture
def reader(filled: Ledger, new_client: NewClient) -> TestClient:
    made = new_client(filled)
    made.headers["Authorization"] = f"Bearer {TOKEN}"
    return made


@pytest.fixture
def ledger(empty: Ledger) -> Ledger:
    filled_ledger.add_campaign(empty)
    with empty.begin() as work:
        account = work.accounts.add("lea@office.example", Role.LEAD, now=NOW)
        work.tokens.add(account.id, "script", WRITER, Scope.WRITE, now=NOW, expires_at=NOW + timedelta(days=1))
        work.coders.pseudonym("labelstudio", "7", email=None, now=NOW)
    return empty


@pytest.fixture
def writer(ledger: Ledger, new_client: NewClient) -> TestClient:
    made = new_client(ledger)
    made.headers["Authorization"] = f"Bearer {WRITER}"
    return made


def test_campaigns__created_paused_extended_and_closed(writer: TestClient, ledger: Ledger) -> None:
    new = {"key": "spring", "title": "Spring", "nomenclature": "naf"}
    created = writer.post("/api/campaigns", json=new)
    paused = writer.post("/api/campaigns/spring/pause").json()
    extended = writer.post("/api/campaigns/spring/extend", json={"ends_on": "2027-01-31"}).json()
    closed = writer.post("/api/campaigns/spring/close").json()

    assert created.status_code == 201
    assert (paused["before"], paused["after"]) == ({"paused": False}, {"paused": True})
    assert extended["policy"]["ends_on"] == "2027-01-31"
    assert closed["closed_at"]
    assert writer.post("/api/campaigns/spring/resume").status_code == 409
    with ledger.read() as work:
        noted = work.audit.latest(limit=10)
    assert [one.action for one in noted] == ["campaign_close", "campaign_extend", "campaign_pause", "campaign_create"]


def test_policy__fields_that_are_not_given_stay(writer: TestClient) -> None:
    writer.patch("/api/campaigns/main/policy", json={"second_share": 0.1})
    changed = writer.patch("/api/campaigns/main/policy", json={"consensus": "two_agree"}).json()

    assert changed["after"] == {"consensus": "two_agree"}
    assert writer.get("/api/campaigns/main/policy").json()["second_share"] == 0.1


@pytest.mark.parametrize("fields", [{"seats": 1}, {"colour": "red"}, {"consensus": "dice"}, {"gold_share": "a lot"}])
def test_policy__what_cannot_be_taken(writer: TestClient, fields: dict[str, object]) -> None:
    answer = writer.patch("/api/campaigns/main/policy", json=fields)

    assert answer.status_code == 400
    assert next(iter(fields)) in answer.json()["message"]


def test_coders__enrolled_by_pseudonym(writer: TestClient) -> None:
    enrolled = writer.put("/api/campaigns/main/coders/C001", json={"state": "training", "skills": ["10.71C"]})
    listed = writer.get("/api/campaigns/main/coders").json()

    assert enrolled.json()["skills"] == ["10.71C"]
    assert [one["coder"] for one in listed["items"]] == ["C001"]
    assert writer.put("/api/campaigns/main/coders/C404", json={"state": "active"}).status_code == 404


def test_campaigns__a_token_that_reads_changes_nothing(reader: TestClient) -> None:
    assert reader.post("/api/campaigns/main/pause").status_code == 403


def test_reads__monitoring_draw_model_and_text(reader: TestClient) -> None:
    monitored = reader.get("/api/campaigns/main/monitoring").json()
    draw = reader.get("/api/draws/1").json()
    model = reader.get("/api/models/activity/versions/3").json()
    text = reader.get("/api/texts/t1-audit-0").json()

    assert [one["draw"] for one in monitored["accuracy"]] == ["2026-09", "2026-10"]
    assert {part["component"]: part["found"] for part in draw["parts"]} == {"audit": 60, "uncertain": 90}
    assert (model["trainingset"], model["in_production"]) == ("trainingset@3", True)
    assert [one["in_force"] for one in text["judgements"]] == [True]


def test_reads__tasks_filtered(reader: TestClient) -> None:
    found = reader.get("/api/draws/2/tasks", params={"component": "drifting", "state": "done", "limit": 5}).json()

    assert 0 < found["total"] < 30
    assert {(one["component"], one["state"]) for one in found["items"]} == {("drifting", "done")}


@pytest.mark.parametrize("table", CAMPAIGN)
def test_exports__csv_and_parquet_hold_the_same_rows(reader: TestClient, table: str) -> None:
    as_csv = reader.get(f"/api/exports/campaigns/main/{table}.csv")
    as_parquet = reader.get(f"/api/exports/campaigns/main/{table}.parquet")
    rows = list(csv.DictReader(io.StringIO(as_csv.content.decode("utf-8-sig"), newline="")))
    kept = pq.read_table(io.BytesIO(as_parquet.content))

    assert as_csv.headers["Content-Disposition"] == f'attachment; filename="main-{table}-2026-11-22.csv"'
    assert as_csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert kept.num_rows == len(rows)
    assert kept.column_names == list(CAMPAIGN[table][0])


def test_exports__judgements_name_nobody_and_keep_their_history(reader: TestClient) -> None:
    content = reader.get("/api/exports/campaigns/main/judgements.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))

    assert len(rows) == 255
    assert {row["coder"][0] for row in rows} == {"C"}
    assert {row["in_force"] for row in rows} == {"true"}


def test_exports__models_and_versions(reader: TestClient) -> None:
    models = reader.get("/api/exports/models/activity.csv").text
    versions = reader.get("/api/exports/trainingsets/trainingset/versions.csv").text

    assert len(models.strip().splitlines()) == 5
    assert len(versions.strip().splitlines()) == 5


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("campaigns/none/tasks.csv", 404), ("campaigns/main/none.csv", 404), ("campaigns/main/tasks.xlsx", 422),
        ("models/none.csv", 404), ("trainingsets/none/versions.csv", 404),
        ("trainingsets/none/diff.csv?from=1&to=2", 404),
    ],
)  # fmt: skip
def test_exports__what_is_not_there_is_told_before_a_file_begins(reader: TestClient, path: str, status: int) -> None:
    answer = reader.get(f"/api/exports/{path}")

    assert answer.status_code == status
    assert answer.json()["message"]
