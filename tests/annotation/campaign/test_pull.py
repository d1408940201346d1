from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from annotation.campaign import pull, push
from annotation.campaign.ports import PlatformCoder
from annotation.campaign.presenting import Shown
from annotation.campaign.pull import PullResult
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.team import Assignment
from annotation.errors import NotFoundError, UnreachableError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns
from tests.parts.fake_platform import FakePlatform


@dataclass
class Desk:
    """A pushed campaign with one coder."""

    ledger: Ledger
    platform: FakePlatform
    coder: PlatformCoder
    project: int

    @property
    def ids(self) -> list[int]:
        return sorted(self.platform.task_ids(self.project))

    def say(self, task: int, name: str, code: str | None, *, outcome: Outcome = Outcome.CODED) -> str:
        self.platform.annotate(task, self.coder, campaigns.answer(name, code, outcome=outcome))
        return list(self.platform.stored[task].annotations)[-1]

    def pull(
        self,
        *,
        full: bool = False,
        overlap: timedelta = timedelta(0),
        clock: Callable[[], datetime] = lambda: campaigns.NOW,
    ) -> PullResult:
        return pull.pull(
            ledger=self.ledger,
            platform=self.platform,
            campaign_key=campaigns.KEY,
            clock=clock,
            full=full,
            overlap=overlap,
        )

    def push(self) -> None:
        push.push(
            ledger=self.ledger,
            platform=self.platform,
            campaign_key=campaigns.KEY,
            shown=Shown({}),
            clock=lambda: campaigns.NOW,
        )

    @property
    def in_force(self) -> list[Judgement]:
        with self.ledger.read() as work:
            return [recorded.judgement for recorded in work.judgements.current(campaigns.KEY)]

    @property
    def rows(self) -> int:
        with self.ledger.read() as work:
            return len(work.judgements.history(campaigns.KEY))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    platform = FakePlatform()
    made = Desk(campaigns.campaign(tmp_path), platform, platform.sign_up("anna@demo.example", "secret"), 0)
    made.push()
    made.project = min(platform.projects)
    return made


def test_pull__records_what_was_said_under_a_pseudonym(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", "01.11Z")

    result = desk.pull()

    assert (result.new, result.edited, result.deleted) == (1, 0, 0)
    (judgement,) = desk.in_force
    assert (judgement.code, judgement.outcome, judgement.lead_time) == ("01.11Z", Outcome.CODED, 42.0)
    assert judgement.coder == "C001"


def test_pull__again_writes_nothing(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()

    again = desk.pull(full=True)

    assert (again.new, again.edited, again.deleted, desk.rows) == (0, 0, 0, 1)


def test_pull__reads_only_what_changed(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.say(desk.ids[4], "b", "01.12Z")

    assert desk.pull().tasks_seen == 1


def test_pull__edit_supersedes_the_former_judgement(desk: Desk) -> None:
    annotation = desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.platform.edit(desk.ids[0], annotation, "01.12Z")

    result = desk.pull()

    assert (result.new, result.edited) == (0, 1)
    assert [one.code for one in desk.in_force] == ["01.12Z"]
    assert desk.rows == 2


def test_pull__keeps_two_annotations_of_one_task(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.say(desk.ids[0], "b", "01.12Z")

    assert desk.pull().new == 2
    assert [one.code for one in desk.in_force] == ["01.11Z", "01.12Z"]


def test_pull__a_deleted_annotation_leaves_a_tombstone(desk: Desk) -> None:
    kept, gone = desk.say(desk.ids[0], "a", "01.11Z"), desk.say(desk.ids[0], "b", "01.12Z")
    desk.pull()
    desk.platform.delete_annotation(desk.ids[0], gone)

    result = desk.pull()

    assert result.deleted == 1
    assert [one.external_id for one in desk.in_force] == [kept]
    assert desk.rows == 3


def test_pull__a_deleted_task_is_noticed_and_can_be_pushed_again(desk: Desk) -> None:
    gone = desk.ids[0]
    desk.say(gone, "a", "01.11Z")
    desk.pull()
    desk.platform.delete_task(gone)

    result = desk.pull()
    desk.push()

    assert (result.deleted, result.vanished) == (1, 1)
    assert desk.in_force == []
    assert len(desk.ids) == 5
    assert desk.pull() == PullResult(tasks_seen=1)


def test_pull__a_skip_is_later_and_never_a_code(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", None, outcome=Outcome.LATER)

    assert desk.pull().skipped == 1
    assert [(one.outcome, one.code) for one in desk.in_force] == [(Outcome.LATER, None)]


@pytest.mark.parametrize("code", ["99.99Z", "01.11z", "01.1", "A"])
def test_pull__sets_aside_what_is_no_leaf_of_the_nomenclature(desk: Desk, code: str) -> None:
    desk.say(desk.ids[0], "a", code)

    result = desk.pull()

    assert (result.new, result.quarantined) == (0, 1)
    assert desk.in_force == []
    with desk.ledger.read() as work:
        (item,) = work.quarantine.list(kind="annotation")
    assert code in item.reason


def test_pull__an_edit_into_nonsense_withdraws_the_former_judgement(desk: Desk) -> None:
    annotation = desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.platform.edit(desk.ids[0], annotation, "nonsense")

    result = desk.pull()

    assert (result.quarantined, result.deleted) == (1, 1)
    assert desk.in_force == []


def test_pull__sets_aside_answers_to_tasks_that_are_not_ours(desk: Desk) -> None:
    foreign = desk.platform.add_foreign_task(desk.project)
    desk.say(foreign, "a", "01.11Z")

    assert desk.pull().quarantined == 1
    assert desk.in_force == []


def test_pull__reads_the_tasks_that_a_webhook_named_and_marks_it(desk: Desk) -> None:
    first = desk.ids[0]
    desk.say(desk.ids[1], "b", "01.12Z")
    desk.pull()
    with desk.ledger.begin() as work:
        work.inbox.add(
            action="ANNOTATION_CREATED", project_id=desk.project, payload={"task_ids": [first]}, now=campaigns.NOW
        )
        work.inbox.add(action="ANNOTATION_CREATED", project_id=99, payload={"task_ids": [1]}, now=campaigns.NOW)

    assert desk.pull().tasks_seen == 1
    with desk.ledger.read() as work:
        assert [hook.project_id for hook in work.inbox.waiting()] == [99]


def test_pull__takes_in_both_copies_of_a_task(desk: Desk) -> None:
    """What was said on a copy that a late request made counts as well, and neither withdraws the other."""
    first = desk.ids[0]
    copy = desk.platform.stored[first].payload
    assert copy is not None
    second = desk.platform.create_tasks(desk.project, [copy])[copy.key]
    desk.say(first, "a", "01.11Z")
    desk.say(second, "b", "01.12Z")

    assert desk.pull().new == 2
    desk.say(second, "c", "01.13Z")
    assert desk.pull().deleted == 0
    assert [one.code for one in desk.in_force] == ["01.11Z", "01.12Z", "01.13Z"]


def test_pull__notes_where_tasks_live_whose_push_was_killed(desk: Desk) -> None:
    with desk.ledger.begin() as work:
        work.platforms.mark_vanished(desk.platform.name, [], now=campaigns.NOW)
    copies = [desk.platform.stored[number].payload for number in desk.ids]
    for number in desk.ids:
        desk.platform.delete_task(number)
    desk.pull()
    desk.platform.create_tasks(desk.project, [one for one in copies if one])

    desk.pull()

    with desk.ledger.read() as work:
        assert sorted(work.platforms.references(campaigns.KEY, desk.platform.name)) == desk.ids


def test_pull__a_failure_leaves_the_cursor_where_it_was(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.platform.reachable = False
    with pytest.raises(UnreachableError):
        desk.pull()
    desk.platform.reachable = True

    assert desk.pull().new == 1


def test_pull__a_deleted_project_withdraws_nothing(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.platform.projects.clear()

    with pytest.raises(NotFoundError):
        desk.pull(full=True)
    assert len(desk.in_force) == 1


def test_pull__before_any_push_says_what_to_do(tmp_path: Path) -> None:
    ledger = campaigns.campaign(tmp_path)

    with pytest.raises(NotFoundError, match="awb push"):
        pull.pull(ledger=ledger, platform=FakePlatform(), campaign_key=campaigns.KEY, clock=lambda: campaigns.NOW)


def test_pull__an_undone_submission_is_withdrawn(desk: Desk) -> None:
    annotation = desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.platform.undo(desk.ids[0], annotation)

    assert desk.pull().deleted == 1
    assert desk.in_force == []


def test_pull__difficulty_and_reason_come_with_the_judgement(desk: Desk) -> None:
    desk.platform.annotate(
        desk.ids[0],
        desk.coder,
        replace(campaigns.answer("a", None, outcome=Outcome.UNCLASSIFIABLE), difficulty=4, detail="too vague"),
    )

    desk.pull()

    assert [(one.difficulty, one.detail) for one in desk.in_force] == [(4, "too vague")]


@pytest.fixture
def two_queues(desk: Desk) -> Desk:
    """The last task is in a coder's own queue."""
    key = desk.platform.stored[desk.ids[-1]].payload
    assert key is not None
    with desk.ledger.begin() as work:
        work.assignments.add([Assignment(key.key, "C007", campaigns.NOW)])
    desk.push()
    return desk


def test_pull__reads_every_queue_with_a_cursor_of_its_own(two_queues: Desk) -> None:
    desk = two_queues
    own = max(desk.platform.stored)
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.say(own, "b", "01.12Z")

    first, second = desk.pull(), desk.pull()

    assert (first.new, second.tasks_seen) == (2, 0)
    with desk.ledger.read() as work:
        cursors = {one.queue: one.cursor for one in work.platforms.projects(campaigns.KEY)}
    assert cursors == {"": desk.platform.stored[desk.ids[0]].updated_at, "C007": desk.platform.stored[own].updated_at}


def test_pull__reads_the_other_queues_when_one_project_was_deleted_and_withdraws_nothing(two_queues: Desk) -> None:
    desk = two_queues
    own = max(desk.platform.stored)
    desk.say(own, "b", "01.12Z")
    desk.pull()
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.platform.delete_project(max(desk.platform.projects))

    with pytest.raises(NotFoundError, match="C007"):
        desk.pull(full=True)

    assert sorted(one.code or "" for one in desk.in_force) == ["01.11Z", "01.12Z"]


def test_pull__a_restored_backup_takes_nothing_away(desk: Desk) -> None:
    before, edited, later = desk.ids[:3]
    desk.say(before, "a", "01.11Z")
    annotation = desk.say(edited, "b", "01.11Z")
    desk.pull()
    backup = desk.platform.backup()
    desk.platform.edit(edited, annotation, "01.12Z")
    desk.say(later, "c", "01.13Z")
    desk.pull()
    desk.platform.restore(backup)

    first, second = desk.pull(), desk.pull(full=True)

    assert (first.deleted, first.kept, second.deleted, second.kept) == (0, 1, 0, 0)
    assert sorted(one.code or "" for one in desk.in_force) == ["01.11Z", "01.12Z", "01.13Z"]
    with desk.ledger.read() as work:
        (project,) = work.platforms.projects(campaigns.KEY)
    assert project.cursor == max(task.updated_at for task in desk.platform.stored.values())


def test_pull__ids_that_a_restored_server_gives_again_are_other_annotations(desk: Desk) -> None:
    """People went on before anybody pulled, so that nothing looks older than the cursor."""
    backup = desk.platform.backup()
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.platform.restore(backup)
    desk.say(desk.ids[1], "b", "56.10A")

    first, second = desk.pull(), desk.pull(full=True)

    said = {one.task_key: one.code for one in desk.in_force}
    names = [payload.key for number in desk.ids[:2] if (payload := desk.platform.stored[number].payload)]
    assert said == dict(zip(names, ["01.11Z", "56.10A"], strict=True))
    assert (first.new, first.kept, first.deleted) == (1, 1, 0)
    assert (second.new, second.kept, second.deleted) == (0, 0, 0)


def test_pull__tasks_that_a_restored_server_lacks_keep_their_judgements(two_queues: Desk) -> None:
    """The youngest tasks are gone together: nobody deletes just those."""
    desk = two_queues
    key = desk.platform.stored[desk.ids[0]].payload
    assert key is not None
    desk.pull()
    backup = desk.platform.backup()
    with desk.ledger.begin() as work:
        work.assignments.add([Assignment(key.key, "C007", campaigns.NOW)])
    desk.push()
    desk.say(max(desk.platform.stored), "a", "01.11Z")
    desk.pull()
    desk.platform.restore(backup)

    result = desk.pull()

    assert (result.deleted, result.kept, result.vanished) == (0, 1, 1)
    assert [one.code for one in desk.in_force] == ["01.11Z"]


def test_pull__tells_what_webhooks_lost_and_how_old_the_newest_change_was(desk: Desk) -> None:
    told, untold = desk.ids[:2]
    with desk.ledger.begin() as work:
        work.platforms.set_webhook(campaigns.KEY, desk.platform.name, 1)
    desk.say(told, "a", "01.11Z")
    changed_at = desk.platform.stored[told].updated_at
    with desk.ledger.begin() as work:
        work.inbox.add(
            action="ANNOTATION_CREATED", project_id=desk.project, payload={"task_ids": [told]}, now=changed_at
        )
    desk.say(untold, "b", "01.12Z")
    later = desk.platform.stored[untold].updated_at + timedelta(seconds=90)

    result = desk.pull(clock=lambda: later)

    assert (result.new, result.unannounced, result.lag_seconds) == (2, 1, 90.0)
    with desk.ledger.read() as work:
        event = work.events.newest("pull", campaigns.KEY)
    assert event is not None
    assert (event.payload["unannounced"], event.payload["lag_seconds"]) == (1, 90.0)


def test_pull__without_a_webhook_nothing_is_missed(desk: Desk) -> None:
    desk.say(desk.ids[0], "a", "01.11Z")

    assert desk.pull().unannounced == 0


def test_pull__a_platform_whose_clock_was_set_back_hides_nothing(desk: Desk) -> None:
    desk.platform.clock_off = timedelta(hours=1)
    first = desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.platform.clock_off = timedelta(0)
    desk.say(desk.ids[1], "b", "01.12Z")
    desk.platform.edit(desk.ids[0], first, "01.13Z")

    result = desk.pull()
    desk.say(desk.ids[2], "c", "01.11Z")

    assert (result.new, result.edited, result.kept) == (1, 1, 0)
    assert (desk.pull().new, desk.pull().new) == (1, 0)
    with desk.ledger.read() as work:
        current = work.judgements.current(campaigns.KEY)
    assert sorted(one.judgement.code or "" for one in current) == ["01.11Z", "01.12Z", "01.13Z"]


def test_pull__what_was_said_while_the_clock_was_behind_is_found_when_it_is_right_again(desk: Desk) -> None:
    """Nobody pulled in the hour in which all that was said bore times that had been read already."""
    desk.platform.clock_off = timedelta(hours=1)
    desk.say(desk.ids[0], "a", "01.11Z")
    desk.pull()
    desk.platform.clock_off = timedelta(0)
    desk.say(desk.ids[1], "b", "01.12Z")
    later = timedelta(hours=3)
    desk.platform.clock_off = later
    desk.say(desk.ids[2], "c", "01.12Z")

    result = desk.pull(clock=lambda: campaigns.NOW + later)

    assert result.new == 2
