"""What is read of coders who meet on a text, and for whoever watches, is the same on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Kind
from annotation.ledger.repositories.gauges import Inbox, Workload
from annotation.ledger.unit_of_work import Ledger
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]


@pytest.fixture(params=BACKENDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("postgres_url")
        url = make()
    with closing(Ledger.open(url)) as opened:
        opened.migrate()
        filled_ledger.add_campaign(opened)
        yield opened


def test_answers__of_texts_that_two_coders_settled(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.AUDIT, 4)])
    arbitration = replace(tasks[3], key="arbitration", seat=0, kind=Kind.ARBITRATION)
    with ledger.begin() as work:
        work.tasks.add([arbitration, replace(tasks[0], key="blind", seat=2, blind=True)])
        blind = work.tasks.get(["blind"])["blind"]
    filled_ledger.judge(
        ledger,
        [
            (tasks[0], Answer("1", code=RIGHT)),
            (blind, Answer("2", code=WRONG)),
            (tasks[1], Answer("1")),
            (tasks[1], Answer("2", outcome=Outcome.LATER)),
            (tasks[2], Answer("1")),
            (tasks[2], Answer("2", annotation="gone")),
            (tasks[2], Answer("2", annotation="gone", deleted=True)),
            (tasks[3], Answer("1")),
            (arbitration, Answer("3", code=WRONG)),
        ],
    )

    with ledger.read() as work:
        shared = work.answers.shared("main")
        everywhere = work.answers.shared_in("naf")
        first = work.answers.first_codes("main")

        assert [(one.task_key, one.coder, one.code, one.blind) for one in shared] == [
            (tasks[0].key, "C001", RIGHT, False),
            ("blind", "C002", WRONG, True),
        ]
        assert everywhere == shared
        assert len(work.answers.of_campaign("main")) == 5
        assert work.answers.arbitrated("main") == {tasks[3].text_key: WRONG}
        assert (first["blind"], "arbitration" in first) == (RIGHT, False)
        assert (work.answers.has_blind("main"), work.answers.has_blind("other")) == (True, False)


def test_gauges__count_by_campaign(ledger: Ledger) -> None:
    filled_ledger.add_campaign(ledger, "other")
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.AUDIT, 4)])
    filled_ledger.judge(
        ledger, [(tasks[0], Answer()), (tasks[0], Answer("2")), (tasks[1], Answer(outcome=Outcome.LATER))]
    )
    with ledger.begin() as work:
        for lost, lag in ((2, 900.0), (1, 60.5)):
            work.events.add("pull", "main", now=NOW, payload={"unannounced": lost, "lag_seconds": lag})
        work.events.add("pull", "other", now=NOW, payload={"new": 1})
        work.events.mark("pulled", "main", now=NOW - timedelta(hours=1))
        work.events.mark("pulled", "main", now=NOW)
        work.inbox.add(action="TASKS_CREATED", project_id=1, payload={}, now=NOW)
    filled_ledger.set_aside(ledger, 2)

    with ledger.read() as work:
        assert work.gauges.workloads() == {"main": Workload(4, 1), "other": Workload(0, 0)}
        assert work.gauges.unannounced() == {"main": 3, "other": 0}
        assert work.gauges.lags() == {"main": 60.5}
        assert work.gauges.pulled_at() == {"main": NOW}
        assert work.gauges.inbox() == Inbox(1, NOW)
        assert work.gauges.quarantined() == {"declaration": 2}
        assert len([event for event in work.events.latest() if event.kind == "pulled"]) == 1
