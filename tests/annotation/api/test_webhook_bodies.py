"""Whatever is sent to the webhook, the server goes on, and keeps ids alone."""

from __future__ import annotations

import json

import pytest

from annotation.api import webhooks
from annotation.labelstudio.webhook import SECRET_HEADER
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import SECRET, NewClient, TestClient

EVENT = {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "task": {"id": 7}, "annotation": {"id": 9}}


@pytest.fixture
def client(empty: Ledger, new_client: NewClient) -> TestClient:
    made = new_client(empty)
    made.headers.update({SECRET_HEADER: SECRET})
    return made


def body(**changes: object) -> bytes:
    return json.dumps(EVENT | changes).encode()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"null",
        b"[]",
        b"not json",
        b"[" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"action": "ANNOTATION_CREATED", "task": {"id": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}",
        json.dumps(EVENT).encode("cp037"),
        b"\xff\xfe\x00",
        '{"action": "ANNOTATION_CR\u00c9ATED"}'.encode("latin-1"),
        body(action="annotation_created"),
        body(action="A" * 65),
        body(action=["ANNOTATION_CREATED"]),
        body(action="ANNOTATION\0"),
        body(project={"id": "x"}),
        body(project={"id": -1}),
        body(project={"id": 10**30}),
        body(project={"id": 1.5}),
        body(task="7"),
        body(tasks=[{"id": 1}, {"id": None}]),
        body(annotations=[1] * 500_000),
        body(tasks=[None] * 500_000),
    ],
    ids=lambda sent: repr(sent[:24]),
)
def test_receive__no_event(client: TestClient, empty: Ledger, sent: bytes) -> None:
    answer = client.post(webhooks.PATH, content=sent)

    assert answer.status_code == 400
    assert set(answer.json()) == {"message", "cure"}
    assert len(answer.content) < 1000
    with empty.read() as work:
        assert work.inbox.waiting() == []


@pytest.mark.parametrize(
    ("sent", "tasks"),
    [
        (b'{"action": "TASKS_CREATED", "action": "TASKS_DELETED", "tasks": [{"id": 1}], "tasks": [{"id": 2}]}', [2]),
        (body(annotation={"id": 9, "task": 8, "result": [{"value": "\0" * 100, "half": "\ud800"}]}), [7, 8]),
        (body(extra={"deep": [[[[[[]]]]]], "number": 10**300}), [7]),
        (body(task={"id": 7, "data": {"text": "<script>\u202e</script>"}}), [7]),
        (body(tasks=[{"id": number} for number in range(20_000)]), list(range(20_000))),
    ],
    ids=["duplicate names", "NUL", "unknown fields", "texts", "many"],
)
def test_receive__only_ids_are_kept(client: TestClient, empty: Ledger, sent: bytes, tasks: list[int]) -> None:
    answer = client.post(webhooks.PATH, content=sent)

    assert answer.status_code in (200, 202)
    client.__exit__()
    with empty.read() as work:
        (hook,) = work.inbox.waiting()
    assert hook.payload["task_ids"] == tasks
    assert set(hook.payload) == {"task_ids", "annotation_ids"}


def test_receive__longer_than_any_event(client: TestClient) -> None:
    answer = client.post(webhooks.PATH, content=b'{"action": "' + b"A" * webhooks.MOST_BYTES)

    assert answer.status_code == 413
