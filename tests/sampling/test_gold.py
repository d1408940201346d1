from __future__ import annotations

from pathlib import Path

import pytest

from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from sampling import gold
from sampling.gold import Gold
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    opened = filled_ledger.empty_ledger(tmp_path)
    filled_ledger.add_campaign(opened)
    return opened


def draw(ledger: Ledger, number: int) -> tuple[Task, ...]:
    return tuple(filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, number)]))


def label(ledger: Ledger, task: Task, code: str | None, source: Source) -> None:
    with ledger.begin() as work:
        nomenclature = work.campaigns.get("main").nomenclature
        work.labels.record([Label(task.text_key, nomenclature, code, source, 1.0, NOW)])


def candidates(ledger: Ledger, **settings: int) -> list[Gold]:
    return sorted(gold.candidates(ledger=ledger, campaign="main", **settings), key=lambda one: one.coders)


def test_candidates__settled_by_an_arbiter_or_by_coders_who_agree(ledger: Ledger) -> None:
    arbitrated, agreed, alone, disputed, imported = draw(ledger, 5)
    answers = [(agreed, Answer("1")), (agreed, Answer("2")), (alone, Answer("1"))]
    answers += [(disputed, Answer("1")), (disputed, Answer("2")), (disputed, Answer("3", code=WRONG))]
    filled_ledger.judge(ledger, answers)
    label(ledger, arbitrated, WRONG, Source.ARBITER)
    for task in (agreed, alone, disputed):
        label(ledger, task, RIGHT, Source.CODER)
    label(ledger, imported, RIGHT, Source.IMPORT)

    assert candidates(ledger) == [Gold(arbitrated.text_key, WRONG, 0), Gold(agreed.text_key, RIGHT, 2)]
    assert candidates(ledger, least_coders=3) == [Gold(arbitrated.text_key, WRONG, 0)]


def test_candidates__without_a_code_or_in_the_evaluation_set_there_is_none(ledger: Ledger) -> None:
    uncodable, member = draw(ledger, 2)
    label(ledger, uncodable, None, Source.ARBITER)
    label(ledger, member, RIGHT, Source.ARBITER)
    with ledger.begin() as work:
        nomenclature = work.campaigns.get("main").nomenclature
        apart = EvaluationMember(member.text_key, "g", member.key, "all", 0.5)
        work.evaluation.add(nomenclature, [apart], now=NOW)

    assert candidates(ledger) == []
