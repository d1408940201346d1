"""The database's counts are those that one would make by hand, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Kind
from annotation.ledger.repositories.tallies import AskedTally
from annotation.ledger.unit_of_work import Ledger
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
TODAY = NOW.date()


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


def test_asked__by_draw_and_component(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, 2), (Component.AUDIT, 3)])

    with ledger.read() as work:
        found = work.tallies.asked("main")
        elsewhere = work.tallies.asked("other")

    draw = tasks[0].draw_id
    assert found == [
        AskedTally(draw, Component.AUDIT, Kind.CODING, 3),
        AskedTally(draw, Component.UNCERTAIN, Kind.CODING, 2),
    ]
    assert elsewhere == []


def test_answered__by_the_state_in_force_on_the_day_of_the_first_settling_answer(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=9, tasks=[(Component.UNCERTAIN, 6)])
    filled_ledger.judge(
        ledger,
        [
            (tasks[0], Answer("1", Outcome.LATER, days_ago=5, seconds=10)),
            (tasks[0], Answer("2", days_ago=3, seconds=20)),
            (tasks[0], Answer("3", days_ago=2, seconds=None)),
            (tasks[1], Answer(days_ago=3, seconds=9000)),
            (tasks[2], Answer(annotation="a", days_ago=3)),
            (tasks[2], Answer(annotation="a", outcome=Outcome.EXPERT, days_ago=1, seconds=30)),
            (tasks[3], Answer(annotation="b")),
            (tasks[3], Answer(annotation="b", deleted=True)),
        ],
    )

    with ledger.read() as work:
        found = work.tallies.answered("main", limit=100, instead=50)

    assert sorted((one.settled, one.day, one.tasks, one.seconds) for one in found) == [
        (False, TODAY - timedelta(days=1), 1, 30.0),
        (True, TODAY - timedelta(days=3), 2, 80.0),
    ]


def test_answered__days_are_those_of_greenwich(ledger: Ledger) -> None:
    (task,) = filled_ledger.add_draw(ledger, "d", days_ago=9, tasks=[(Component.UNCERTAIN, 1)])
    # Half a minute before midnight.
    filled_ledger.judge(ledger, [(task, Answer(days_ago=0.5 + 0.5 / 1440))])

    with ledger.read() as work:
        (found,) = work.tallies.answered("main", limit=100, instead=50)

    assert found.day == TODAY - timedelta(days=1)


def test_effort__times_in_whole_seconds_by_coder_and_outcome(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=9, tasks=[(Component.UNCERTAIN, 4)])
    filled_ledger.judge(
        ledger,
        [
            (tasks[0], Answer("a", seconds=40.2, days_ago=2)),
            (tasks[1], Answer("a", seconds=39.8, days_ago=1)),
            (tasks[2], Answer("a", Outcome.LATER, seconds=None)),
            (tasks[3], Answer("b", seconds=5)),
        ],
    )

    with ledger.read() as work:
        found = work.tallies.effort("main")
        of_one = work.tallies.effort("main", coder="C002")

    assert {(one.coder, one.outcome, one.seconds, one.answers) for one in found} == {
        ("C001", Outcome.CODED, 40, 2),
        ("C001", Outcome.LATER, None, 1),
        ("C002", Outcome.CODED, 5, 1),
    }
    assert max(one.last_judged_at for one in found if one.seconds == 40) == NOW - timedelta(days=1)
    assert [one.answers for one in of_one] == [1]


def test_contested__where_settling_answers_differ(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=9, tasks=[(Component.UNCERTAIN, 4)])
    filled_ledger.judge(
        ledger,
        [
            (tasks[0], Answer("a")),
            (tasks[0], Answer("b", code=WRONG)),
            (tasks[1], Answer("a")),
            (tasks[1], Answer("b", code=RIGHT)),
            (tasks[2], Answer("a")),
            (tasks[2], Answer("b", Outcome.UNCLASSIFIABLE)),
            (tasks[3], Answer("a")),
            (tasks[3], Answer("b", Outcome.LATER)),
        ],
    )

    with ledger.read() as work:
        found = work.tallies.contested("main")

    assert found == sorted(task.text_key for task in (tasks[0], tasks[2]))


def test_watermark__moves_with_every_answer_and_every_task(ledger: Ledger) -> None:
    seen = [_watermark(ledger), _watermark(ledger)]
    (task,) = filled_ledger.add_draw(ledger, "d", days_ago=9, tasks=[(Component.UNCERTAIN, 1)])
    seen.append(_watermark(ledger))
    filled_ledger.judge(ledger, [(task, Answer())])
    seen.append(_watermark(ledger))

    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_declared__since_a_moment(ledger: Ledger) -> None:
    with ledger.read() as work:
        found = work.tallies.last_declared(), work.tallies.declared_since(NOW)

    assert found == (None, 0)


def _watermark(ledger: Ledger) -> tuple[int, ...]:
    with ledger.read() as work:
        return work.tallies.watermark()
