"""What every annotation platform does, asked of the one in memory and of the real Label Studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

import pytest

from annotation.campaign.ports import (
    Answer,
    Candidate,
    Platform,
    PlatformAnnotation,
    PlatformCoder,
    PlatformTask,
    ProjectSpec,
    TaskPayload,
)
from annotation.domain.judgement import Outcome
from annotation.errors import ConflictError, NotFoundError
from tests.parts import campaigns
from tests.parts.fake_platform import FakePlatform
from tests.parts.labelstudio import Hands, platform_of


class People(Protocol):
    def edit(self, task: int, annotation: str, code: str) -> None: ...
    def delete_annotation(self, task: int, annotation: str) -> None: ...
    def delete_task(self, task: int) -> None: ...
    def undo(self, task: int, annotation: str) -> None: ...
    def add_foreign_task(self, project: int) -> int: ...
    def change_screen(self, project: int) -> None: ...
    def delete_project(self, project: int) -> None: ...
    def announce(self, project: int, url: str) -> None: ...


Subject = tuple[Platform, People]


@pytest.fixture(params=["fake", pytest.param("label studio", marks=pytest.mark.integration)])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        fake = FakePlatform()
        yield fake, fake
        return
    server = request.getfixturevalue("label_studio")
    with platform_of(server) as platform, closing(Hands(server)) as hands:
        yield platform, hands


@pytest.fixture
def project(subject: Subject) -> int:
    return subject[0].ensure_project(spec())


def spec(key: str | None = None) -> ProjectSpec:
    return ProjectSpec(key or f"test-{uuid4()}/naf-small", "Test", "A test", campaigns.NAF)


def payloads(number: int) -> list[TaskPayload]:
    candidates = (Candidate("01.11Z", "Culture de céréales", 0.6), Candidate("01.12Z", "Culture du riz", 0.3))
    return [
        TaskPayload(f"{i:020x}", f"texte {i}", (("Surface", "1"),), "", candidates, "m/1", 0.3) for i in range(number)
    ]


def coder(platform: Platform) -> PlatformCoder:
    return platform.sign_up("coder1@demo.example", "a-long-passphrase")


def said(platform: Platform, project: int, task: int) -> tuple[PlatformAnnotation, ...]:
    (found,) = platform.tasks(project, [task])
    return found.annotations


def changed(platform: Platform, project: int, seen: PlatformTask) -> set[int]:
    pages = platform.changed_tasks(project, seen.updated_at)
    return {task.external_id for page in pages for task in page}


def test_ensure_project__gives_the_same_one_again(subject: Subject) -> None:
    one, other = spec(), spec()

    first = subject[0].ensure_project(one)

    assert subject[0].ensure_project(one) == first
    assert subject[0].ensure_project(other) != first


def test_mend_project__puts_a_changed_screen_back_once(subject: Subject) -> None:
    platform, people = subject
    ours = spec()
    project = platform.ensure_project(ours)
    untouched = platform.mend_project(project, ours)
    people.change_screen(project)

    mended = platform.mend_project(project, ours), platform.mend_project(project, ours)

    assert (untouched, mended) == ((), (("label_config",), ()))


def test_mend_project__leaves_a_project_of_somebody_else_alone(subject: Subject, project: int) -> None:
    with pytest.raises(ConflictError):
        subject[0].mend_project(project, spec())


def test_require_project__counts_ours_and_misses_deleted_ones(subject: Subject, project: int) -> None:
    platform, people = subject
    platform.create_tasks(project, payloads(3))
    people.add_foreign_task(project)

    assert platform.require_project(project) == 3
    people.delete_project(project)
    with pytest.raises(NotFoundError):
        platform.require_project(project)


def test_newest_change__is_that_of_the_last_answer(subject: Subject, project: int) -> None:
    platform, _ = subject
    assert platform.newest_change(project) is None
    first, _ = platform.create_tasks(project, payloads(2)).values()
    before = platform.newest_change(project)
    platform.annotate(first, coder(platform), campaigns.answer(str(uuid4()), "01.11Z"))

    after = platform.newest_change(project)

    (answered,) = platform.tasks(project, [first])
    assert before is not None
    assert after == answered.updated_at > before


def test_share_webhook__goes_where_that_of_the_other_does(subject: Subject, project: int) -> None:
    platform, people = subject
    other = platform.ensure_project(spec())
    assert platform.share_webhook(project, like=other) is None
    people.announce(other, "http://127.0.0.1:9/hooks")

    number = platform.share_webhook(project, like=other)

    assert number is not None
    assert platform.share_webhook(project, like=other) == number


def test_find_tasks__by_our_key(subject: Subject, project: int) -> None:
    created = subject[0].create_tasks(project, payloads(5))

    found = subject[0].find_tasks(project, [payloads(5)[3].key, "unknown"])

    assert found == {payloads(5)[3].key: [created[payloads(5)[3].key]]}
    assert subject[0].task_ids(project) == set(created.values())


def test_create_tasks__twice_makes_copies_which_are_found(subject: Subject, project: int) -> None:
    first = subject[0].create_tasks(project, payloads(2))
    second = subject[0].create_tasks(project, payloads(2))

    found = subject[0].find_tasks(project, list(first))

    assert found == {key: [first[key], second[key]] for key in first}


def test_annotate__is_read_back(subject: Subject, project: int) -> None:
    platform, _ = subject
    (task, *_) = platform.create_tasks(project, payloads(1)).values()
    anna = coder(platform)

    platform.annotate(task, anna, campaigns.answer(str(uuid4()), "01.12Z", comment="sure"))

    (annotation,) = said(platform, project, task)
    assert (annotation.outcome, annotation.code, annotation.problem) == (Outcome.CODED, "01.12Z", "")
    assert (annotation.lead_time, annotation.comment, annotation.coder) == (42.0, "sure", anna.external_id)
    assert annotation.raw["task"] == task
    assert platform.coders()[anna.external_id].email == "coder1@demo.example"


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.CODED])
def test_annotate__every_outcome_is_read_back(subject: Subject, project: int, outcome: Outcome) -> None:
    platform, _ = subject
    (task, *_) = platform.create_tasks(project, payloads(1)).values()
    anna = coder(platform)

    platform.annotate(task, anna, campaigns.answer(str(uuid4()), None, outcome=outcome))

    assert [(a.outcome, a.code) for a in said(platform, project, task)] == [(outcome, None)]


def test_annotate__the_same_answer_twice_counts_once(subject: Subject, project: int) -> None:
    platform, _ = subject
    (task, *_) = platform.create_tasks(project, payloads(1)).values()
    anna, answer = coder(platform), campaigns.answer(str(uuid4()), "01.11Z")

    platform.annotate(task, anna, answer)
    platform.annotate(task, anna, answer)

    assert len(said(platform, project, task)) == 1


def test_changed_tasks__pages_hold_every_task_once(subject: Subject, project: int) -> None:
    created = subject[0].create_tasks(project, payloads(7))

    seen = [task for page in subject[0].changed_tasks(project, None) for task in page]

    assert {task.key: task.external_id for task in seen} == created
    assert len(seen) == 7


@pytest.mark.parametrize("what", ["new", "edit", "delete", "undo"])
def test_changed_tasks__moves_on_create_edit_delete_and_undo(subject: Subject, project: int, what: str) -> None:
    platform, people = subject
    first, _ = platform.create_tasks(project, payloads(2)).values()
    anna = coder(platform)
    platform.annotate(first, anna, campaigns.answer(str(uuid4()), "01.11Z"))
    (before,) = platform.tasks(project, [first])
    (annotation,) = before.annotations
    actions: dict[str, Callable[[], None]] = {
        "new": lambda: platform.annotate(first, anna, campaigns.answer(str(uuid4()), "01.12Z")),
        "edit": lambda: people.edit(first, annotation.external_id, "01.12Z"),
        "delete": lambda: people.delete_annotation(first, annotation.external_id),
        "undo": lambda: people.undo(first, annotation.external_id),
    }

    actions[what]()

    assert changed(platform, project, before) == {first}
    expected = {"new": {"01.11Z", "01.12Z"}, "edit": {"01.12Z"}, "delete": set(), "undo": set()}[what]
    assert {a.code for a in said(platform, project, first)} == expected


def test_changed_tasks__nothing_after_the_last_change(subject: Subject, project: int) -> None:
    platform, _ = subject
    created = platform.create_tasks(project, payloads(2))
    newest = max(task.updated_at for task in platform.tasks(project, list(created.values())))

    assert list(platform.changed_tasks(project, newest + timedelta(microseconds=1))) == []


def test_delete_unanswered__leaves_what_has_been_answered_or_skipped(subject: Subject, project: int) -> None:
    platform, people = subject
    answered, skipped, waiting, gone = platform.create_tasks(project, payloads(4)).values()
    platform.annotate(answered, coder(platform), campaigns.answer(str(uuid4()), "01.11Z"))
    platform.annotate(skipped, coder(platform), campaigns.answer(str(uuid4()), None, outcome=Outcome.LATER))
    people.delete_task(gone)

    assert platform.delete_unanswered(project, [answered, skipped, waiting, gone]) == [waiting, gone]
    assert platform.task_ids(project) == {answered, skipped}


def test_tasks__deleted_ones_are_gone_and_foreign_ones_have_no_key(subject: Subject, project: int) -> None:
    platform, people = subject
    first, second = platform.create_tasks(project, payloads(2)).values()
    foreign = people.add_foreign_task(project)
    people.delete_task(first)

    found = {task.external_id: task.key for task in platform.tasks(project, [first, second, foreign])}

    assert found == {second: payloads(2)[1].key, foreign: None}


def test_sign_up__the_same_address_is_the_same_coder(subject: Subject) -> None:
    first = subject[0].sign_up("coder2@demo.example", "a-long-passphrase")

    assert subject[0].sign_up("coder2@demo.example", "a-long-passphrase") == first


def test_blank_tasks__leaves_key_and_answers_and_no_text(subject: Subject, project: int) -> None:
    platform, _ = subject
    ids = platform.create_tasks(project, payloads(2))
    first = min(ids.values())
    platform.annotate(first, coder(platform), Answer(str(uuid4()), Outcome.CODED, "01.11Z", 3.0))
    before = said(platform, project, first)

    blanked = platform.blank_tasks([first, 999_999_999])

    assert blanked == 1
    assert platform.blank_tasks([first]) == 0
    assert said(platform, project, first) == before
    assert platform.find_tasks(project, list(ids)) == {key: [number] for key, number in ids.items()}
