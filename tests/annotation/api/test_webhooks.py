from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from annotation.api import webhooks
from annotation.ledger.repositories.platforms import Webhook
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import SECRET, NewClient
from tests.parts.filled_ledger import NOW

HEADERS = {"X-AWB-Secret": SECRET}
CREATED = {
    "action": "ANNOTATION_CREATED",
    "project": {"id": 3, "created_by": {"email": "somebody@office.example"}},
    "task": {"id": 17, "data": {"text": "boulangerie"}},
    "annotation": {"id": 5, "task": 17, "completed_by": 1, "result": []},
}


def _inbox(ledger: Ledger, *, number: int = 1, seconds: float = 10) -> list[Webhook]:
    deadline = time.monotonic() + seconds
    while True:
        with ledger.read() as work:
            waiting = work.inbox.waiting()
        if len(waiting) >= number or time.monotonic() > deadline:
            return waiting
        time.sleep(0.02)


def test_webhook__is_stored_with_its_ids_and_nothing_personal(empty: Ledger, new_client: NewClient) -> None:
    answer = new_client(empty).post(webhooks.PATH, json=CREATED, headers=HEADERS)

    assert answer.status_code in (200, 202)
    (hint,) = _inbox(empty)
    assert (hint.action, hint.project_id, hint.received_at) == ("ANNOTATION_CREATED", 3, NOW)
    assert hint.payload == {"task_ids": [17], "annotation_ids": [5]}


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"annotations": [{"id": 2}, {"id": 1}]}, {"task_ids": [], "annotation_ids": [1, 2]}),
        ({"annotation": [{"id": 1, "task": 8}], "task": [{"id": 8}]}, {"task_ids": [8], "annotation_ids": [1]}),
        ({"tasks": [{"id": 4}, {"id": 4}]}, {"task_ids": [4], "annotation_ids": []}),
        ({}, {"task_ids": [], "annotation_ids": []}),
    ],
)
def test_webhook__every_shape_of_ids(
    empty: Ledger, new_client: NewClient, body: dict[str, Any], ids: dict[str, list[int]]
) -> None:
    new_client(empty).post(webhooks.PATH, json={"action": "ANY", **body}, headers=HEADERS)

    assert _inbox(empty)[0].payload == ids


@pytest.mark.parametrize("headers", [{}, {"X-AWB-Secret": "wrong"}, {"X-AWB-Secret": "sécret".encode("latin-1")}])
def test_webhook__without_the_secret(empty: Ledger, new_client: NewClient, headers: dict[str, Any]) -> None:
    answer = new_client(empty).post(webhooks.PATH, json=CREATED, headers=headers)

    assert answer.status_code == 401
    assert "X-AWB-Secret" in answer.json()["cure"]
    assert _inbox(empty, seconds=0.2) == []


def test_webhook__server_without_secret_refuses_all(empty: Ledger, new_client: NewClient) -> None:
    answer = new_client(empty, secret="").post(webhooks.PATH, json=CREATED, headers={"X-AWB-Secret": ""})

    assert answer.status_code == 503
    assert "AWB_SERVE__WEBHOOK_SECRET" in answer.json()["cure"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"action": 5}',
        b'{"action": "drop table"}',
        b'{"action": "A", "task": {"id": "x"}}',
        b'{"action": "A", "project": {"id": 4294967296}}',
        b'{"action": "A", "task": ' + b"[" * 100_000,
    ],
)
def test_webhook__malformed(empty: Ledger, new_client: NewClient, body: bytes) -> None:
    answer = new_client(empty).post(webhooks.PATH, content=body, headers=HEADERS)

    assert answer.status_code == 400
    assert "no event of Label Studio" in answer.json()["message"]


def test_webhook__too_large(empty: Ledger, new_client: NewClient) -> None:
    answer = new_client(empty).post(webhooks.PATH, content=b" " * (webhooks.MOST_BYTES + 1), headers=HEADERS)

    assert answer.status_code == 413


def test_webhook__answers_in_time_while_somebody_else_writes(
    empty: Ledger, new_client: NewClient, tmp_path: Path
) -> None:
    """Label Studio hangs up after a second, and a write of ours may take the ledger for longer."""
    client = new_client(empty)
    writer = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        started = time.monotonic()
        answers = [client.post(webhooks.PATH, json=CREATED, headers=HEADERS) for _ in range(3)]
        slowest = (time.monotonic() - started) / 3
    finally:
        writer.execute("ROLLBACK")
        writer.close()

    assert [answer.status_code for answer in answers] == [202] * 3
    assert answers[0].json() == {"stored": False}
    assert slowest < 0.8
    assert len(_inbox(empty, number=3)) == 3


def test_webhook__what_waits_is_written_when_the_server_stops(empty: Ledger) -> None:
    from annotation.api.inbox import Hint, InboxWriter

    with InboxWriter(empty) as inbox:
        for number in range(700):
            inbox.put(Hint("ANNOTATION_CREATED", number, {}, NOW))

    assert len(_inbox(empty, number=700, seconds=0)) == 700
