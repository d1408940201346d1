"""What the judgements on a text come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import settling
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import ARBITER_SEAT, Component, Kind, Task
from annotation.quality.consensus import Dispute, Settled, Verdict
from tests.parts.office import KEY, Office

RICE = "01.12Z"


def verdicts(office: Office, text_keys: list[str] | None = None) -> dict[str, Verdict]:
    with office.ledger.read() as work:
        return settling.verdicts(work, KEY, text_keys)


def ask_again(office: Office, task: Task, **changes: object) -> Task:
    """Another task about the same text."""
    again = replace(task, **{"key": f"again-{len(office.tasks())}", "seat": 2} | changes)  # type: ignore[arg-type]
    with office.ledger.begin() as work:
        work.tasks.add([again])
    return again


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.of(tmp_path)


def test_verdicts__all_seats_of_a_text_count(office: Office) -> None:
    one, other, *_ = office.tasks()
    office.say(one, office.coder("a"))
    office.say(ask_again(office, one), office.coder("b"))
    office.say(other, office.coder("a"))
    office.say(ask_again(office, other), office.coder("b"), RICE)

    assert verdicts(office) == {
        one.text_key: Settled("01.11Z", 0, 2, 2),
        other.text_key: Dispute((("01.11Z", 1), (RICE, 1))),
    }


def test_verdicts__of_some_texts(office: Office) -> None:
    one, other, silent, *_ = office.tasks()
    for task in (one, other):
        office.say(task, office.coder("a"))

    assert list(verdicts(office, [other.text_key, silent.text_key])) == [other.text_key]


def test_verdicts__by_the_policy_of_the_campaign(office: Office) -> None:
    task, *_ = office.tasks()
    for name, code in (("a", "01.11Z"), ("b", "01.11Z"), ("c", RICE)):
        office.say(task, office.coder(name), code)

    assert isinstance(verdicts(office)[task.text_key], Settled)
    office.adopt(Policy(consensus=Consensus.ARBITER))
    assert isinstance(verdicts(office)[task.text_key], Dispute)


def test_verdicts__of_a_waiting_text_are_none(office: Office) -> None:
    office.adopt(Policy(consensus=Consensus.TWO_AGREE))
    one, other, *_ = office.tasks()
    office.say(one, office.coder("a"))
    office.say(other, office.coder("a"), outcome=Outcome.LATER)

    assert verdicts(office) == {one.text_key: None, other.text_key: None}


def test_verdicts__the_arbiter_decides(office: Office) -> None:
    task, *_ = office.tasks()
    for name in "ab":
        office.say(task, office.coder(name))
    arbitration = ask_again(office, task, seat=ARBITER_SEAT, kind=Kind.ARBITRATION)
    office.say(arbitration, office.coder("judge"), RICE)

    assert verdicts(office)[task.text_key] == Settled(RICE, 2, 0, 2, arbitrated=True)
    with office.ledger.read() as work:
        found = settling.weighed(work, KEY)[task.text_key]
    assert found.by is not None
    assert (found.by.task_key, found.by.code) == (arbitration.key, RICE)


def test_verdicts__gold_and_training_do_not_count(office: Office) -> None:
    task, other, *_ = office.tasks()
    office.say(task, office.coder("a"))
    for again, coder in (
        (ask_again(office, task, component=Component.GOLD), "b"),
        (ask_again(office, task, seat=3, kind=Kind.TRAINING), "c"),
        (ask_again(office, other, component=Component.GOLD), "c"),
    ):
        office.say(again, office.coder(coder), RICE)

    assert verdicts(office) == {task.text_key: Settled("01.11Z", 0, 1, 1)}


def test_verdicts__weigh_coders_by_gold(office: Office) -> None:
    """One who was right on all gold outweighs two who were mostly wrong."""
    office.adopt(Policy(consensus=Consensus.WEIGHTED, gold_share=0.5))
    office.gild(20)
    good, *poor = (office.hire(name) for name in "abc")
    office.route()
    with office.ledger.read() as work:
        gold = [task for task in work.tasks.of_campaign(KEY) if task.component is Component.GOLD]
    for number, task in enumerate(gold):
        office.say(task, good, "01.11Z")
        for coder in poor:
            office.say(task, coder, "01.13Z" if number else "01.11Z")
    task, *_ = office.tasks()
    office.say(task, good, "01.11Z")
    for coder in poor:
        office.say(task, coder, RICE)

    assert len(gold) >= 5
    assert verdicts(office)[task.text_key] == Settled("01.11Z", 0, 1, 3)


def test_by_draw__what_another_draw_asked_again_is_left_out(office: Office) -> None:
    task, *_ = office.tasks()
    office.say(task, office.coder("a"))
    with office.ledger.begin() as work:
        drawn = work.draws.get(task.draw_id)
        later = work.draws.add(replace(drawn, key="draw-2"))
    again = ask_again(office, task, draw_id=later.id, seat=1)
    office.say(again, office.coder("b"), RICE)

    with office.ledger.read() as work:
        found = settling.by_draw(work, work.tasks.seats_of_texts([task.text_key]))
    assert {asked: one.verdict for asked, one in found.items()} == {
        (task.draw_id, task.text_key): Settled("01.11Z", 0, 1, 1),
        (later.id, task.text_key): Settled(RICE, 0, 1, 1),
    }
    assert isinstance(verdicts(office)[task.text_key], Dispute)
