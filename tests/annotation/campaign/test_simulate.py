from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import push, simulate
from annotation.campaign.ports import Answer
from annotation.campaign.presenting import Shown
from annotation.campaign.simulate import Behaviour, SimulateResult
from annotation.domain.judgement import Outcome
from annotation.domain.task import Kind, task_key
from annotation.domain.team import ARBITRATION, SECOND, Assignment, Enrolment, Standing
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns
from tests.parts.fake_platform import FakePlatform

FAULTLESS = Behaviour(coders=2, error_rate=0, skip_rate=0, give_up_rate=0)


def pushed(tmp_path: Path, *, tasks: int = 5) -> tuple[Ledger, FakePlatform]:
    ledger, platform = campaigns.campaign(tmp_path, tasks=tasks), FakePlatform()
    push.push(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        shown=Shown({}),
        clock=lambda: campaigns.NOW,
    )
    return ledger, platform


def run(
    ledger: Ledger, platform: FakePlatform, truth: dict[str, str | None], behaviour: Behaviour = FAULTLESS
) -> SimulateResult:
    return simulate.simulate(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        truth=truth,
        password="not-so-secret",
        behaviour=behaviour,
    )


def test_simulate__answers_every_open_task_and_then_none(tmp_path: Path) -> None:
    ledger, platform = pushed(tmp_path)
    truth = campaigns.truth(ledger)

    first, second = run(ledger, platform, truth), run(ledger, platform, truth)

    assert first == SimulateResult(answered=5, coded=5, wrong=0, unclassifiable=0, skipped=0, unknown=0)
    assert second.answered == 0
    said = [a.code for task in platform.stored.values() for a in task.annotations.values()]
    assert said == ["01.11Z"] * 5
    assert len(platform.people) == 2


def test_simulate__a_text_without_code_is_unclassifiable_and_an_unknown_one_is_left(tmp_path: Path) -> None:
    ledger, platform = pushed(tmp_path)
    truth = campaigns.truth(ledger, None)
    truth.pop(min(truth))

    result = run(ledger, platform, truth)

    assert (result.unclassifiable, result.unknown) == (4, 1)


def test_simulate__refuses_the_truth_of_other_texts(tmp_path: Path) -> None:
    ledger, platform = pushed(tmp_path)

    with pytest.raises(InvalidInputError, match="none of the texts"):
        run(ledger, platform, {"other": "01.11Z"})


def test_answer__rates_hold_and_mistakes_are_plausible() -> None:
    (text,) = campaigns.texts(1)
    (task,) = campaigns.tasks_of("d", 1, [text])
    behaviour = Behaviour(error_rate=0.2, skip_rate=0.1, give_up_rate=0.05, seed=3)

    answers = [simulate.answer(replace(task, key=f"{i:020x}"), "01.11Z", campaigns.NAF, behaviour) for i in range(4000)]

    outcomes = Counter(one.outcome for one in answers)
    codes = Counter(one.code for one in answers if one.outcome is Outcome.CODED)
    assert outcomes[Outcome.LATER] / 4000 == pytest.approx(0.1, abs=0.02)
    assert outcomes[Outcome.UNCLASSIFIABLE] / 4000 == pytest.approx(0.045, abs=0.015)
    assert 1 - codes["01.11Z"] / codes.total() == pytest.approx(0.2, abs=0.03)
    assert set(codes) == {"01.11Z", "01.12Z", "01.13Z"}
    assert sorted(one.lead_time for one in answers)[2000] == pytest.approx(55, rel=0.1)


def test_answer__a_code_that_is_not_on_the_screen_comes_by_the_tree() -> None:
    (text,) = campaigns.texts(1)
    (task,) = campaigns.tasks_of("d", 1, [text])

    said = simulate.answer(task, "0113Z", campaigns.NAF, FAULTLESS)

    assert (said.code, said.path) == ("01.13Z", ("A", "01.1", "01.13Z"))


def test_answer__hangs_on_key_and_seed_alone() -> None:
    (text,) = campaigns.texts(1)
    (task,) = campaigns.tasks_of("d", 1, [text])
    behaviour = Behaviour(seed=5)

    assert simulate.answer(task, "01.11Z", campaigns.NAF, behaviour) == simulate.answer(
        task, "01.11Z", campaigns.NAF, behaviour
    )


@pytest.fixture
def team(tmp_path: Path) -> tuple[Ledger, FakePlatform, dict[str, str]]:
    """A campaign on five texts, and whom each of its queues belongs to: pseudonyms by the platform's ids."""
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    people = {name: platform.sign_up(f"{name}@office.example", "secret") for name in ("anna", "ben", "judge")}
    with ledger.begin() as work:
        names = {
            name: work.coders.pseudonym(platform.name, one.external_id, email=None, now=campaigns.NOW)
            for name, one in people.items()
        }
        for name, pseudonym in names.items():
            state = Standing.PAUSED if name == "ben" else Standing.ACTIVE
            work.enrolments.record(Enrolment(campaigns.KEY, pseudonym, state, campaigns.NOW, arbiter=name == "judge"))
    return ledger, platform, names


def assign_and_push(ledger: Ledger, platform: FakePlatform, queues: list[str]) -> None:
    with ledger.begin() as work:
        tasks = work.tasks.of_campaign(campaigns.KEY)
        work.assignments.add(
            [Assignment(task.key, queue, campaigns.NOW) for task, queue in zip(tasks, queues, strict=True)]
        )
    push.push(
        ledger=ledger, platform=platform, campaign_key=campaigns.KEY, shown=Shown({}), clock=lambda: campaigns.NOW
    )


def authors(platform: FakePlatform) -> dict[str, set[str]]:
    """Who answered in each queue, by address."""
    found: dict[str, set[str]] = {}
    emails = {one.external_id: one.email for one in platform.people.values()}
    for task in platform.stored.values():
        queue = platform.projects[task.project].queue
        found.setdefault(queue, set()).update(emails[a.coder] for a in task.annotations.values())
    return found


def test_simulate__each_queue_is_answered_by_those_whose_it_is(
    team: tuple[Ledger, FakePlatform, dict[str, str]],
) -> None:
    ledger, platform, names = team
    assign_and_push(ledger, platform, [names["anna"], names["anna"], ARBITRATION, "", SECOND])

    result = run(ledger, platform, campaigns.truth(ledger))

    said = authors(platform)
    assert result.answered == 5
    assert said[names["anna"]] == {"anna@office.example"}
    assert said[ARBITRATION] == {"judge@office.example"}
    assert said[""] | said[SECOND] <= {"coder1@demo.example", "coder2@demo.example"}


def test_simulate__a_coder_who_was_paused_after_the_push_answers_nothing(
    team: tuple[Ledger, FakePlatform, dict[str, str]],
) -> None:
    ledger, platform, names = team
    with ledger.begin() as work:
        work.enrolments.record(Enrolment(campaigns.KEY, names["ben"], Standing.ACTIVE, campaigns.NOW))
    assign_and_push(ledger, platform, [names["ben"]] * 5)
    with ledger.begin() as work:
        work.enrolments.record(Enrolment(campaigns.KEY, names["ben"], Standing.PAUSED, campaigns.NOW))

    result = run(ledger, platform, campaigns.truth(ledger))

    assert (result.answered, result.without_coder) == (0, 5)


@pytest.mark.parametrize(("coders", "answered"), [(1, 5), (2, 10), (5, 10)])
def test_simulate__the_second_answer_comes_from_somebody_else(tmp_path: Path, coders: int, answered: int) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    with ledger.begin() as work:
        first = work.tasks.of_campaign(campaigns.KEY)
        seconds = [replace(task, key=task_key("draw-1", task.text_key, 2), seat=2) for task in first]
        work.tasks.add(seconds)
        work.assignments.add([Assignment(task.key, SECOND, campaigns.NOW) for task in seconds])
    push.push(
        ledger=ledger, platform=platform, campaign_key=campaigns.KEY, shown=Shown({}), clock=lambda: campaigns.NOW
    )

    result = run(ledger, platform, campaigns.truth(ledger), replace(FAULTLESS, coders=coders))

    by_text: dict[str, list[str]] = {}
    text_of = {task.key: task.text_key for task in (*first, *seconds)}
    for stored in platform.stored.values():
        assert stored.payload is not None
        by_text.setdefault(text_of[stored.payload.key], []).extend(a.coder for a in stored.annotations.values())
    assert (result.answered, result.without_coder) == (answered, 10 - answered)
    assert all(len(set(who)) == len(who) for who in by_text.values())


def test_answer__an_arbiter_is_right_more_often_and_difficulty_is_told_sometimes() -> None:
    (text,) = campaigns.texts(1)
    (task,) = campaigns.tasks_of("d", 1, [text])
    behaviour = Behaviour(error_rate=0.3, skip_rate=0, give_up_rate=0, difficulty_rate=0.2)

    def answers(kind: Kind) -> list[Answer]:
        asked = [replace(task, key=f"{i:020x}", kind=kind) for i in range(2000)]
        return [simulate.answer(one, "01.11Z", campaigns.NAF, behaviour.of(kind)) for one in asked]

    coder, arbiter = answers(Kind.CODING), answers(Kind.ARBITRATION)

    told = [one.difficulty for one in coder if one.difficulty is not None]
    assert sum(one.code != "01.11Z" for one in coder) / 2000 == pytest.approx(0.3, abs=0.05)
    assert sum(one.code != "01.11Z" for one in arbiter) / 2000 == pytest.approx(0.02, abs=0.01)
    assert len(told) / 2000 == pytest.approx(0.2, abs=0.03)
    assert set(told) <= set(range(6))
