"""Push and pull against the real Label Studio."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import jwt
import pytest

from annotation.campaign import pull, push, simulate
from annotation.campaign.ports import Platform
from annotation.campaign.presenting import Shown
from annotation.campaign.pull import PullResult
from annotation.campaign.push import PushResult
from annotation.campaign.simulate import Behaviour
from annotation.domain.judgement import Outcome
from annotation.domain.team import Assignment
from annotation.errors import InvalidInputError, NotFoundError, UnreachableError
from annotation.labelstudio import installation, webhook
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, labelstudio, pusher
from tests.parts.labelstudio import Hands, platform_of
from tests.parts.lossy_proxy import losing_answers
from tests.parts.ports import free_port

pytestmark = [
    pytest.mark.integration,
    # The SDK's own, when it exchanges a personal access token.
    pytest.mark.filterwarnings("ignore:The `parse_obj` method:pydantic.warnings.PydanticDeprecatedSince20"),
]

KILLS = 20
PASSPHRASE = "a-long-passphrase"
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.parts.pusher", "label_studio_sdk"])


@dataclass(frozen=True)
class Desk:
    """A campaign of its own, which people work on."""

    key: str
    ledger: Ledger
    platform: LabelStudioPlatform
    hands: Hands

    def push(self, platform: Platform | None = None, *, batch: int = 1000, replace_deleted: bool = False) -> PushResult:
        return push.push(
            ledger=self.ledger,
            platform=platform or self.platform,
            campaign_key=self.key,
            shown=Shown({}),
            clock=now,
            batch=batch,
            replace_deleted=replace_deleted,
        )

    def assign(self, queues: dict[str, str]) -> None:
        """By task key."""
        with self.ledger.begin() as work:
            work.assignments.add([Assignment(key, queue, now()) for key, queue in queues.items()])

    def pull(self, *, full: bool = False) -> PullResult:
        return pull.pull(ledger=self.ledger, platform=self.platform, campaign_key=self.key, clock=now, full=full)

    def say(self, task: int, code: str | None, *, outcome: Outcome = Outcome.CODED) -> None:
        coder = self.platform.sign_up("coder1@demo.example", PASSPHRASE)
        self.platform.annotate(task, coder, campaigns.answer(str(uuid4()), code, outcome=outcome))

    @property
    def project(self) -> int:
        with self.ledger.read() as work:
            project = work.platforms.project(self.key, self.platform.name)
        assert project is not None
        return project.external_id

    def project_of(self, queue: str) -> int:
        with self.ledger.read() as work:
            project = work.platforms.project(self.key, self.platform.name, queue)
        assert project is not None
        return project.external_id

    @property
    def keys_of_ids(self) -> dict[int, str]:
        with self.ledger.read() as work:
            return work.platforms.references(self.key, self.platform.name)

    @property
    def keys_by_queue(self) -> dict[str, list[str | None]]:
        """As the platform has them."""
        with self.ledger.read() as work:
            projects = work.platforms.projects(self.key, self.platform.name)
        return {
            one.queue: sorted(
                task.key or "" for page in self.platform.changed_tasks(one.external_id, None) for task in page
            )
            for one in projects
        }

    @property
    def queues_drawn(self) -> dict[str, list[str | None]]:
        """As the ledger wants them."""
        with self.ledger.read() as work:
            queues = work.assignments.queues(self.key)
            found: dict[str, list[str | None]] = {
                one.queue: [] for one in work.platforms.projects(self.key, self.platform.name)
            }
        for key in sorted(self.keys_drawn):
            found[queues.get(key, "")].append(key)
        return found

    @property
    def ids(self) -> list[int]:
        with self.ledger.read() as work:
            return sorted(work.platforms.references(self.key, self.platform.name))

    @property
    def keys_there(self) -> Counter[str | None]:
        return Counter(task.key for page in self.platform.changed_tasks(self.project, None) for task in page)

    @property
    def keys_drawn(self) -> set[str]:
        with self.ledger.read() as work:
            return {task.key for task in work.tasks.of_campaign(self.key)}

    @property
    def in_force(self) -> list[tuple[str, str | None, str]]:
        """Task, code and annotation of every judgement that counts."""
        with self.ledger.read() as work:
            return [
                (r.judgement.task_key, r.judgement.code, r.judgement.external_id)
                for r in work.judgements.current(self.key)
            ]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def make_desk(label_studio: LabelStudioServer, tmp_path: Path) -> Iterator[Callable[[int], Desk]]:
    key = f"test-{uuid4().hex[:12]}"
    with platform_of(label_studio) as platform, closing(Hands(label_studio)) as hands:
        ledgers: list[Ledger] = []

        def make(tasks: int) -> Desk:
            ledgers.append(campaigns.campaign(tmp_path, tasks=tasks, key=key))
            return Desk(key, ledgers[0], platform, hands)

        yield make
        for ledger in ledgers:
            ledger.close()


@pytest.fixture
def desk(make_desk: Callable[[int], Desk]) -> Desk:
    made = make_desk(5)
    made.push()
    return made


def test_push__killed_twenty_times_leaves_no_task_out_and_none_twice(
    make_desk: Callable[[int], Desk], label_studio: LabelStudioServer
) -> None:
    desk = make_desk(2500)
    chance = random.Random(11)
    killed = 0
    while killed < KILLS and kill_a_push(desk, label_studio, after=chance.uniform(0, 1.5)):
        killed += 1

    desk.push()
    again = desk.push()

    assert killed == KILLS
    assert desk.keys_there == Counter(dict.fromkeys(desk.keys_drawn, 1))
    assert len(desk.ids) == len(desk.keys_drawn) == 2500
    assert (again.pushed, again.already_there, again.healed) == (0, 0, 0)


def kill_a_push(desk: Desk, server: LabelStudioServer, *, after: float) -> bool:
    """Whether it was still at work after so many seconds, and was killed."""
    begun = CONTEXT.Event()
    arguments = (desk.ledger.url, desk.key, server.url, server.account.token, desk.platform.name, begun)
    child = CONTEXT.Process(target=pusher.run, args=arguments)
    child.start()
    assert begun.wait(60)
    child.join(after)
    if not child.is_alive():
        return False
    child.kill()
    child.join()
    return True


def test_push__a_lost_answer_makes_no_copy(desk: Desk) -> None:
    url, name = desk.platform.session.url, desk.platform.name
    with (
        losing_answers(url, victim="/import") as proxy,
        closing(LabelStudioPlatform(proxy.url, desk.hands.token, name=name, public_url=url)) as lossy,
    ):
        for number in desk.ids:
            desk.hands.delete_task(number)
        desk.pull()
        proxy.losses = 2

        result = desk.push(lossy, batch=3)

    assert (result.pushed, proxy.losses) == (5, 0)
    assert desk.keys_there == Counter(dict.fromkeys(desk.keys_drawn, 1))
    assert desk.push().pushed == 0


def test_push__a_server_that_moved_serves_the_tree_from_its_new_address(
    desk: Desk, label_studio: LabelStudioServer
) -> None:
    moved = LabelStudioPlatform(label_studio.url, desk.hands.token, name=desk.platform.name, public_url="http://new")
    with closing(moved):
        desk.push(moved)

    project = desk.hands.request("GET", f"/api/projects/{desk.project}/")
    assert 'apiUrl="http://new/data/' in project["label_config"]


def test_pull__new_edited_and_deleted(desk: Desk) -> None:
    desk.say(desk.ids[0], "01.11Z")
    desk.say(desk.ids[0], "01.12Z")
    desk.say(desk.ids[1], "01.11Z")
    first = desk.pull()
    (_, _, to_edit), (_, _, to_delete), _ = desk.in_force
    desk.hands.edit(desk.ids[0], to_edit, "01.13Z")
    desk.hands.delete_annotation(desk.ids[0], to_delete)

    second, third = desk.pull(), desk.pull()

    assert (first.new, first.edited, first.deleted) == (3, 0, 0)
    assert (second.new, second.edited, second.deleted) == (0, 1, 1)
    assert (third.new, third.edited, third.deleted) == (0, 0, 0)
    assert sorted(code or "" for _, code, _ in desk.in_force) == ["01.11Z", "01.13Z"]


def test_pull__a_skip_keeps_no_code_and_a_branch_is_set_aside(desk: Desk) -> None:
    desk.say(desk.ids[0], None, outcome=Outcome.LATER)
    desk.say(desk.ids[1], "01.1")

    result = desk.pull()

    assert (result.new, result.skipped, result.quarantined) == (1, 1, 1)
    assert [code for _, code, _ in desk.in_force] == [None]


def test_pull__a_deleted_task_goes_out_again(desk: Desk) -> None:
    desk.say(desk.ids[0], "01.11Z")
    desk.pull()
    desk.hands.delete_task(desk.ids[0])

    result = desk.pull()

    assert (result.deleted, result.vanished, desk.in_force) == (1, 1, [])
    assert desk.push().pushed == 1
    assert desk.keys_there == Counter(dict.fromkeys(desk.keys_drawn, 1))


def test_pull__heals_what_a_dead_webhook_lost(desk: Desk) -> None:
    webhook.register(desk.platform.session, project=desk.project, url=f"http://127.0.0.1:{free_port()}/", secret="s")
    desk.say(desk.ids[2], "01.12Z")

    assert desk.pull().new == 1


def test_simulate__coders_answer_once(desk: Desk) -> None:
    truth = campaigns.truth(desk.ledger, key=desk.key)
    faultless = Behaviour(coders=2, error_rate=0, skip_rate=0, give_up_rate=0)

    def run(behaviour: Behaviour) -> int:
        return simulate.simulate(
            ledger=desk.ledger,
            platform=desk.platform,
            campaign_key=desk.key,
            truth=truth,
            password=PASSPHRASE,
            behaviour=behaviour,
        ).answered

    assert run(faultless) == 5
    assert run(replace(faultless, seed=2)) == 0
    assert desk.pull().new == 5
    assert [code for _, code, _ in desk.in_force] == ["01.11Z"] * 5


@pytest.fixture
def colleague(desk: Desk) -> Iterator[LabelStudioPlatform]:
    """The platform as somebody uses it who joined by the form and has a personal access token."""
    url, email = desk.platform.session.url, f"{uuid4()}@demo.example"
    desk.platform.sign_up(email, PASSPHRASE)
    with closing(LabelStudioPlatform(url, labelstudio.personal_token(url, email, PASSPHRASE))) as platform:
        yield platform


def test_platform__takes_a_personal_access_token(desk: Desk, colleague: LabelStudioPlatform) -> None:
    check = colleague.check()

    assert (check.token_kind, check.user.endswith("@demo.example"), check.problem) == ("personal", True, "")
    assert colleague.require_project(desk.project) == 5


def test_platform__renews_an_access_token_that_the_server_no_longer_takes(
    desk: Desk, colleague: LabelStudioPlatform
) -> None:
    """A clock that is slow keeps the SDK on an access token that has ended."""
    colleague.require_project(desk.project)
    stale = jwt.encode({"exp": 4_000_000_000, "token_type": "access"}, "another key of thirty-two bytes....")
    colleague.session._sdk._client_wrapper._tokens_client._access_token = stale

    assert colleague.require_project(desk.project) == 5


def test_platform__a_wrong_token_says_what_to_do(label_studio: LabelStudioServer) -> None:
    with (
        closing(LabelStudioPlatform(label_studio.url, "0" * 40)) as platform,
        pytest.raises(UnreachableError, match="Legacy tokens may be off"),
    ):
        platform.require_project(1)


def test_push__killed_while_tasks_change_queues_leaves_each_once_where_it_belongs(
    make_desk: Callable[[int], Desk], label_studio: LabelStudioServer
) -> None:
    desk = make_desk(600)
    desk.push(batch=200)
    chance = random.Random(5)
    for number in range(6):
        desk.assign(dict.fromkeys(chance.sample(sorted(desk.keys_drawn), 200), f"C00{number % 3 + 1}"))
        kill_a_push(desk, label_studio, after=chance.uniform(0, 1.2))

    desk.push()
    again = desk.push()

    assert desk.keys_by_queue == desk.queues_drawn
    assert (again.pushed, again.already_there, again.healed, again.withdrawn) == (0, 0, 0, 0)


def test_push__a_task_answered_meanwhile_stays_with_its_coder(desk: Desk) -> None:
    moved, answered = desk.ids[:2]
    keys = desk.keys_of_ids
    desk.say(answered, "01.11Z")
    desk.assign({keys[moved]: "C001", keys[answered]: "C001"})

    result = desk.push()
    desk.say(max(desk.ids), "01.12Z")

    assert (result.withdrawn, result.pushed) == (1, 1)
    assert desk.keys_by_queue["C001"] == [keys[moved]]
    assert desk.pull().new == 2
    title = desk.hands.request("GET", f"/api/projects/{desk.project_of('C001')}/")["title"]
    assert title == "Spring campaign · C001"


def test_push__a_screen_changed_by_hand_is_put_back_and_one_with_other_answers_is_told(desk: Desk) -> None:
    desk.hands.change_screen(desk.project)
    desk.hands.request("PATCH", f"/api/projects/{desk.project}/", json={"maximum_annotations": 3})

    assert [desk.push().restored for _ in range(2)] == [1, 0]
    choice = '<Choices name="own" toName="text"><Choice value="wheat"/></Choices>'
    screen = f'<View><Text name="text" value="$text"/>{choice}</View>'
    desk.hands.request("PATCH", f"/api/projects/{desk.project}/", json={"label_config": screen})
    result = [{"from_name": "own", "to_name": "text", "type": "choices", "value": {"choices": ["wheat"]}}]
    desk.hands.request("POST", f"/api/tasks/{desk.ids[0]}/annotations/", json={"result": result})
    with pytest.raises(InvalidInputError, match="Delete those annotations"):
        desk.push()
    assert desk.pull().quarantined == 1


def test_pull__an_undone_submission_is_withdrawn_and_a_draft_is_no_answer(desk: Desk) -> None:
    desk.say(desk.ids[0], "01.11Z")
    desk.pull()
    ((_, _, annotation),) = desk.in_force
    desk.hands.undo(desk.ids[0], annotation)

    result, again = desk.pull(), desk.pull(full=True)

    assert (result.deleted, desk.in_force) == (1, [])
    assert again.new == 0


def test_pull__two_annotations_of_one_coder_are_both_kept(desk: Desk) -> None:
    desk.say(desk.ids[0], "01.11Z")
    desk.say(desk.ids[0], "01.12Z")

    assert desk.pull().new == 2
    assert [code for _, code, _ in desk.in_force] == ["01.11Z", "01.12Z"]


def test_pull__a_deleted_project_withdraws_nothing_and_can_be_made_anew(desk: Desk) -> None:
    desk.say(desk.ids[0], "01.11Z")
    desk.pull()
    desk.hands.delete_project(desk.project)

    with pytest.raises(NotFoundError, match="stays in the ledger"):
        desk.pull()
    with pytest.raises(NotFoundError, match="--replace-deleted"):
        desk.push()
    result = desk.push(replace_deleted=True)

    assert (result.replaced, result.pushed, len(desk.in_force)) == (1, 4, 1)
    assert desk.pull(full=True).deleted == 0


def test_pull__tells_what_a_dead_webhook_lost(desk: Desk) -> None:
    hook = webhook.register(
        desk.platform.session, project=desk.project, url=f"http://127.0.0.1:{free_port()}/", secret="s"
    )
    with desk.ledger.begin() as work:
        work.platforms.set_webhook(desk.key, desk.platform.name, hook)
    desk.say(desk.ids[2], "01.12Z")
    time.sleep(3)

    result = desk.pull()

    assert (result.new, result.unannounced) == (1, 1)
    assert result.lag_seconds is not None
    assert 3 <= result.lag_seconds < 60


def test_pull__of_a_server_that_was_restored_from_a_backup_loses_nothing(tmp_path: Path) -> None:
    """Afterwards ids are given a second time, and a project that was made since is gone."""
    database = tmp_path / "server" / installation.DATABASE
    with labelstudio.started(tmp_path / "server") as server, own_desk(server, tmp_path) as desk:
        desk.push()
        desk.say(desk.ids[0], "01.11Z")
        desk.pull()
    backup = database.read_bytes()
    with labelstudio.started(tmp_path / "server") as server, own_desk(server, tmp_path) as desk:
        desk.say(desk.ids[1], "01.12Z")
        desk.assign({desk.keys_of_ids[desk.ids[4]]: "C001"})
        desk.push()
        desk.pull()
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    database.write_bytes(backup)
    with labelstudio.started(tmp_path / "server") as server, own_desk(server, tmp_path) as desk:
        desk.say(desk.ids[2], "01.13Z")

        with pytest.raises(NotFoundError, match="C001"):
            desk.pull()
        result = desk.push(replace_deleted=True)

        assert sorted(code or "" for _, code, _ in desk.in_force) == ["01.11Z", "01.12Z", "01.13Z"]
        assert (result.replaced, result.pushed, result.healed) == (1, 1, 1)
        assert desk.keys_by_queue == desk.queues_drawn


@contextmanager
def own_desk(server: LabelStudioServer, folder: Path) -> Iterator[Desk]:
    """On a server of its own, with the ledger that lies in the folder."""
    there = folder / "ledger.db"
    with (
        closing(Ledger.open(f"sqlite:///{there}") if there.exists() else campaigns.campaign(folder)) as ledger,
        platform_of(server) as platform,
        closing(Hands(server)) as hands,
    ):
        yield Desk(campaigns.KEY, ledger, platform, hands)
