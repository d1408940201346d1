from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import disagreements
from annotation.campaign.disagreements import By, Disagreement
from annotation.domain.task import Kind
from annotation.domain.team import Standing
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, golden
from tests.parts.campaigns import KEY
from tests.parts.golden import RIGHT, WRONG


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return campaigns.campaign(tmp_path, tasks=2)


def of_coder(ledger: Ledger, coder: str) -> list[Disagreement]:
    with ledger.read() as work:
        return disagreements.of_coder(work, KEY, coder)


def test_of_coder__the_arbiter_said_otherwise_and_why(ledger: Ledger) -> None:
    ann, bob = golden.enrol(ledger, "ann", "bob")
    with ledger.begin() as work:
        first, second = work.tasks.of_campaign(KEY)
        questions = [replace(task, key=f"a{task.key[1:]}", seat=0, kind=Kind.ARBITRATION) for task in (first, second)]
        work.tasks.add(questions)
    golden.answer(ledger, ann, [first, second], [WRONG, RIGHT], comment="it is rice, is it not?")
    golden.answer(ledger, bob, questions, [RIGHT, RIGHT], comment="wheat is a cereal")
    (found,) = of_coder(ledger, ann)

    assert (found.by, found.code, found.title) == (By.ARBITER, WRONG, "Culture du riz")
    assert (found.right_code, found.right_title) == (RIGHT, "Culture de céréales")
    assert (found.comment, found.explanation) == ("it is rice, is it not?", "wheat is a cereal")
    assert of_coder(ledger, bob) == []


def test_of_coder__gold_said_otherwise_with_its_note(ledger: Ledger) -> None:
    golden.add(ledger, 2)
    golden.policy(ledger, gold_share=0.5)
    (ann,) = golden.enrol(ledger, "ann")
    golden.plan(ledger, {ann: 2})
    golden.answer(ledger, ann, golden.planned(ledger, ann), [None, RIGHT])
    (found,) = of_coder(ledger, ann)

    assert (found.by, found.code, found.title, found.right_code) == (By.GOLD, None, "", RIGHT)
    assert found.explanation == f"note {found.text}"


def test_of_coder__the_newest_first_training_included(ledger: Ledger) -> None:
    golden.add(ledger, 3)
    golden.policy(ledger, training_tasks=3)
    (ann,) = golden.enrol(ledger, "ann", state=Standing.TRAINING)
    golden.plan(ledger, {})
    golden.answer(ledger, ann, golden.planned(ledger, ann), [WRONG] * 3)
    found = of_coder(ledger, ann)

    assert [one.by for one in found] == [By.TRAINING] * 3
    assert [one.judged_at for one in found] == sorted((one.judged_at for one in found), reverse=True)
