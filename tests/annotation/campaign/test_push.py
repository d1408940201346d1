from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annotation.campaign import pull, push
from annotation.campaign.ports import TaskPayload
from annotation.campaign.presenting import Shown
from annotation.campaign.pull import PullResult
from annotation.campaign.push import PushResult
from annotation.domain.campaign import Draw
from annotation.domain.policy import Policy
from annotation.domain.task import Kind
from annotation.domain.team import ARBITRATION, SECOND, WAITING, Assignment, Enrolment, Standing
from annotation.errors import ConflictError, InvalidInputError, NotFoundError, UnreachableError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns
from tests.parts.fake_platform import FakePlatform

SHOWN = Shown({"liasse_type": "Type de liasse"})


def do_push(
    ledger: Ledger,
    platform: FakePlatform,
    *,
    shown: Shown = SHOWN,
    batch: int = 2,
    replace_deleted: bool = False,
) -> PushResult:
    return push.push(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        shown=shown,
        clock=lambda: campaigns.NOW,
        batch=batch,
        replace_deleted=replace_deleted,
        pause=lambda _: None,
    )


def keys_on(platform: FakePlatform) -> list[str]:
    return sorted(task.payload.key for task in platform.stored.values() if task.payload)


def test_push__brings_every_task_once_and_a_second_push_none(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()

    first, second = do_push(ledger, platform), do_push(ledger, platform)

    assert (first.pushed, first.already_there, first.healed) == (5, 0, 0)
    assert (second.pushed, second.already_there, second.healed) == (0, 0, 0)
    with ledger.read() as work:
        assert keys_on(platform) == sorted(task.key for task in work.tasks.of_campaign(campaigns.KEY))


def test_push__sends_only_allow_listed_variables_and_hides_the_reason(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()

    do_push(ledger, platform)

    (stored,) = platform.stored.values()
    assert stored.payload is not None
    assert stored.payload.context == (("Type de liasse", "C"),)
    assert stored.payload.reason == ""
    assert "never shown" not in repr(stored.payload)
    assert [c.title for c in stored.payload.candidates] == ["Culture de céréales", "Culture du riz"]
    assert stored.payload.score == pytest.approx(0.3)


def test_push__shows_the_reason_when_the_campaign_says_so(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()

    do_push(ledger, platform, shown=Shown({}, reason=True))

    (stored,) = platform.stored.values()
    assert stored.payload is not None
    assert stored.payload.reason == "Drawn at random to measure accuracy."


def test_push__finds_again_the_batch_whose_answer_was_lost(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    platform.fail_create = ["", "lost"]

    result = do_push(ledger, platform)

    assert result.pushed == 5
    assert len(keys_on(platform)) == len(set(keys_on(platform))) == 5


def test_push__a_refused_batch_fails_and_the_next_push_sends_the_rest(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    platform.fail_create = ["", "refused"]

    with pytest.raises(UnreachableError):
        do_push(ledger, platform)
    result = do_push(ledger, platform)

    assert result.pushed == 3
    assert len(keys_on(platform)) == len(set(keys_on(platform))) == 5


def test_push__deletes_the_copies_that_a_late_request_made(tmp_path: Path) -> None:
    """A request of a killed push may be carried out after the next push has looked."""
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    platform.fail_create = ["late"]
    with pytest.raises(UnreachableError):
        do_push(ledger, platform)
    do_push(ledger, platform)
    platform.deliver_late()

    result = do_push(ledger, platform)

    assert result.healed == 2
    assert len(keys_on(platform)) == len(set(keys_on(platform))) == 5


def test_push__keeps_an_answered_copy(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()
    do_push(ledger, platform)
    (first,) = platform.stored
    copy = platform.stored[first].payload
    assert copy is not None
    second = platform.create_tasks(1, [copy])[copy.key]
    coder = platform.sign_up("a@demo.example", "secret")
    platform.annotate(second, coder, campaigns.answer("one", "01.11Z"))

    result = do_push(ledger, platform)

    assert result.healed == 0
    assert set(platform.stored) == {first, second}


def test_push__a_task_noted_as_vanished_goes_again(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    do_push(ledger, platform)
    gone = min(platform.stored)
    platform.delete_task(gone)
    with ledger.begin() as work:
        work.platforms.mark_vanished(platform.name, [gone], now=campaigns.NOW)

    assert do_push(ledger, platform).pushed == 1


def test_push__says_who_pushes_already(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    with ledger.begin() as work:
        work.leases.take(
            f"push:{campaigns.KEY}", holder="other-host/7/1", now=campaigns.NOW, lasting=timedelta(minutes=5)
        )

    with pytest.raises(ConflictError, match="other-host/7/1"):
        do_push(ledger, platform)
    assert keys_on(platform) == []


def test_push__of_a_closed_campaign_is_refused(tmp_path: Path) -> None:
    ledger = campaigns.campaign(tmp_path)
    with ledger.begin() as work:
        work.campaigns.close(campaigns.KEY, now=campaigns.NOW)

    with pytest.raises(InvalidInputError, match="closed"):
        do_push(ledger, FakePlatform())


def test_push__a_deleted_project_is_not_silently_replaced(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    do_push(ledger, platform)
    platform.projects.clear()

    with pytest.raises(NotFoundError):
        do_push(ledger, platform)


def test_push__takes_over_from_a_dead_process_after_a_moment(tmp_path: Path, dead_holder: Callable[[], str]) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    with ledger.begin() as work:
        work.leases.take(f"push:{campaigns.KEY}", holder=dead_holder(), now=now, lasting=timedelta(minutes=5))
    pauses: list[float] = []

    result = push.push(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        shown=SHOWN,
        clock=lambda: now + timedelta(seconds=1),
        pause=pauses.append,
    )

    assert result.pushed == 5
    assert pauses == [2.0]


def assign(ledger: Ledger, queues: dict[str, str]) -> None:
    """By task key."""
    with ledger.begin() as work:
        work.assignments.add([Assignment(key, queue, campaigns.NOW) for key, queue in queues.items()])


def drawn(ledger: Ledger) -> list[str]:
    with ledger.read() as work:
        return sorted(task.key for task in work.tasks.of_campaign(campaigns.KEY))


def by_queue(platform: FakePlatform) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task in platform.stored.values():
        if task.payload:
            found.setdefault(platform.projects[task.project].queue, []).append(task.payload.key)
    return {queue: sorted(keys) for queue, keys in found.items()}


def test_push__each_queue_has_a_project_whose_title_names_nobody(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    one, two, three, four, five = drawn(ledger)
    assign(ledger, {two: "C003", three: SECOND, four: ARBITRATION, five: WAITING})

    result = do_push(ledger, platform)

    assert by_queue(platform) == {"": [one], "C003": [two], SECOND: [three], ARBITRATION: [four]}
    assert {spec.queue: (spec.key, spec.title) for spec in platform.projects.values()} == {
        "": ("spring/naf-small", "Spring campaign"),
        "C003": ("spring/naf-small/C003", "Spring campaign · C003"),
        SECOND: ("spring/naf-small/@second", "Spring campaign · second avis"),
        ARBITRATION: ("spring/naf-small/@arbitration", "Spring campaign · arbitrage"),
    }
    assert [spec.kind for spec in platform.projects.values() if spec.queue == ARBITRATION] == [Kind.ARBITRATION]
    assert {one.queue: one.pushed for one in result.queues} == {"": 1, "C003": 1, SECOND: 1, ARBITRATION: 1}


def test_push__a_task_that_goes_to_another_coder_leaves_the_former_project(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=2), FakePlatform()
    moved, answered = drawn(ledger)
    assign(ledger, {moved: "C001", answered: "C001"})
    do_push(ledger, platform)
    number = next(n for n, task in platform.stored.items() if task.payload and task.payload.key == answered)
    platform.annotate(number, platform.sign_up("a@demo.example", "secret"), campaigns.answer("one", "01.11Z"))
    assign(ledger, {moved: "C002", answered: "C002"})

    result, again = do_push(ledger, platform), do_push(ledger, platform)

    assert by_queue(platform) == {"C001": [answered], "C002": [moved]}
    assert (result.withdrawn, result.pushed) == (1, 1)
    assert (again.withdrawn, again.pushed) == (0, 0)


def test_push__a_task_that_waits_for_room_leaves_the_platform(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()
    do_push(ledger, platform)
    assign(ledger, dict.fromkeys(drawn(ledger), WAITING))

    assert do_push(ledger, platform).withdrawn == 1
    assert keys_on(platform) == []


@pytest.mark.parametrize("state", [Standing.PAUSED, Standing.LEFT])
def test_push__nothing_goes_to_a_coder_who_is_not_there(tmp_path: Path, state: Standing) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()
    with ledger.begin() as work:
        coder = work.coders.pseudonym("fake", "7", email=None, now=campaigns.NOW)
        work.enrolments.record(Enrolment(campaigns.KEY, coder, state, campaigns.NOW))
    assign(ledger, dict.fromkeys(drawn(ledger), coder))

    assert do_push(ledger, platform).pushed == 0


def test_push__a_coder_who_learns_has_a_screen_with_feedback(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()
    with ledger.begin() as work:
        coder = work.coders.pseudonym("fake", "7", email=None, now=campaigns.NOW)
        work.enrolments.record(Enrolment(campaigns.KEY, coder, Standing.TRAINING, campaigns.NOW))
    assign(ledger, dict.fromkeys(drawn(ledger), coder))

    do_push(ledger, platform)

    assert [spec.kind for spec in platform.projects.values()] == [Kind.TRAINING]


def test_push__of_a_paused_campaign_sends_nothing_and_says_so(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    with ledger.begin() as work:
        work.policies.set(campaigns.KEY, Policy(paused=True), by="lead", now=campaigns.NOW)

    result = do_push(ledger, platform)

    assert (result.paused, result.pushed, platform.projects) == (True, 0, {})


def test_push__looks_keys_up_only_after_a_push_that_did_not_end(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), CountingPlatform()
    platform.fail_create = ["", "refused"]
    with pytest.raises(UnreachableError):
        do_push(ledger, platform)
    before = list(platform.looked_up)

    do_push(ledger, platform)

    assert (before, platform.looked_up) == ([], [2, 1, 3])


def test_push__a_copy_in_the_project_of_another_queue_is_deleted(tmp_path: Path) -> None:
    """A killed push had just brought the task there when it was given to somebody else."""
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()
    (key,) = drawn(ledger)
    assign(ledger, {key: "C001"})
    platform.fail_create = ["late"]
    with pytest.raises(UnreachableError):
        do_push(ledger, platform)
    assign(ledger, {key: "C002"})
    do_push(ledger, platform)
    platform.deliver_late()

    result = do_push(ledger, platform)

    assert (result.healed, by_queue(platform)) == (1, {"C002": [key]})


def test_push__puts_a_changed_screen_back_and_says_so(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    platform.change_screen(do_push(ledger, platform).project_id)

    assert [do_push(ledger, platform).restored for _ in range(2)] == [1, 0]


def test_push__makes_a_deleted_project_anew_where_told_to_and_asks_nothing_twice(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    project = do_push(ledger, platform).project_id
    answered = min(platform.stored)
    platform.annotate(answered, platform.sign_up("a@demo.example", "secret"), campaigns.answer("one", "01.11Z"))
    pull_all(ledger, platform)
    platform.delete_project(project)

    result = do_push(ledger, platform, replace_deleted=True)

    assert (result.replaced, result.pushed, result.project_id != project) == (1, 4, True)
    assert pull_all(ledger, platform).deleted == 0
    with ledger.read() as work:
        assert len(work.judgements.current(campaigns.KEY)) == 1


def test_push__a_new_project_announces_its_events_where_the_others_do(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    project = do_push(ledger, platform).project_id
    platform.announce(project, "http://here")
    with ledger.begin() as work:
        work.platforms.set_webhook(campaigns.KEY, platform.name, platform.webhooks[project])
    assign(ledger, {drawn(ledger)[0]: "C001"})

    do_push(ledger, platform)

    with ledger.read() as work:
        known = {one.queue: one.webhook_id for one in work.platforms.projects(campaigns.KEY)}
    assert None not in known.values()
    assert known["C001"] == platform.webhooks[max(platform.projects)]


def test_push__after_a_backup_was_restored_sends_what_is_lacking_and_was_not_answered(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=5), FakePlatform()
    keys = drawn(ledger)
    assign(ledger, dict.fromkeys(keys[2:], WAITING))
    do_push(ledger, platform)
    pull_all(ledger, platform)
    backup = platform.backup()
    assign(ledger, dict.fromkeys(keys[2:], ""))
    do_push(ledger, platform)
    number = next(n for n, task in platform.stored.items() if task.payload and task.payload.key == keys[2])
    platform.annotate(number, platform.sign_up("a@demo.example", "secret"), campaigns.answer("one", "01.12Z"))
    pull_all(ledger, platform)
    platform.restore(backup)

    result = do_push(ledger, platform)

    assert (result.pushed, keys_on(platform)) == (2, sorted({*keys} - {keys[2]}))
    with ledger.read() as work:
        assert [one.judgement.code for one in work.judgements.current(campaigns.KEY)] == ["01.12Z"]


class CountingPlatform(FakePlatform):
    """Counts the keys of each look-up."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_up: list[int] = []

    def find_tasks(self, project: int, keys: Sequence[str]) -> dict[str, list[int]]:
        self.looked_up.append(len(keys))
        return super().find_tasks(project, keys)


def pull_all(ledger: Ledger, platform: FakePlatform) -> PullResult:
    return pull.pull(ledger=ledger, platform=platform, campaign_key=campaigns.KEY, clock=lambda: campaigns.NOW)


class VanishingPlatform(FakePlatform):
    """Somebody deletes the first task of each request as soon as it has come."""

    def create_tasks(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        made = super().create_tasks(project, payloads)
        self.delete_task(min(made.values()))
        return made


def test_push__a_task_that_somebody_deletes_meanwhile_is_no_fault_and_goes_out_again(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), VanishingPlatform()

    first = do_push(ledger, platform, batch=5)
    second = do_push(ledger, platform, batch=5)

    assert (first.pushed, second.pushed) == (5, 1)


class PulledPlatform(FakePlatform):
    """Before the push reads back what it sent, somebody deletes a task, and a pull notes it."""

    ledger: Ledger

    def find_tasks(self, project: int, keys: Sequence[str]) -> dict[str, list[int]]:
        self.delete_task(min(self.task_ids(project)))
        pull.pull(ledger=self.ledger, platform=self, campaign_key=campaigns.KEY, clock=lambda: campaigns.NOW, full=True)
        return super().find_tasks(project, keys)


def test_push__a_deletion_that_a_pull_has_noted_meanwhile_is_no_fault_either(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), PulledPlatform()
    platform.ledger = ledger

    assert do_push(ledger, platform, batch=5).pushed == 5
    assert len(keys_on(platform)) == 4


class ReusingPlatform(FakePlatform):
    """While a push is at work, somebody deletes the youngest task, and its number is given again."""

    reuses = False

    def create_tasks(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        if self.reuses:
            youngest = max(self.stored)
            self.delete_task(youngest)
            self._last = youngest - 1
        return super().create_tasks(project, payloads)


def test_push__what_was_said_of_a_task_does_not_outlive_it_under_a_number_given_again(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), ReusingPlatform()
    do_push(ledger, platform, batch=5)
    coder = platform.sign_up("coder@demo.example", "a-long-passphrase")
    platform.annotate(max(platform.stored), coder, campaigns.answer("a", "01.11Z"))
    pull.pull(ledger=ledger, platform=platform, campaign_key=campaigns.KEY, clock=lambda: campaigns.NOW)
    with ledger.begin() as work:
        draw = work.draws.add(Draw("draw-2", campaigns.KEY, 2, "m/1", "2026-01", "2026-02", {}, campaigns.NOW)).id
        work.texts.add(campaigns.texts(6), now=campaigns.NOW)
        work.tasks.add(campaigns.tasks_of("draw-2", draw, campaigns.texts(6)[5:]))
    platform.reuses = True

    do_push(ledger, platform, batch=5)
    platform.reuses = False

    with ledger.read() as work:
        assert work.judgements.current(campaigns.KEY) == []
    assert (do_push(ledger, platform, batch=5).pushed, len(keys_on(platform))) == (1, 6)
