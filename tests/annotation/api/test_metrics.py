from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from annotation.domain.judgement import Outcome
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import TOKEN, NewClient, TestClient
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, Answer, Component

Samples = dict[tuple[str, tuple[str, ...]], float]


def scraped(client: TestClient) -> Samples:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


def test_metrics__count_what_is_left_to_do(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.add_campaign(empty)
    filled_ledger.add_campaign(empty, "other")
    tasks = filled_ledger.add_draw(empty, "d", days_ago=2, tasks=[(Component.AUDIT, 6)])
    filled_ledger.judge(
        empty,
        [
            (tasks[0], Answer()),
            (tasks[0], Answer("2")),
            (tasks[1], Answer(outcome=Outcome.LATER)),
            (tasks[2], Answer()),
            (tasks[2], Answer(deleted=True)),
        ],
    )

    found = scraped(new_client(empty))

    states = ("asked", "done", "outstanding")
    assert [found["awb_tasks", ("main", state)] for state in states] == [6, 1, 5]
    assert [found["awb_tasks", ("other", state)] for state in states] == [0, 0, 0]


def test_metrics__tell_of_pulls_and_webhooks(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.add_campaign(empty)
    with empty.begin() as work:
        for hours, lost, lag in ((5, 2, 900.0), (3, 1, 60.0)):
            payload = {"unannounced": lost, "lag_seconds": lag}
            work.events.add("pull", "main", now=NOW - timedelta(hours=hours), payload=payload)
        work.events.add("pull", "main", now=NOW - timedelta(hours=2), payload={"new": 4})
        work.events.mark("pulled", "main", now=NOW - timedelta(hours=1))
        work.events.mark("pulled", "main", now=NOW - timedelta(seconds=90))
        for minutes in (30, 10):
            work.inbox.add(action="TASKS_CREATED", project_id=1, payload={}, now=NOW - timedelta(minutes=minutes))
    filled_ledger.set_aside(empty, 3)

    found = scraped(new_client(empty))

    assert found["awb_pull_age_seconds", ("main",)] == 90
    assert found["awb_webhooks_lost_total", ("main",)] == 3
    assert ("awb_pull_lag_seconds", ("main",)) not in found
    assert found["awb_webhooks_waiting", ()] == 2
    assert found["awb_webhooks_oldest_seconds", ()] == 1800
    assert found["awb_quarantine_rows", ("declaration",)] == 3


def test_metrics__want_a_token_where_there_are_any(empty: Ledger, new_client: NewClient) -> None:
    client = new_client(empty)

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_metrics__are_open_to_this_machine_while_nobody_has_access(empty: Ledger, new_client: NewClient) -> None:
    assert new_client(empty, tokens="").get("/metrics").status_code == 200
    assert new_client(empty, tokens="", host="0.0.0.0").get("/metrics").status_code == 503
