"""Who is asked besides the first coder, and in whose queue the tasks wait."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import routing
from annotation.campaign.routing import RouteResult
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import ARBITER_SEAT, Component, Kind, Task
from annotation.domain.team import ARBITRATION, SECOND, SHARED, WAITING, Standing
from annotation.errors import NotFoundError
from tests.parts.office import KEY, Office

NOTHING = RouteResult()
TWICE = Policy(second_share=1.0)


def names(tasks: list[Task]) -> list[str]:
    return [task.key for task in tasks]


# Further seats.


def test_route__one_coder_per_text_needs_nothing(tmp_path: Path) -> None:
    office = Office.of(tmp_path)

    assert office.route() == NOTHING
    assert names(office.queue(SHARED)) == names(office.tasks())


def test_route__a_share_of_the_texts_is_asked_twice_and_always_the_same(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=200, policy=Policy(second_share=0.3))

    result = office.route()

    assert 40 <= result.seconds <= 80
    assert office.route() == NOTHING
    first, second = office.of_text(office.queue(SECOND)[0].text_key)
    assert (first.seat, second.seat) == (1, 2)
    same = ("draw_id", "component", "reason", "candidates", "probabilities", "inclusion_probability", "stratum", "kind")
    assert [getattr(first, name) for name in same] == [getattr(second, name) for name in same]


def test_route__a_larger_share_adds_to_the_texts_of_a_smaller_one(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=100, policy=Policy(second_share=0.1))
    office.route()
    few = {task.text_key for task in office.queue(SECOND)}
    office.adopt(Policy(second_share=0.4))
    office.route()

    assert few < {task.text_key for task in office.queue(SECOND)}


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (Policy(second_components=(Component.AUDIT,)), 5),
        (Policy(second_components=(Component.UNCERTAIN,)), 0),
        (Policy(second_below_margin=0.31), 5),
        (Policy(second_below_margin=0.29), 0),
        (Policy(second_share=1.0, seats=4), 15),
    ],
)
def test_route__by_component_margin_and_number_of_seats(tmp_path: Path, policy: Policy, seconds: int) -> None:
    """The tasks are of the audit, and the model's first two codes are 0.3 apart."""
    assert Office.of(tmp_path, policy=policy).route().seconds == seconds


def test_route__who_finds_a_text_hard_has_somebody_else_asked(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=Policy(second_if_hard=4))
    easy, hard, *_ = office.tasks()
    office.say(easy, office.coder("a"), difficulty=3)
    office.say(hard, office.coder("a"), difficulty=4)

    assert office.route().seconds == 1
    assert [task.seat for task in office.of_text(hard.text_key)] == [1, 2]


@pytest.mark.parametrize("outcome", [Outcome.EXPERT, Outcome.NOT_THIS])
def test_route__who_passes_a_text_on_has_somebody_else_asked(tmp_path: Path, outcome: Outcome) -> None:
    office = Office.of(tmp_path)
    office.say(office.tasks()[0], office.coder("a"), outcome=outcome)

    assert office.route().seconds == 1
    (second,) = office.queue(SECOND)
    office.say(second, office.coder("b"), outcome=outcome)
    assert office.route() == NOTHING


def test_route__the_same_coder_again_is_no_second_opinion(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=TWICE)
    office.route()
    lone = office.coder("a")
    for _ in range(10):
        for task in office.queue(SHARED) + office.queue(SECOND):
            office.say(task, lone)
        office.route()

    assert [task.seat for task in office.tasks()] == [1, 2, 3, 4, 5]
    assert office.route() == NOTHING


def test_route__two_coders_on_one_task_are_two_opinions(tmp_path: Path) -> None:
    """Locks on the platform are soft: a task is now and then answered twice."""
    office = Office.of(tmp_path, texts=1, policy=Policy(second_if_hard=1))
    (task,) = office.tasks()
    office.say(task, office.coder("a"), difficulty=5)
    office.say(task, office.coder("b"))

    assert office.route() == NOTHING


def test_route__a_withdrawn_answer_leaves_its_seat_open(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=TWICE)
    office.route()
    first, second = office.tasks()
    office.say(first, office.coder("a"))
    annotation = office.say(second, office.coder("b"))
    office.withdraw(annotation)

    assert office.route() == NOTHING
    assert names(office.queue(SECOND)) == [second.key]


def test_route__a_blind_share_of_the_further_seats(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=100, policy=Policy(second_share=1.0, blind_share=0.5))
    office.route()

    assert 30 <= sum(task.blind for task in office.queue(SECOND)) <= 70


# Arbitration.


def disputed(office: Office) -> list[Task]:
    """Every text is asked twice and coded differently by two people."""
    office.route()
    for task in office.tasks():
        office.say(task, office.coder(f"{task.seat}"), ("01.11Z", "01.12Z")[task.seat - 1])
    return office.tasks()


def test_route__disputes_go_to_the_arbiter_once(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=replace(TWICE, arbitration=True))
    disputed(office)

    result = office.route()

    assert (result.arbitrations, result.assigned) == (5, 5)
    asked = office.queue(ARBITRATION)
    assert {(task.kind, task.seat) for task in asked} == {(Kind.ARBITRATION, ARBITER_SEAT)}
    assert asked[0].candidates == office.tasks()[0].candidates
    assert office.route() == NOTHING


def test_route__no_arbiter_unless_the_policy_wants_one(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=TWICE)
    disputed(office)

    assert office.route() == NOTHING


def test_route__the_arbiter_waits_until_all_seats_are_answered(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=Policy(second_share=1.0, seats=3, consensus=Consensus.ARBITER))
    office.route()
    one, two, three = office.tasks()
    office.say(one, office.coder("a"), "01.11Z")
    office.say(two, office.coder("b"), "01.12Z")

    assert office.route() == NOTHING
    office.say(three, office.coder("c"), None, outcome=Outcome.LATER)
    assert office.route() == NOTHING
    office.say(three, office.coder("c"), "01.12Z")
    assert office.route().arbitrations == 1


def test_route__coders_who_agree_need_no_arbiter(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=Policy(second_share=1.0, consensus=Consensus.ARBITER))
    office.route()
    for task in office.tasks():
        office.say(task, office.coder(f"{task.seat}"))

    assert office.route() == NOTHING


def test_route__a_text_for_an_expert_goes_to_the_arbiter_without_another_coder(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=Policy(arbitration=True))
    office.say(office.tasks()[0], office.coder("a"), outcome=Outcome.EXPERT)

    result = office.route()

    assert (result.seconds, result.arbitrations) == (0, 1)


def test_route__what_the_arbiter_said_is_not_asked_again(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=replace(TWICE, arbitration=True, second_if_hard=1))
    disputed(office)
    office.route()
    (task,) = office.queue(ARBITRATION)
    office.say(task, office.coder("judge"), "01.13Z", difficulty=5)

    assert office.route() == NOTHING


def test_route__two_who_disagree_are_joined_by_a_third_before_the_arbiter(tmp_path: Path) -> None:
    policy = Policy(consensus=Consensus.TWO_AGREE, seats=3, arbitration=True)
    office = Office.of(tmp_path, texts=1, policy=policy)

    assert office.route().seconds == 1
    for task, code in zip(office.tasks(), ("01.11Z", "01.12Z"), strict=True):
        office.say(task, office.coder(task.key), code)
    assert (office.route().seconds, len(office.tasks())) == (1, 3)
    office.say(office.tasks()[2], office.coder("c"), "01.13Z")
    result = office.route()
    assert (result.seconds, result.arbitrations) == (0, 1)


def test_route__two_who_agree_need_no_third(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=Policy(consensus=Consensus.TWO_AGREE, seats=3, second_share=1.0))
    office.route()
    for task in office.tasks():
        office.say(task, office.coder(task.key))

    assert office.route() == NOTHING
    assert len(office.tasks()) == 2


# Assignment.


def test_route__each_task_goes_to_one_coder_and_no_text_twice_to_the_same(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=30, policy=Policy(second_share=0.5))
    coders = [office.hire(name) for name in "abc"]

    result = office.route()

    queues = {coder: office.queue(coder) for coder in coders}
    assert sum(map(len, queues.values())) == len(office.tasks()) == result.assigned == 30 + result.seconds
    assert max(map(len, queues.values())) - min(map(len, queues.values())) <= 1
    for tasks in queues.values():
        assert max(Counter(task.text_key for task in tasks).values()) == 1
    assert office.route() == NOTHING


def test_route__a_coder_holds_a_queue_and_the_rest_waits(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=10, policy=Policy(queue_size=4))
    coder = office.hire("a")

    assert office.route().assigned == 4
    assert (len(office.queue(coder)), len(office.queue(WAITING))) == (4, 6)
    office.say(office.queue(coder)[0], coder)
    assert office.route().assigned == 1
    assert len(office.queue(coder)) == 4


def test_route__tasks_go_to_coders_who_are_at_home_there(tmp_path: Path) -> None:
    """All tasks are of agriculture; the cook gets some only when the farmers have as many as they can hold."""
    office = Office.of(tmp_path, texts=10, policy=Policy(queue_size=4))
    cook, farmer, everybody = (office.hire("a", skills=("I",)), office.hire("b", skills=("01.1",)), office.hire("c"))

    office.route()

    assert [len(office.queue(coder)) for coder in (farmer, everybody, cook)] == [4, 4, 2]


def test_route__a_task_without_anybody_at_home_goes_to_somebody(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=3)
    cook = office.hire("a", skills=("56.10A",))
    office.route()

    assert len(office.queue(cook)) == 3


def test_route__nobody_gets_a_text_that_they_coded_before(tmp_path: Path) -> None:
    """The first seats were answered in the shared queue, before there was a team."""
    office = Office.of(tmp_path, texts=3, policy=TWICE)
    early = office.coder("a")
    for task in office.tasks():
        office.say(task, early)
    office.hire("a")
    other = office.hire("b")

    assert office.route().assigned == 3
    assert len(office.queue(other)) == 3
    assert office.queue(early) == []


def test_route__arbiters_do_not_code(tmp_path: Path) -> None:
    office = Office.of(tmp_path)
    office.hire("judge", arbiter=True)

    assert office.route() == NOTHING
    office.hire("a")
    assert office.route().assigned == 5


@pytest.mark.parametrize("state", [Standing.PAUSED, Standing.LEFT, Standing.TRAINING])
def test_route__who_goes_releases_what_is_open(tmp_path: Path, state: Standing) -> None:
    office = Office.of(tmp_path, texts=6, policy=Policy(training_tasks=5))
    office.gild(5)
    one, other = office.hire("a"), office.hire("b")
    office.route()
    done, *_ = office.queue(one)
    office.say(done, one)
    office.hire("a", state=state)

    assert office.route().assigned == 2
    assert (office.queue(one), len(office.queue(other))) == ([], 5)


def test_route__while_the_whole_team_learns_tasks_wait(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=Policy(training_tasks=3))
    office.gild(3)
    learner = office.hire("a", state=Standing.TRAINING)

    assert office.route().gold == 3
    assert (len(office.queue(WAITING)), office.queue(learner)) == (5, [])
    assert office.route() == NOTHING
    for task in office.tasks(Kind.TRAINING):
        office.say(task, learner)
    assert office.route().assigned == 5
    assert len(office.queue(learner)) == 5


def test_route__gold_comes_with_what_a_coder_gets(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=20, policy=Policy(gold_share=0.2))
    office.gild(10)
    office.hire("a")

    result = office.route()

    assert (result.assigned, result.gold) == (20, 5)
    assert office.route() == NOTHING


def test_route__gold_comes_with_what_is_shared(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=20, policy=Policy(gold_share=0.2))
    office.gild(10)

    assert office.route().gold == 5
    assert office.route() == NOTHING


def test_route__when_all_have_left_tasks_are_shared_again(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=replace(TWICE, queue_size=3))
    office.hire("a")
    office.route()
    office.hire("a", state=Standing.LEFT)
    office.route()

    assert [len(office.queue(name)) for name in (SHARED, SECOND, WAITING)] == [5, 5, 0]


# Leases.


def test_route__what_an_absent_coder_lets_lie_goes_to_others(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=8, policy=Policy(queue_size=4, lease_hours=24))
    absent, present = office.hire("absent"), office.hire("present")
    office.route()
    for task in office.queue(present):
        office.say(task, present)

    assert office.route(hours=23) == NOTHING
    result = office.route(hours=2)
    assert (result.expired, result.assigned) == (4, 4)
    assert (office.queue(absent), len(office.queue(present))) == ([], 4)


def test_route__an_overdue_task_stays_while_nobody_else_has_room(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=8, policy=Policy(queue_size=4, lease_hours=24))
    slow, other = office.hire("slow"), office.hire("other")
    office.route()

    assert office.route(hours=25) == NOTHING
    assert [len(office.queue(coder)) for coder in (slow, other)] == [4, 4]


def test_route__who_was_absent_gets_few_tasks_until_they_answer(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=80, policy=Policy(queue_size=20, lease_hours=24))
    absent, present = office.hire("absent"), office.hire("present")
    office.route()
    for task in office.queue(present):
        office.say(task, present)
    office.route(hours=25)

    assert (len(office.queue(absent)), len(office.queue(present))) == (2, 20)
    office.say(office.queue(absent)[0], absent)
    office.route()
    assert len(office.queue(absent)) == 20


def test_route__all_is_answered_in_the_end_though_a_coder_never_comes(tmp_path: Path) -> None:
    policy = Policy(second_share=0.4, queue_size=5, lease_hours=24)
    office = Office.of(tmp_path, texts=40, policy=policy)
    _absent, *present = (office.hire(name) for name in ("absent", "b", "c"))
    days = 0
    while office.route(hours=24) != NOTHING or any(office.queue(coder) for coder in present):
        for coder in present:
            for task in office.queue(coder):
                office.say(task, coder)
        days += 1
        assert days < 40

    with office.ledger.read() as work:
        answered = {mark.task_key for mark in work.judgements.marks(KEY)}
    assert {task.key for task in office.tasks()} == answered


def test_route__who_puts_a_task_off_keeps_it_for_another_lease_and_then_another_is_asked(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1, policy=Policy(lease_hours=24))
    one, other = (office.hire(name) for name in "ab")
    office.route()
    holder, helper = (one, other) if office.queue(one) else (other, one)
    office.now = office.now.replace(hour=22)
    office.say(office.queue(holder)[0], holder, outcome=Outcome.LATER)

    assert office.route(hours=20) == NOTHING
    result = office.route(hours=5)
    assert (result.seconds, result.assigned) == (1, 1)
    assert [len(office.queue(coder)) for coder in (holder, helper)] == [1, 1]
    assert office.route() == NOTHING


def test_route__what_somebody_put_off_and_left_is_asked_of_another(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1)
    one = office.hire("a")
    office.route()
    office.say(office.queue(one)[0], one, outcome=Outcome.LATER)
    other = office.hire("b")
    office.hire("a", state=Standing.LEFT)

    assert office.route().seconds == 1
    assert len(office.queue(other)) == 1


def test_route__a_task_put_off_in_the_shared_queue_waits_there(tmp_path: Path) -> None:
    office = Office.of(tmp_path, texts=1)
    office.say(office.tasks()[0], office.coder("a"), outcome=Outcome.LATER)

    assert office.route() == NOTHING


# When nothing moves.


def test_route__a_paused_campaign_stands_still(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=replace(TWICE, paused=True))
    before = office.everything()

    assert office.route() == NOTHING
    assert office.everything() == before
    office.adopt(TWICE)
    assert office.route().seconds == 5


def test_route__a_closed_campaign_stands_still(tmp_path: Path) -> None:
    office = Office.of(tmp_path, policy=TWICE)
    with office.ledger.begin() as work:
        work.campaigns.close(KEY, now=office.now)

    assert office.route() == NOTHING


def test_route__there_must_be_a_campaign(tmp_path: Path) -> None:
    office = Office.of(tmp_path)

    with pytest.raises(NotFoundError, match="no campaign"):
        routing.route(ledger=office.ledger, campaign_key="autumn", now=office.now)
