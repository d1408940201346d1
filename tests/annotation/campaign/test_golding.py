from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from annotation.campaign import outgoing, presenting
from annotation.campaign.presenting import Shown
from annotation.domain.task import Component, Kind
from annotation.domain.team import ARBITRATION, SECOND, SHARED, Standing
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, golden
from tests.parts.campaigns import KEY, NOW
from tests.parts.fake_platform import FakePlatform


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return campaigns.campaign(tmp_path, tasks=5)


def test_plan__the_share_of_all_that_a_queue_gets_is_gold(ledger: Ledger) -> None:
    golden.add(ledger, 30)
    golden.policy(ledger, gold_share=0.2)
    (coder,) = golden.enrol(ledger, "ann")

    assert len(golden.plan(ledger, {coder: 40})) == 10
    assert {task.component for task in golden.planned(ledger, coder)} == {Component.GOLD}


def test_plan__what_is_due_in_part_is_drawn_and_right_on_average(ledger: Ledger) -> None:
    golden.add(ledger, 400, predicted=False)
    golden.policy(ledger, gold_share=0.1)
    queues = {f"C{number:03d}": 3 for number in range(300)}

    assert 80 <= len(golden.plan(ledger, queues)) <= 120


def test_plan__a_queue_never_gets_the_same_gold_text_twice(ledger: Ledger) -> None:
    golden.add(ledger, 6)
    golden.policy(ledger, gold_share=0.5)
    (coder,) = golden.enrol(ledger, "ann")
    for _ in range(4):
        golden.plan(ledger, {coder: 2})
    found = [task.text_key for task in golden.planned(ledger, coder)]

    assert len(found) == len(set(found)) == 6


def test_plan__shared_queues_do_not_ask_what_another_queue_asks(ledger: Ledger) -> None:
    golden.add(ledger, 6)
    golden.policy(ledger, gold_share=0.5)
    golden.plan(ledger, {SHARED: 3})
    golden.plan(ledger, {SECOND: 6})
    shared = {task.text_key for task in golden.planned(ledger, SHARED)}
    second = {task.text_key for task in golden.planned(ledger, SECOND)}

    assert len(shared) == len(second) == 3
    assert not shared & second


def test_plan__a_coder_does_not_get_what_they_have_answered_already(ledger: Ledger) -> None:
    keys = golden.add(ledger, 2)
    golden.policy(ledger, gold_share=0.5)
    ann, bob = golden.enrol(ledger, "ann", "bob")
    golden.plan(ledger, {ann: 1})
    (first,) = golden.planned(ledger, ann)
    golden.answer(ledger, bob, [first], [golden.RIGHT])
    golden.plan(ledger, {bob: 2})

    assert [task.text_key for task in golden.planned(ledger, bob)] == [key for key in keys if key != first.text_key]


def test_plan__without_fresh_tasks_or_share_there_is_none(ledger: Ledger) -> None:
    golden.add(ledger, 6)
    golden.policy(ledger, gold_share=0.5)
    golden.enrol(ledger, "ann")

    assert golden.plan(ledger, {}) == []
    assert golden.plan(ledger, {ARBITRATION: 5}) == []
    golden.policy(ledger, gold_share=0.0)
    assert golden.plan(ledger, {"C001": 5}) == []


def test_plan__who_learns_gets_training_tasks_alone_and_once(ledger: Ledger) -> None:
    golden.add(ledger, 9)
    golden.policy(ledger, gold_share=0.5, training_tasks=4)
    (coder,) = golden.enrol(ledger, "new", state=Standing.TRAINING)
    golden.plan(ledger, {coder: 10})
    golden.plan(ledger, {})
    found = golden.planned(ledger, coder)

    assert [task.kind for task in found] == [Kind.TRAINING] * 4
    assert not any(task.blind for task in found)


def test_plan__specialists_get_gold_of_their_field_first(ledger: Ledger) -> None:
    golden.add(ledger, 4)
    golden.policy(ledger, gold_share=0.5)
    (coder,) = golden.enrol(ledger, "ann", skills=("I",))
    with ledger.begin() as work:
        other = next(iter(work.gold.current("naf-small").values()))
        work.gold.record([type(other)(**(asdict(other) | {"code": "56.10A"}))])
    golden.plan(ledger, {coder: 1})

    assert [task.text_key for task in golden.planned(ledger, coder)] == [other.text_key]


@pytest.mark.parametrize("blind_share", [0.0, 1.0])
def test_plan__what_leaves_of_gold_looks_like_any_other_task(ledger: Ledger, blind_share: float) -> None:
    golden.add(ledger, 5)
    golden.policy(ledger, gold_share=0.5, blind_share=blind_share, show_probability=True)
    golden.plan(ledger, {SHARED: 5})
    shown = Shown({"liasse_type": "Type"}, reason=True)
    with ledger.read() as work:
        campaign = work.campaigns.get(KEY)
        gold = presenting.payloads(work, campaign, golden.planned(ledger, SHARED), shown)
        ordinary = [task for task in work.tasks.of_campaign(KEY) if task.component is not Component.GOLD]
        sent = presenting.payloads(work, campaign, ordinary, shown)

    assert len(gold) == 5
    if not blind_share:
        assert {_shape(asdict(one)) for one in gold} == {_shape(asdict(one)) for one in sent}
    for one in gold:
        assert not any(word in str(asdict(one)).lower() for word in ("gold", "note ", "contrôle", "check"))
        assert one.feedback is None
        assert one.blind is bool(blind_share)


def test_plan__gold_that_the_model_has_not_scored_shows_near_codes_in_no_telling_order(ledger: Ledger) -> None:
    golden.add(ledger, 12, predicted=False)
    golden.policy(ledger, gold_share=0.5)
    golden.plan(ledger, {SHARED: 12})
    found = golden.planned(ledger, SHARED)

    assert {frozenset(task.candidates) for task in found} == {frozenset({"01.11Z", "01.12Z", "01.13Z", "56.10A"})}
    assert len({task.candidates.index(golden.RIGHT) for task in found}) > 1
    assert {task.model_version for task in found} == {None}


def test_plan__a_retired_text_is_not_asked(ledger: Ledger) -> None:
    golden.add(ledger, 1)
    golden.policy(ledger, gold_share=0.5)
    with ledger.begin() as work:
        (text,) = work.gold.current("naf-small").values()
        work.gold.record([type(text)(**(asdict(text) | {"retired": True, "recorded_at": NOW}))])

    assert golden.plan(ledger, {SHARED: 5}) == []


def test_plan__gold_stands_among_the_tasks_that_are_sent_and_not_behind_them(ledger: Ledger) -> None:
    golden.add(ledger, 40)
    golden.policy(ledger, gold_share=0.8)
    golden.plan(ledger, {SHARED: 5})
    with ledger.read() as work:
        campaign = work.campaigns.get(KEY)
        ordinary = {task.key for task in work.tasks.of_campaign(KEY) if task.component is not Component.GOLD}
    sent = outgoing.outstanding(ledger, FakePlatform(), campaign)[SHARED]

    assert len(sent) == 25
    assert [key in ordinary for key in sent] != sorted((key in ordinary for key in sent), reverse=True)


def _shape(value: object) -> object:
    """What is there, without what it says."""
    if isinstance(value, dict):
        return tuple((name, _shape(one)) for name, one in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(_shape(one) for one in value)
    return type(value).__name__, bool(value)
