"""Tasks on their way to the platform: which of them, out of which project and into which, and whether they came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from annotation.campaign import presenting
from annotation.campaign.ports import LostAnswerError, Platform, PlatformTask, TaskPayload
from annotation.campaign.presenting import Shown
from annotation.domain.campaign import Campaign
from annotation.domain.team import SHARED, WAITING, Standing
from annotation.errors import CheckFailedError
from annotation.ledger.repositories.platforms import Project
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature

# Seconds between looks for a batch whose answer was lost.
LOOKS = (0.5, 1.0, 2.0, 4.0)
# How many of the tasks that were sent are read back by their keys; that none is missing, their number tells.
READ_BACK = 100


def outstanding(ledger: Ledger, platform: Platform, campaign: Campaign) -> dict[str, list[str]]:
    """By queue, the keys of the tasks that are to be on the platform and are not."""
    with ledger.read() as work:
        keys = work.platforms.unpushed_keys(campaign.key, platform.name)
        queues = work.assignments.queues(campaign.key)
        team = work.enrolments.current(campaign.key)
        lost = work.platforms.vanished_keys(campaign.key, platform.name) & set(keys)
        said = work.judgements.marks_of_tasks(sorted(lost))
    answered = {key for key, marks in said.items() if any(mark.outcome.settles for mark in marks)}
    absent = {name for name, one in team.items() if one.state in (Standing.PAUSED, Standing.LEFT)}
    found: dict[str, list[str]] = {}
    # By their keys, which follow no order: gold would come last in every batch, and be known by it.
    for key in sorted(keys):
        queue = queues.get(key, SHARED)
        if queue != WAITING and queue not in absent and key not in answered:
            found.setdefault(queue, []).append(key)
    return found


def withdraw(
    ledger: Ledger, platform: Platform, campaign: Campaign, projects: Sequence[Project], *, now: datetime
) -> int:
    """Take unanswered tasks out of projects whose queue is theirs no more; how many. What was answered stays."""
    queue_of = {project.external_id: project.queue for project in projects}
    with ledger.read() as work:
        queues = work.assignments.queues(campaign.key)
        there = work.platforms.whereabouts(campaign.key, platform.name)
        moved = [
            one
            for one in there
            if one.project_id in queue_of and queue_of[one.project_id] != queues.get(one.task_key, SHARED)
        ]
        said = work.judgements.marks_of_tasks(sorted({one.task_key for one in moved}))
    by_project: dict[int, list[int]] = {}
    for one in moved:
        if one.task_key not in said:
            by_project.setdefault(one.project_id, []).append(one.external_id)
    withdrawn = 0
    for project, numbers in by_project.items():
        gone = platform.delete_unanswered(project, numbers)
        with ledger.begin() as work:
            work.platforms.mark_vanished(platform.name, gone, now=now)
        withdrawn += len(gone)
    return withdrawn


@dataclass(frozen=True, slots=True)
class _Batch:
    """Tasks that are ready to be sent, and those among them that are there already, by key."""

    there: Mapping[str, int]
    payloads: Sequence[TaskPayload]


class Sender:
    """Sends tasks to one project after the other, and counts. ``look`` has each key looked up before."""

    def __init__(
        self,
        ledger: Ledger,
        platform: Platform,
        campaign: Campaign,
        nomenclature: Nomenclature,
        shown: Shown,
        *,
        clock: Callable[[], datetime],
        prolong: Callable[[], None],
        pause: Callable[[float], None],
        batch: int,
        total: int,
        look: bool,
        on_progress: Callable[[int, int], None],
    ) -> None:
        self._ledger = ledger
        self._platform = platform
        self._campaign = campaign
        self._nomenclature = nomenclature
        self._shown = shown
        self._clock = clock
        self._prolong = prolong
        self._pause = pause
        self._batch = batch
        self._total = total
        self._look = look
        self._on_progress = on_progress
        self.pushed = 0
        self.already_there = 0
        self.healed = 0

    def send(self, project: Project, keys: Sequence[str]) -> int:
        """How many tasks were created. Errors: LostAnswerError, CheckFailedError, as of push."""
        number, before = project.external_id, self.pushed
        look = self._look or self._platform.require_project(number) != self._living(number)
        came: dict[str, int] = {}
        # While the platform works on one batch, the one before is written down and the next one is made ready.
        with ThreadPoolExecutor(1) as courier:
            parts = [keys[start : start + self._batch] for start in range(0, len(keys), self._batch)]
            ready = self._prepare(number, parts[0], look=look) if parts else None
            for following in [*parts[1:], ()]:
                if ready is None:
                    break
                self._prolong()
                sent = courier.submit(self._create, number, ready.payloads)
                self._note(number, came)
                upcoming = self._prepare(number, following, look=look) if following else None
                came = {**ready.there, **sent.result()}
                self.pushed += len(came) - len(ready.there)
                self.already_there += len(ready.there)
                ready = upcoming
        self._note(number, came)
        if look or keys:
            self._heal(project)
            self._read_back(number, keys)
        return self.pushed - before

    def _prepare(self, project: int, keys: Sequence[str], *, look: bool) -> _Batch:
        there = {key: ids[0] for key, ids in self._platform.find_tasks(project, keys).items()} if look else {}
        missing = [key for key in keys if key not in there]
        with self._ledger.read() as work:
            tasks = work.tasks.get(missing)
            asked = [tasks[key] for key in missing]
            ready = presenting.payloads(work, self._campaign, asked, self._shown, self._nomenclature)
        return _Batch(there, ready)

    def _note(self, project: int, came: Mapping[str, int]) -> None:
        if not came:
            return
        with self._ledger.begin() as work:
            self._bury_former(work, came)
            work.platforms.add_references(came, platform=self._platform.name, project_id=project, now=self._clock())
        self._on_progress(self.pushed + self.already_there, self._total)

    def _bury_former(self, work: UnitOfWork, came: Mapping[str, int]) -> None:
        """Withdraw what was said of tasks whose numbers came with new ones.

        Label Studio on SQLite gives the number of the youngest task again once that is deleted. Since this push began,
        somebody did so: a server that had been restored from a backup was met before.
        """
        name, now = self._platform.name, self._clock()
        keys = {number: key for key, number in came.items()}
        former = {n: key for n, key in work.platforms.known_keys(name, list(keys)).items() if key != keys[n]}
        said = work.judgements.current_of_tasks(sorted(former.values()), platform=name)
        for number, key in former.items():
            for one in said.get(key, ()):
                if one.raw.get("task") == number:
                    work.judgements.record(replace(one, deleted=True, judged_at=now), now=now)

    def _create(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        if not payloads:
            return {}
        try:
            created = self._platform.create_tasks(project, payloads)
        except LostAnswerError:
            created = self._look_for(project, payloads)
            if not created:
                raise
        if lacking := {one.key for one in payloads} - created.keys():
            raise CheckFailedError(
                f"The platform took {len(created)} of {len(payloads)} tasks; {min(lacking)} is not among them.",
                cure="Push again: it sends only what is not there. If it goes on, look into the server's log.",
            )
        return created

    def _look_for(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        """The tasks of a request whose answer was lost, once they appear; none when they don't."""
        keys = [one.key for one in payloads]
        for seconds in LOOKS:
            self._pause(seconds)
            if found := self._platform.find_tasks(project, keys):
                return {key: ids[0] for key, ids in found.items()}
        return {}

    def _heal(self, project: Project) -> None:
        """Delete what is there twice, or in another's project; what was answered stays and is noted."""
        number, name = project.external_id, self._platform.name
        if self._platform.require_project(number) <= self._living(number):
            return
        with self._ledger.read() as work:
            known = work.platforms.references(self._campaign.key, name, project_id=number)
        ours = self._ours(self._platform.tasks(number, sorted(self._platform.task_ids(number) - known.keys())))
        adopted = self._adopted(project, ours)
        surplus = sorted(ours.keys() - set(adopted.values()))
        gone = self._platform.delete_unanswered(number, surplus) if surplus else []
        with self._ledger.begin() as work:
            for one in sorted(ours.keys() - set(gone)):
                work.platforms.add_references({ours[one]: one}, platform=name, project_id=number, now=self._clock())
        self.healed += len(gone)

    def _ours(self, tasks: Sequence[PlatformTask]) -> dict[int, str]:
        """The keys of those that are of this campaign, by the platform's ids."""
        with self._ledger.read() as work:
            known = work.tasks.get([task.key for task in tasks if task.key])
        return {task.external_id: task.key for task in tasks if task.key in known and task.key is not None}

    def _adopted(self, project: Project, ours: Mapping[int, str]) -> dict[str, int]:
        """Of the tasks found, those that are at home here and nowhere else; of two copies, the older one."""
        with self._ledger.read() as work:
            elsewhere = work.platforms.living_keys(self._platform.name, sorted(set(ours.values())))
            queues = work.assignments.queues(self._campaign.key)
        found: dict[str, int] = {}
        for number, key in sorted(ours.items()):
            if key not in elsewhere and queues.get(key, SHARED) == project.queue:
                found.setdefault(key, number)
        return found

    def _read_back(self, project: int, keys: Sequence[str]) -> None:
        """Whether the platform gives back by our keys what it was sent, under the ids that it said."""
        chosen = sorted(keys)[:: max(1, len(keys) // READ_BACK)]
        if not chosen:
            return
        found = self._platform.find_tasks(project, chosen)
        with self._ledger.read() as work:
            noted = work.platforms.known_keys(self._platform.name, [one for ids in found.values() for one in ids])
        if lacking := set(chosen) - set(noted.values()) - self._deleted(project, chosen):
            raise CheckFailedError(
                f"The task {min(lacking)} was sent to project {project} of {self._platform.name} and is not there.",
                cure="Run awb pull --full, then push again: it sends what is not there.",
            )

    def _deleted(self, project: int, keys: Sequence[str]) -> set[str]:
        """Those that somebody deleted there since they came: a pull notes it, or has done so, and a push sends them."""
        with self._ledger.read() as work:
            noted = work.platforms.references(self._campaign.key, self._platform.name, project_id=project)
        numbers = {key: number for number, key in noted.items() if key in keys}
        there = {task.external_id for task in self._platform.tasks(project, sorted(numbers.values()))}
        return {key for key in keys if numbers.get(key) not in there}

    def _living(self, project: int) -> int:
        with self._ledger.read() as work:
            return work.platforms.count_references(self._campaign.key, self._platform.name, project_id=project)
