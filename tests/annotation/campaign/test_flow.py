from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import flow
from annotation.campaign.flow import FlowAccuracy
from annotation.domain.campaign import Draw
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import ARBITER_SEAT, Component, Kind, Task
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from tests.parts import pools

RIGHT, WRONG = pools.CODES[:2]
POPULATION = {
    "sure": {"texts": 80, "declarations": 100, "confidence": 72.0, "confidence_by_declarations": 90.0},
    "unsure": {"texts": 40, "declarations": 40, "confidence": 16.0, "confidence_by_declarations": 16.0},
}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return asked_of(tmp_path)


def asked_of(tmp_path: Path, *, unsure: float = 0.3, **recipe: object) -> Ledger:
    """Twenty texts asked: eight sure ones by the audit, and of the unsure four by it and eight for being unsure.

    The model is right on all sure ones and on half of the others; two of the uncertain are not answered.
    """
    opened = pools.ledger(tmp_path)
    keys = pools.arrive(opened, [f"texte {number}" for number in range(20)])
    pools.predict(opened, keys, code=RIGHT)
    with opened.begin() as work:
        told = {"population": POPULATION} | recipe
        draw = work.draws.add(Draw("d", "main", 1, pools.MODEL, "", "", told, pools.START))
        tasks = [_task(draw, key, number, unsure=unsure) for number, key in enumerate(keys)]
        tasks.append(_task(draw, keys[0], 0, seat=2))
        work.tasks.add(tasks)
        audited = [task for task in tasks if task.component is Component.AUDIT and task.seat == 1]
        members = [EvaluationMember(t.text_key, t.text_key, t.key, f"1: {t.stratum}", 0.1) for t in audited]
        work.evaluation.add("naf", members, now=pools.START)
        coder = work.coders.pseudonym("fake", "1", email=None, now=pools.NOW)
        for number, task in enumerate(tasks):
            if number not in (18, 19):
                code = RIGHT if number < 8 or number % 2 or task.seat == 2 else WRONG
                said = Judgement(task.key, "fake", task.key, coder, Outcome.CODED, code, pools.NOW)
                work.judgements.record(said, now=pools.NOW)
    return opened


def _task(draw: Draw, key: str, number: int, *, seat: int = 1, unsure: float = 0.3) -> Task:
    sure, audit = number < 8, number < 12
    return Task(
        f"{key[:16]}-{seat}",
        draw.id,
        key,
        Component.AUDIT if audit else Component.UNCERTAIN,
        "sure" if sure else "unsure",
        0.1 if sure else unsure,
        seat,
        "",
        (),
        (),
        pools.MODEL,
        frequency=2 if number == 0 else 1,
        confidence=0.9 if sure else 0.4,
    )


def measured(ledger: Ledger) -> FlowAccuracy:
    with ledger.read() as work:
        found = flow.of_draw(work, work.draws.of_campaign("main")[0], nomenclature="naf")
    assert found is not None
    return found


def test_of_draw__all_labels_count_by_their_chance(ledger: Ledger) -> None:
    """80 sure texts all right, 40 others half right; 88 foreseen, and each stratum off by a tenth."""
    found = measured(ledger)

    assert (found.texts, found.asked, found.coded) == (120, 20, 18)
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx((80 + 20) / 120)
    assert (found.estimate.n, found.estimate.method) == (18, "difference")
    assert found.audit is not None
    assert (found.audit.n, found.audit.value) == (12, pytest.approx((80 + 20) / 120))
    assert found.narrower is not None
    assert found.narrower > 0


def test_of_draw__seats_of_one_text_are_one_observation(ledger: Ledger) -> None:
    with ledger.read() as work:
        tasks = work.tasks.of_draw(1)

    assert len(tasks) == 21
    assert measured(ledger).asked == 20


def test_of_draw__gold_is_none_of_it(ledger: Ledger) -> None:
    before = measured(ledger)
    with ledger.begin() as work:
        golden = [replace(t, key=f"g{t.key[1:]}", seat=9, component=Component.GOLD) for t in work.tasks.of_draw(1)[:5]]
        work.tasks.add(golden)
        coder = work.coders.pseudonym("fake", "2", email=None, now=pools.NOW)
        for task in golden:
            said = Judgement(task.key, "fake", task.key, coder, Outcome.CODED, WRONG, pools.NOW)
            work.judgements.record(said, now=pools.NOW)

    assert measured(ledger) == before


def test_of_draw__what_the_arbiter_said_counts_and_what_is_disputed_does_not(ledger: Ledger) -> None:
    with ledger.begin() as work:
        coder = work.coders.pseudonym("fake", "2", email=None, now=pools.NOW)
        first = next(task for task in work.tasks.of_draw(1) if task.seat == 1)
        other = replace(first, key="second", seat=3)
        arbitration = replace(first, key="arbiter", seat=ARBITER_SEAT, kind=Kind.ARBITRATION)
        work.tasks.add([other, arbitration])
        work.policies.set("main", Policy(consensus=Consensus.ARBITER), by="test", now=pools.NOW)
        said = Judgement(other.key, "fake", other.key, coder, Outcome.UNCLASSIFIABLE, None, pools.NOW)
        work.judgements.record(said, now=pools.NOW)

    assert measured(ledger).coded == 17
    with ledger.begin() as work:
        said = Judgement(arbitration.key, "fake", "judged", coder, Outcome.CODED, RIGHT, pools.NOW)
        work.judgements.record(said, now=pools.NOW)
    assert measured(ledger).coded == 18


def test_of_draw__missing_answers_widen_the_bounds(ledger: Ledger) -> None:
    bounds = measured(ledger).bounds

    assert bounds is not None
    assert bounds.missing == 2
    # Two of the twelve unsure ones, all of which have the same chance.
    assert bounds.value_high - bounds.value_low == pytest.approx(40 * 2 / 12 / 120)


def test_of_draw__by_declaration(ledger: Ledger) -> None:
    found = measured(ledger).by_declaration

    assert found is not None
    assert found.n == 18
    # 106 of 140 declarations foreseen, and a tenth more of each right.
    assert found.value == pytest.approx((106 + 14) / 140)


def test_of_draw__without_model(tmp_path: Path) -> None:
    opened = pools.ledger(tmp_path)
    with opened.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, None, "", "", {}, pools.START))

        assert flow.of_draw(work, draw, nomenclature="naf") is None


def test_of_draw__texts_that_were_certain_stand_for_those_that_chance_passed_over(tmp_path: Path) -> None:
    found = measured(asked_of(tmp_path, unsure=1.0))

    assert found.estimate is not None
    assert found.estimate.value == pytest.approx((80 + 20) / 120)
    assert found.estimate.low < found.estimate.value < found.estimate.high
    assert found.bounds is not None
    assert found.bounds.missing == 2


def test_of_draw__where_not_all_texts_had_a_chance_the_audit_alone_speaks(tmp_path: Path) -> None:
    found = measured(asked_of(tmp_path, unsure=0.1, reaches_all=False))

    assert found.asked == 12
    assert found.estimate == found.audit


def test_declarations__of_the_text_itself_where_the_draw_stored_them(tmp_path: Path) -> None:
    with asked_of(tmp_path).read() as work:
        draw = work.draws.of_campaign("main")[0]
        task = work.tasks.of_draw(draw.id)[0]
    task = replace(task, frequency=12)
    several = {"copies": {task.text_key: 4}}
    own = several | {"own_declarations": {task.text_key: 9}}

    assert flow.declarations(replace(draw, recipe={}), task) == 12
    assert flow.declarations(replace(draw, recipe=several), task) == 3
    assert flow.declarations(replace(draw, recipe=own), task) == 9
