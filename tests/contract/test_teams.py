"""How campaigns work and who works in them, as the ledger keeps it, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from annotation.campaign import routing
from annotation.campaign.routing import RouteResult
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import Component, Kind, Task
from annotation.domain.team import SECOND, WAITING, Assignment, Enrolment, GoldText, Standing
from annotation.ledger.unit_of_work import Ledger
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=BACKENDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Two campaigns and three coders."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("postgres_url")
        url = make()
    with closing(Ledger.open(url)) as opened:
        opened.migrate()
        filled_ledger.add_campaign(opened)
        filled_ledger.add_campaign(opened, "other")
        with opened.begin() as work:
            for name in "123":
                work.coders.pseudonym("fake", name, email=None, now=NOW)
        yield opened


@pytest.fixture
def tasks(ledger: Ledger) -> tuple[Task, ...]:
    return filled_ledger.add_draw(ledger, "d", days_ago=1, tasks=[(Component.AUDIT, 4)])


# Policies.


def test_policy__is_the_default_until_one_is_set(ledger: Ledger) -> None:
    with ledger.begin() as work:
        assert not work.policies.exists("main")
        assert work.policies.current("main") == Policy()


def test_policy__a_field_that_is_no_more_allowed_has_its_default(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.policies.set("main", Policy(seats=99, hourly_rate=30.0), by="an earlier program", now=NOW)

        assert work.policies.current("main") == Policy(hourly_rate=30.0)


def test_policy__the_newest_holds_for_its_campaign_alone(ledger: Ledger) -> None:
    policy = Policy(
        second_share=0.2,
        second_components=(Component.UNCERTAIN, Component.RARE),
        consensus=Consensus.TWO_AGREE,
        seats=3,
        ends_on=date(2027, 3, 31),
    )
    with ledger.begin() as work:
        assert work.policies.set("main", Policy(seats=4), by="C001", now=NOW)
        assert work.policies.set("main", policy, by="C001", now=LATER)
        assert not work.policies.set("main", policy, by="C002", now=LATER)

    with ledger.read() as work:
        assert work.policies.current("main") == policy
        assert work.policies.exists("main")
        assert work.policies.current("other") == Policy()


# Enrolments.


def test_enrolment__the_newest_of_a_coder_and_campaign_holds(ledger: Ledger) -> None:
    enrolled = Enrolment("main", "C002", Standing.TRAINING, NOW, skills=("10.71C",))
    active = replace(enrolled, state=Standing.ACTIVE, enrolled_at=LATER)
    with ledger.begin() as work:
        assert work.enrolments.record(enrolled)
        assert work.enrolments.record(active)
        assert not work.enrolments.record(replace(active, enrolled_at=LATER + timedelta(days=1)))
        assert work.enrolments.record(Enrolment("main", "C001", Standing.LEFT, NOW, arbiter=True, reason="retired"))
        assert work.enrolments.record(Enrolment("other", "C002", Standing.PAUSED, NOW))

    with ledger.read() as work:
        found = work.enrolments.current("main")
        history = work.enrolments.history("main")
    assert list(found) == ["C001", "C002"]
    assert (found["C001"].arbiter, found["C001"].reason) == (True, "retired")
    assert found["C002"] == active
    assert [one.state for one in history if one.coder == "C002"] == [Standing.TRAINING, Standing.ACTIVE]


def test_enrolment__is_of_somebody_who_is_known(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError), ledger.begin() as work:
        work.enrolments.record(Enrolment("main", "C099", Standing.ACTIVE, NOW))


# Assignments.


def test_assignment__the_newest_of_a_task_holds(ledger: Ledger, tasks: tuple[Task, ...]) -> None:
    first, second, *_ = (task.key for task in tasks)
    until = NOW + timedelta(hours=72)
    with ledger.begin() as work:
        work.assignments.add([Assignment(first, "C001", NOW, until), Assignment(second, SECOND, NOW)])
        work.assignments.add([Assignment(first, "C002", LATER, until)])

    with ledger.read() as work:
        assert work.assignments.current("main") == {
            first: Assignment(first, "C002", LATER, until),
            second: Assignment(second, SECOND, NOW),
        }
        assert work.assignments.queues("main") == {first: "C002", second: SECOND}
        assert work.assignments.current("other") == {}


def test_assignment__tells_whose_tasks_were_taken_away(ledger: Ledger, tasks: tuple[Task, ...]) -> None:
    until = NOW + timedelta(hours=72)
    first, second, third, fourth = (task.key for task in tasks)
    with ledger.begin() as work:
        work.assignments.add(
            [
                Assignment(first, "C001", NOW, until),
                Assignment(second, "C001", LATER, until),
                Assignment(third, WAITING, NOW),
                Assignment(fourth, "C003", NOW, until),
            ]
        )
        work.assignments.add([Assignment(key, "C002", LATER, until) for key in (first, second, third)])

    with ledger.read() as work:
        assert work.assignments.lapsed("main") == {"C001": LATER}
        assert work.assignments.lapsed("other") == {}


# Gold.


def test_gold__the_newest_of_a_text_holds_and_retired_ones_are_left_out(
    ledger: Ledger, tasks: tuple[Task, ...]
) -> None:
    one, other = (
        GoldText("naf", task.text_key, RIGHT, "Bread is baked there.", "two experts", NOW) for task in tasks[:2]
    )
    with ledger.begin() as work:
        assert work.gold.record([one, other]) == 2
        assert work.gold.record([replace(one, evidence="three experts")]) == 0
        assert work.gold.record([replace(one, code=WRONG), replace(other, retired=True)]) == 2

    with ledger.read() as work:
        assert {key: text.code for key, text in work.gold.current("naf").items()} == {one.text_key: WRONG}
        assert set(work.gold.current("naf", retired=True)) == {one.text_key, other.text_key}


# Seats of tasks.


def test_seats__of_a_campaign_and_of_texts(ledger: Ledger, tasks: tuple[Task, ...]) -> None:
    first, *_, last = tasks
    elsewhere = filled_ledger.add_draw(ledger, "e", days_ago=1, tasks=[(Component.RARE, 1)], campaign="other")
    with ledger.begin() as work:
        work.tasks.add(
            [
                replace(first, key="second", seat=2),
                replace(last, key="arbiter", seat=0, kind=Kind.ARBITRATION),
                replace(elsewhere[0], key="elsewhere", text_key=first.text_key),
            ]
        )

    with ledger.read() as work:
        seats = work.tasks.seats("main")
        of_text = work.tasks.seats_of_texts([first.text_key])
    assert [(one.text_key, one.seat) for one in seats] == sorted((one.text_key, one.seat) for one in seats)
    assert len(seats) == 6
    assert [one.kind for one in seats if one.text_key == last.text_key] == [Kind.ARBITRATION, Kind.CODING]
    assert [(one.campaign, one.key, one.seat) for one in of_text] == [
        ("main", first.key, 1),
        ("main", "second", 2),
        ("other", "elsewhere", 1),
    ]


# Routing on both databases.


def test_route__two_at_once_do_the_work_once(ledger: Ledger, tasks: tuple[Task, ...]) -> None:
    with ledger.begin() as work:
        work.policies.set("main", Policy(second_share=1.0), by="test", now=NOW)
        for name in ("C001", "C002"):
            work.enrolments.record(Enrolment("main", name, Standing.ACTIVE, NOW))

    def route(_turn: int) -> RouteResult:
        return routing.route(ledger=ledger, campaign_key="main", now=LATER)

    with ThreadPoolExecutor(4) as pool:
        results = sorted(pool.map(route, range(4)), key=lambda one: one.assigned)

    assert results == [RouteResult()] * 3 + [RouteResult(seconds=4, assigned=8)]
    with ledger.read() as work:
        queues = work.assignments.queues("main")
        texts = {task.key: task.text_key for task in work.tasks.of_campaign("main")}
    assert len(queues) == 8
    assert len({(texts[key], queue) for key, queue in queues.items()}) == 8
