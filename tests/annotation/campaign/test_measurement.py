from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import measurement
from annotation.campaign.measurement import Benchmark
from annotation.domain.campaign import Draw
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import ARBITER_SEAT, Component, Kind, Task
from annotation.ledger.repositories.labels import EvaluationMember
from tests.parts import pools
from tests.parts.office import KEY, Office


def test_benchmark__strata_stand_draw_by_draw_and_the_least_sure_first(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    strata = ["10: unscored", "2: confidence 10 of 10", "2: confidence 9 of 10", "2: unscored"]
    keys = pools.arrive(ledger, strata)
    members = [EvaluationMember(key, key, key, stratum, 0.5) for key, stratum in zip(keys, strata, strict=True)]
    with ledger.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, pools.MODEL, "", "", {}, pools.START))
        work.tasks.add([Task(key, draw.id, key, Component.AUDIT, "s", 0.5, 1, "", (), (), None) for key in keys])
        work.evaluation.add("naf", members, now=pools.START)

        population = measurement.benchmark(work, "naf").population

    assert list(population.items()) == [(stratum, 2.0) for stratum in reversed(strata)]


def test_estimate__members_that_the_model_was_not_asked_about_are_missing() -> None:
    members = tuple(EvaluationMember(key, key, key, "1: s", 1.0) for key in "abcd")
    known = Benchmark(members, dict.fromkeys("abcd", "01.11Z"), {"1: s": 1.0}, {"1: s": 4.0})

    found = measurement.estimate(known, {"a": 1.0, "b": 1.0, "c": 0.0})

    assert found.value == pytest.approx(2 / 3)
    assert found.low < found.value < found.high


def evaluated(office: Office) -> list[Task]:
    """The tasks of the texts, which are all members of the evaluation set."""
    tasks = office.tasks()
    members = [EvaluationMember(t.text_key, t.text_key, t.key, f"{t.draw_id}: all", 0.5) for t in tasks]
    with office.ledger.begin() as work:
        work.evaluation.add("naf-small", members, now=office.now)
    return tasks


def seats_of(office: Office, tasks: list[Task], seat: int, kind: Kind = Kind.CODING) -> list[Task]:
    added = [replace(task, key=f"{task.key[:15]}-{seat}", seat=seat, kind=kind) for task in tasks]
    with office.ledger.begin() as work:
        work.tasks.add(added)
    return added


def codes(office: Office) -> dict[str, str]:
    with office.ledger.read() as work:
        return dict(measurement.benchmark(work, "naf-small").codes)


def test_benchmark__all_seats_of_the_draw_count_and_a_disputed_text_has_no_code(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=Policy(consensus=Consensus.ARBITER))
    tasks = evaluated(office)
    agreed, disputed, alone, *_ = tasks
    second = {task.text_key: task for task in seats_of(office, tasks, 2)}
    for task in (agreed, disputed, alone):
        office.say(task, office.coder("a"))
    office.say(second[agreed.text_key], office.coder("b"))
    office.say(second[disputed.text_key], office.coder("b"), "01.12Z")

    assert codes(office) == {agreed.text_key: "01.11Z", alone.text_key: "01.11Z"}
    (arbitration,) = seats_of(office, [disputed], ARBITER_SEAT, Kind.ARBITRATION)
    office.say(arbitration, office.coder("judge"), "01.13Z")
    assert codes(office)[disputed.text_key] == "01.13Z"


def test_benchmark__gold_and_another_draw_say_nothing_of_a_member(tmp_path: Path) -> None:
    office = Office.of(tmp_path)
    task, *_ = evaluated(office)
    with office.ledger.begin() as work:
        later = work.draws.add(replace(work.draws.get(task.draw_id), key="draw-2"))
        work.tasks.add(
            [
                replace(task, key="again", draw_id=later.id),
                replace(task, key="gold", seat=2, component=Component.GOLD),
            ]
        )
        again, gold = work.tasks.get(["again", "gold"]).values()
    for one in (again, gold):
        office.say(one, office.coder("a"), "01.12Z")

    assert codes(office) == {}
    office.say(task, office.coder("b"))
    assert codes(office) == {task.text_key: "01.11Z"}


def test_benchmark__each_campaign_by_its_own_policy(tmp_path: Path) -> None:
    office = Office.of(tmp_path)
    task, *_ = evaluated(office)
    office.say(task, office.coder("a"))
    with office.ledger.begin() as work:
        work.policies.set(KEY, Policy(consensus=Consensus.TWO_AGREE), by="test", now=office.now)

    assert codes(office) == {}
