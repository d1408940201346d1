"""Who counts as an independent coder, on which texts, and what is compared with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.campaign import agreeing
from annotation.campaign.agreeing import CampaignAgreement
from annotation.domain.judgement import Outcome
from annotation.domain.task import ARBITER_SEAT, Component, Kind, Task, task_key
from annotation.domain.team import GoldText
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.agreement import Coefficient
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(filled_ledger.empty_ledger(tmp_path)) as ledger:
        filled_ledger.add_campaign(ledger)
        yield ledger


def drawn(ledger: Ledger, number: int = 12, component: Component = Component.AUDIT, key: str = "d") -> tuple[Task, ...]:
    return filled_ledger.add_draw(ledger, f"{key}-{component}", days_ago=20, tasks=[(component, number)])


def seat(ledger: Ledger, task: Task, seat: int, *, kind: Kind = Kind.CODING, blind: bool = False) -> Task:
    made = replace(task, key=task_key("again", task.text_key, seat), seat=seat, kind=kind, blind=blind)
    with ledger.begin() as work:
        work.tasks.add([made])
    return made


def said(ledger: Ledger, tasks: Sequence[Task], *codes: str | None, days_ago: float = 0) -> None:
    """Each text gets the codes of coders 1, 2, ...; None: that it has none."""
    answers = [
        (
            task,
            Answer(
                str(coder),
                days_ago=days_ago,
                **({"outcome": Outcome.UNCLASSIFIABLE} if code is None else {"code": code}),
            ),
        )
        for task in tasks
        for coder, code in enumerate(codes, start=1)
    ]
    filled_ledger.judge(ledger, answers)


def measured(ledger: Ledger) -> CampaignAgreement:
    with ledger.read() as work:
        return agreeing.of_campaign(work, "main")


def ceiling(ledger: Ledger) -> Coefficient | None:
    with ledger.read() as work:
        return agreeing.ceiling(work, "naf")


def percent(found: Coefficient | None) -> float:
    assert found is not None
    return round(found.value, 3)


def test_of_campaign__texts_with_one_answer_tell_nothing(ledger: Ledger) -> None:
    tasks = drawn(ledger)
    said(ledger, tasks, RIGHT)

    assert measured(ledger).overall.units == 0
    assert measured(ledger).overall.percent is None


def test_of_campaign__seats_of_one_text_meet(ledger: Ledger) -> None:
    tasks = drawn(ledger, 4)
    said(ledger, tasks, RIGHT)
    second = [seat(ledger, task, 2) for task in tasks]
    filled_ledger.judge(ledger, [(task, Answer("9", code=RIGHT if i else WRONG)) for i, task in enumerate(second)])

    found = measured(ledger)

    assert (found.overall.units, percent(found.overall.percent)) == (4, 0.75)
    assert list(found.pairs) == [("C001", "C002")]


def test_of_campaign__that_a_text_has_no_code_is_an_answer_and_later_is_none(ledger: Ledger) -> None:
    tasks = drawn(ledger, 3)
    said(ledger, tasks[:1], RIGHT, None)
    said(ledger, tasks[1:2], None, None)
    said(ledger, tasks[2:], RIGHT)
    filled_ledger.judge(ledger, [(tasks[2], Answer("2", Outcome.LATER))])

    assert (measured(ledger).overall.units, percent(measured(ledger).overall.percent)) == (2, 0.5)


def test_of_campaign__arbiters_and_learners_are_no_independent_coders(ledger: Ledger) -> None:
    tasks = drawn(ledger, 2)
    said(ledger, tasks, RIGHT)
    filled_ledger.judge(ledger, [(seat(ledger, tasks[0], ARBITER_SEAT, kind=Kind.ARBITRATION), Answer("7"))])
    filled_ledger.judge(ledger, [(seat(ledger, tasks[1], 5, kind=Kind.TRAINING), Answer("8"))])

    assert measured(ledger).overall.units == 0


def test_of_campaign__gold_stands_apart(ledger: Ledger) -> None:
    said(ledger, drawn(ledger, 3), RIGHT, RIGHT)
    said(ledger, drawn(ledger, 2, Component.GOLD), RIGHT, WRONG)

    found = measured(ledger)

    assert percent(found.overall.percent) == 1.0
    assert {c: percent(one.percent) for c, one in found.components.items()} == {
        Component.AUDIT: 1.0,
        Component.GOLD: 0.0,
    }


def test_of_campaign__by_month_of_the_last_answer_and_by_pair(ledger: Ledger) -> None:
    tasks = drawn(ledger, 4)
    said(ledger, tasks[:2], RIGHT, RIGHT, WRONG, days_ago=40)
    said(ledger, tasks[2:], RIGHT, WRONG)

    found = measured(ledger)

    assert {month: one.units for month, one in found.periods.items()} == {"2026-10": 2, "2026-11": 2}
    pairs = {pair: (one.units, percent(one.percent)) for pair, one in found.pairs.items()}
    assert pairs == {("C001", "C002"): (4, 0.5), ("C001", "C003"): (2, 0.0), ("C002", "C003"): (2, 0.0)}


def test_of_campaign__deleted_and_edited_answers_count_as_they_stand(ledger: Ledger) -> None:
    tasks = drawn(ledger, 2)
    said(ledger, tasks, RIGHT, WRONG)
    filled_ledger.judge(
        ledger, [(tasks[0], Answer("2", code=RIGHT)), (tasks[1], Answer("2", code=WRONG, deleted=True))]
    )

    assert (measured(ledger).overall.units, percent(measured(ledger).overall.percent)) == (1, 1.0)


def test_ceiling__wants_ten_texts(ledger: Ledger) -> None:
    said(ledger, drawn(ledger, 9), RIGHT, RIGHT)

    assert ceiling(ledger) is None


def test_ceiling__is_of_the_audit_where_it_can_be(ledger: Ledger) -> None:
    said(ledger, drawn(ledger, 40, Component.UNCERTAIN), RIGHT, WRONG)
    audited = drawn(ledger, 20)
    said(ledger, audited[:15], RIGHT, RIGHT)
    said(ledger, audited[15:], RIGHT, WRONG)

    found = ceiling(ledger)

    assert found is not None
    assert (percent(found), found.units) == (0.75, 20)
    assert found.low is not None
    assert 0.5 < found.low < 0.75


def test_ceiling__without_an_audit_is_of_all_texts_answered_twice(ledger: Ledger) -> None:
    tasks = drawn(ledger, 20, Component.UNCERTAIN)
    said(ledger, tasks[:15], RIGHT, RIGHT)
    said(ledger, tasks[15:18], RIGHT, WRONG)
    said(ledger, tasks[18:], RIGHT, None)

    assert percent(ceiling(ledger)) == round(15 / 18, 3)


def test_ceiling__a_stratum_asked_twice_more_often_does_not_count_for_more(ledger: Ledger) -> None:
    audited = drawn(ledger, 60)
    by_stratum = {name: [task for task in audited if task.stratum == name] for name in ("s0", "s1", "s2")}
    said(ledger, by_stratum["s0"], RIGHT, RIGHT)
    said(ledger, by_stratum["s1"][:5], RIGHT, WRONG)
    said(ledger, by_stratum["s2"][:5], RIGHT, RIGHT)

    assert percent(ceiling(ledger)) == round(2 / 3, 3)


def test_anchoring__is_none_where_nothing_is_blind(ledger: Ledger) -> None:
    said(ledger, drawn(ledger), RIGHT)

    with ledger.read() as work:
        assert agreeing.anchoring(work, "main") is None


def test_anchoring__compares_shown_tasks_with_blind_ones(ledger: Ledger) -> None:
    """The model says RIGHT; those who see it repeat it, those who do not say WRONG half the time."""
    shown = drawn(ledger, 40)
    said(ledger, shown, RIGHT)
    blind = [seat(ledger, task, 2, blind=True) for task in shown]
    filled_ledger.judge(
        ledger, [(task, Answer("2", code=WRONG if i % 2 else RIGHT, seconds=60)) for i, task in enumerate(blind)]
    )
    gold = [
        GoldText("naf", task.text_key, WRONG if i % 2 else RIGHT, "", "by hand", NOW - timedelta(days=1))
        for i, task in enumerate(shown)
    ]
    with ledger.begin() as work:
        work.gold.record(gold)
    with ledger.read() as work:
        found = agreeing.anchoring(work, "main")

    assert found is not None
    assert (found.same_as_model.shown.value, found.same_as_model.blind.value) == (1.0, 0.5)
    assert found.same_as_model.clear
    assert (found.right.shown.value, found.right.blind.value) == (0.5, 1.0)
    assert (found.same_as_other.shown.value, found.same_as_other.blind.n) == (0.5, 0)
    assert (found.seconds_shown, found.seconds_blind) == (40, 60)
