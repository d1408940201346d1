from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.campaign import coder_quality
from annotation.campaign.coder_quality import CoderQuality
from annotation.domain.task import Kind, Task
from annotation.domain.team import Enrolment, Standing
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, golden
from tests.parts.campaigns import KEY, NOW
from tests.parts.golden import RIGHT, WRONG

DAY = timedelta(days=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return campaigns.campaign(tmp_path, tasks=3)


def given(ledger: Ledger, number: int = 30, **policy: object) -> tuple[str, list[Task]]:
    """A coder and their gold tasks."""
    golden.add(ledger, number, predicted=False)
    golden.policy(ledger, **({"gold_share": 0.5} | policy))
    (coder,) = golden.enrol(ledger, "ann")
    golden.plan(ledger, {coder: number})
    return coder, golden.planned(ledger, coder)


def of_campaign(ledger: Ledger) -> dict[str, CoderQuality]:
    with ledger.read() as work:
        return coder_quality.of_campaign(work, KEY)


def review(ledger: Ledger, after: timedelta = DAY) -> list[Enrolment]:
    with ledger.begin() as work:
        return coder_quality.review(work, KEY, now=NOW + after)


def test_of_campaign__counts_what_gold_says(ledger: Ledger) -> None:
    coder, tasks = given(ledger)
    golden.answer(ledger, coder, tasks[:10], [RIGHT] * 7 + [WRONG, WRONG, None])
    found = of_campaign(ledger)[coder]

    assert found.gold is not None
    assert (found.gold.right, found.gold.n) == (7, 10)
    assert found.gold.low < 0.7 < found.gold.high
    assert (found.arbitrated, found.training) == (None, None)


def test_of_campaign__coders_stand_in_the_order_of_their_pseudonyms(ledger: Ledger) -> None:
    given(ledger)
    golden.enrol(ledger, "bob", "eve")

    assert list(of_campaign(ledger)) == ["C001", "C002", "C003"]


def test_of_campaign__an_arbiter_tells_who_was_right(ledger: Ledger) -> None:
    ann, bob, eve = golden.enrol(ledger, "ann", "bob", "eve")
    with ledger.begin() as work:
        first = work.tasks.of_campaign(KEY)[0]
        seats = [replace(first, key="second", seat=2), replace(first, key="arbiter", seat=0, kind=Kind.ARBITRATION)]
        work.tasks.add(seats)
    golden.answer(ledger, ann, [first], [RIGHT])
    golden.answer(ledger, bob, seats[:1], [WRONG])
    golden.answer(ledger, eve, seats[1:], [WRONG])
    found = of_campaign(ledger)

    assert found[ann].arbitrated is not None
    assert (found[ann].arbitrated.right, found[ann].arbitrated.n) == (0, 1)
    assert found[bob].arbitrated is not None
    assert found[bob].arbitrated.right == 1
    assert eve in found
    assert found[eve].arbitrated is None


def test_weights__who_errs_weighs_less(ledger: Ledger) -> None:
    coder, tasks = given(ledger)
    (bob,) = golden.enrol(ledger, "bob")
    golden.plan(ledger, {bob: 30})
    golden.answer(ledger, coder, tasks, [RIGHT] * 12 + [WRONG] * 18)
    golden.answer(ledger, bob, golden.planned(ledger, bob), [RIGHT] * 29 + [WRONG])
    with ledger.read() as work:
        found = coder_quality.weights(work, KEY)

    assert found[coder] < 1 < found[bob]


def test_review__pauses_who_is_surely_below_and_says_why(ledger: Ledger) -> None:
    coder, tasks = given(ledger, pause_below=0.8)
    golden.answer(ledger, coder, tasks, [RIGHT] * 9 + [WRONG] * 21)
    (paused,) = review(ledger)

    assert (paused.coder, paused.state) == (coder, Standing.PAUSED)
    assert paused.reason.startswith("9 réponses justes sur 30 textes de contrôle")
    assert review(ledger) == []


def test_review__few_answers_pause_nobody(ledger: Ledger) -> None:
    coder, tasks = given(ledger, pause_below=0.9)
    golden.answer(ledger, coder, tasks[:9], [WRONG] * 9)

    assert review(ledger) == []


def test_review__nobody_is_paused_twice_for_the_same_answers(ledger: Ledger) -> None:
    coder, tasks = given(ledger, pause_below=0.8)
    golden.answer(ledger, coder, tasks[:15], [WRONG] * 15)
    review(ledger)
    with ledger.begin() as work:
        work.enrolments.record(Enrolment(KEY, coder, Standing.ACTIVE, NOW + 2 * DAY, reason="talked it over"))
    after_talk = review(ledger, 3 * DAY)
    golden.answer(ledger, coder, tasks[15:], [WRONG] * 15, after=4 * DAY)

    assert after_talk == []
    assert [one.state for one in review(ledger, 5 * DAY)] == [Standing.PAUSED]


def test_review__lets_in_who_has_finished_training(ledger: Ledger) -> None:
    golden.add(ledger, 10, predicted=False)
    golden.policy(ledger, training_tasks=4)
    (coder,) = golden.enrol(ledger, "new", state=Standing.TRAINING)
    before_tasks = review(ledger)
    golden.plan(ledger, {})
    tasks = golden.planned(ledger, coder)
    golden.answer(ledger, coder, tasks[:3], [RIGHT] * 3)
    halfway = review(ledger)
    golden.answer(ledger, coder, tasks[3:], [WRONG], after=timedelta(hours=1))
    (let_in,) = review(ledger)

    assert before_tasks == halfway == []
    assert (let_in.state, let_in.reason) == (Standing.ACTIVE, "Formation terminée : 3 réponses justes sur 4.")


def test_review__who_fails_in_training_is_not_let_in(ledger: Ledger) -> None:
    golden.add(ledger, 20, predicted=False)
    golden.policy(ledger, training_tasks=20, pause_below=0.8)
    (coder,) = golden.enrol(ledger, "new", state=Standing.TRAINING)
    golden.plan(ledger, {})
    golden.answer(ledger, coder, golden.planned(ledger, coder), [WRONG] * 20)

    assert [one.state for one in review(ledger)] == [Standing.PAUSED]


def test_review__without_gold_nobody_waits_for_training(ledger: Ledger) -> None:
    golden.policy(ledger, training_tasks=5)
    golden.enrol(ledger, "new", state=Standing.TRAINING)

    assert [one.state for one in review(ledger)] == [Standing.ACTIVE]
