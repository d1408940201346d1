from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import relooking
from annotation.campaign.relooking import RelookResult
from annotation.domain.task import Component, Task
from annotation.errors import InvalidInputError
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, golden
from tests.parts.campaigns import KEY, NAF, NOW
from tests.parts.golden import RIGHT, WRONG


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Twenty texts of which the model holds RIGHT likely; Bob answers the first eight after Ann."""
    opened = campaigns.campaign(tmp_path, tasks=20)
    golden.enrol(opened, "ann", "bob")
    with opened.begin() as work:
        tasks = work.tasks.of_campaign(KEY)
        work.tasks.add([replace(task, key=f"z{task.key[1:]}", seat=2) for task in tasks[:8]])
    return opened


def tasks_of(ledger: Ledger, seat: int = 1) -> list[Task]:
    """In the order of the texts."""
    with ledger.read() as work:
        found = [task for task in work.tasks.of_campaign(KEY) if task.seat == seat]
        return [task for task in found if task.component is Component.AUDIT]


def relook(ledger: Ledger, budget: int = 3, *, whole: bool = False) -> RelookResult:
    return relooking.relook(ledger=ledger, campaign_key=KEY, budget=budget, whole=whole, now=NOW)


def planned(ledger: Ledger) -> list[Task]:
    with ledger.read() as work:
        return work.tasks.of_component(KEY, Component.SUSPECTED)


def code(ledger: Ledger, *, doubtful: int) -> Task:
    """Everything is coded, one text against the model."""
    first = tasks_of(ledger)
    golden.answer(ledger, "C001", first, [WRONG if n == doubtful else RIGHT for n in range(20)])
    golden.answer(ledger, "C002", tasks_of(ledger, 2), [RIGHT] * 8)
    return first[doubtful]


def test_relook__asks_again_where_coder_and_model_differ(ledger: Ledger) -> None:
    doubted = code(ledger, doubtful=15)
    result = relook(ledger, 1)
    (task,) = planned(ledger)

    assert (result.settled, result.planned, result.new) == (20, 1, 0)
    assert (task.text_key, task.seat, task.reason) == (doubted.text_key, 2, doubted.reason)
    assert (task.candidates, task.probabilities) == (doubted.candidates, doubted.probabilities)


def test_relook__what_is_asked_again_is_not_asked_a_third_time_meanwhile(ledger: Ledger) -> None:
    doubted = code(ledger, doubtful=15)
    relook(ledger, 1)
    relook(ledger, 1)

    assert [task.text_key for task in planned(ledger)].count(doubted.text_key) == 1
    assert len(planned(ledger)) == 2


def test_relook__texts_that_wait_for_a_first_answer_compete(ledger: Ledger) -> None:
    golden.answer(ledger, "C001", tasks_of(ledger)[:12], [RIGHT] * 12)
    golden.answer(ledger, "C002", tasks_of(ledger, 2), [RIGHT] * 8)

    assert relook(ledger, 6).new == 6
    assert relook(ledger, 6, whole=True).planned == 6


def test_relook__the_evaluation_set_is_left_alone(ledger: Ledger) -> None:
    doubted = code(ledger, doubtful=15)
    with ledger.begin() as work:
        work.evaluation.add(NAF.key, [EvaluationMember(doubted.text_key, "g", doubted.key, "all", 0.5)], now=NOW)
    relook(ledger, 20)

    assert doubted.text_key not in {task.text_key for task in planned(ledger)}


def test_relook__its_draw_is_not_one_of_chance(ledger: Ledger) -> None:
    code(ledger, doubtful=15)
    result = relook(ledger, 2)
    with ledger.read() as work:
        draw = work.draws.find(str(result.draw))

    assert draw is not None
    assert draw.model_version is None


def test_relook__a_closed_campaign_is_refused(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.campaigns.close(KEY, now=NOW)

    with pytest.raises(InvalidInputError, match="closed"):
        relook(ledger)


def test_relook__without_answers_nothing_is_planned(ledger: Ledger) -> None:
    assert relook(ledger, whole=True) == RelookResult(None, 0, 0, 0, None)
