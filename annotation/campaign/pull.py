"""What coders said comes into the ledger, as often as one likes.

What holds here: the platform is read, never written; the ledger only ever gains rows. The whole annotation set of a
task that changed is compared with what is in force, so that a lost webhook, a killed pull or a late answer leaves no
trace after the next pull. The cursor moves last, when all rows before it are committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from annotation.campaign import exclusive
from annotation.campaign.ports import Platform, PlatformAnnotation, PlatformCoder, PlatformTask
from annotation.domain.judgement import Judgement, Outcome
from annotation.errors import NotFoundError
from annotation.ledger.repositories.operations import Quarantined
from annotation.ledger.repositories.platforms import Project
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Nomenclature

# A change can be seen a moment after the time it bears; in bulk, many moments.
OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PullResult:
    """``skipped`` are those of the new and edited that say *later*. ``vanished`` tasks were deleted on the platform."""

    new: int = 0
    edited: int = 0
    deleted: int = 0
    skipped: int = 0
    quarantined: int = 0
    tasks_seen: int = 0
    vanished: int = 0

    def __add__(self, other: PullResult) -> PullResult:
        return PullResult(
            new=self.new + other.new,
            edited=self.edited + other.edited,
            deleted=self.deleted + other.deleted,
            skipped=self.skipped + other.skipped,
            quarantined=self.quarantined + other.quarantined,
            tasks_seen=self.tasks_seen + other.tasks_seen,
            vanished=self.vanished + other.vanished,
        )


def pull(
    *,
    ledger: Ledger,
    platform: Platform,
    campaign_key: str,
    clock: Callable[[], datetime],
    full: bool = False,
    overlap: timedelta = OVERLAP,
    on_progress: Callable[[int], None] = lambda _: None,
) -> PullResult:
    """Record what changed on the platform since the last pull, or since ever when ``full``.

    Errors: NotFoundError (nothing has been pushed, or the project was deleted: then nothing is withdrawn from the
    ledger), ConflictError (another pull is at work), UnreachableError.
    """
    with exclusive.hold(ledger, f"pull:{campaign_key}", clock=clock) as prolong:
        project, nomenclature = _known(ledger, platform, campaign_key)
        taker = _Taker(ledger, platform, project, nomenclature, clock)
        hints = _Hints.read(ledger, project)
        there = platform.require_project(project.external_id)
        since = None if full or project.cursor is None else project.cursor - overlap
        result, newest = PullResult(), project.cursor
        for tasks in taker.changed(since, hints.tasks):
            prolong()
            result += taker.take(tasks)
            newest = max((t.updated_at for t in tasks if newest is None or t.updated_at > newest), default=newest)
            on_progress(result.tasks_seen)
        if full or hints.deletions or there < taker.living:
            result += taker.withdraw_deleted()
        with ledger.begin() as work:
            if newest is not None:
                work.platforms.move_cursor(campaign_key, platform.name, newest)
            work.inbox.mark_processed(hints.ids, now=clock())
            if result != PullResult(tasks_seen=result.tasks_seen):
                counts = {"new": result.new, "edited": result.edited, "deleted": result.deleted}
                work.events.add("pull", campaign_key, now=clock(), payload=counts)
    return result


def _known(ledger: Ledger, platform: Platform, campaign_key: str) -> tuple[Project, Nomenclature]:
    with ledger.read() as work:
        campaign = work.campaigns.get(campaign_key)
        project = work.platforms.project(campaign_key, platform.name)
        nomenclature = work.nomenclatures.get(campaign.nomenclature)
    if project is None:
        raise NotFoundError(f"Nothing of the campaign {campaign_key} is on {platform.name}.", cure="Run: awb push")
    return project, nomenclature


@dataclass(frozen=True, slots=True)
class _Hints:
    ids: tuple[int, ...]
    tasks: tuple[int, ...]
    deletions: bool

    @classmethod
    def read(cls, ledger: Ledger, project: Project) -> _Hints:
        with ledger.read() as work:
            mine = work.inbox.waiting(project_id=project.external_id)
        named = {int(number) for hook in mine for number in hook.payload.get("task_ids", [])}
        deletions = any(hook.action == "TASKS_DELETED" for hook in mine)
        return cls(tuple(hook.id for hook in mine), tuple(sorted(named)), deletions)


class _Taker:
    """Takes pages of platform tasks into the ledger, a transaction each."""

    def __init__(
        self,
        ledger: Ledger,
        platform: Platform,
        project: Project,
        nomenclature: Nomenclature,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._platform = platform
        self._project = project
        self._nomenclature = nomenclature
        self._clock = clock
        self._coders: Mapping[str, PlatformCoder] = {}
        with ledger.read() as work:
            self._living = work.platforms.references(project.campaign, platform.name)

    @property
    def living(self) -> int:
        return len(self._living)

    def changed(self, since: datetime | None, hinted: Sequence[int]) -> Iterator[list[PlatformTask]]:
        seen: set[int] = set()
        for tasks in self._platform.changed_tasks(self._project.external_id, since):
            seen.update(task.external_id for task in tasks)
            yield tasks
        unseen = [number for number in hinted if number not in seen]
        if unseen:
            yield self._platform.tasks(self._project.external_id, unseen)

    def take(self, tasks: Sequence[PlatformTask]) -> PullResult:
        self._meet_coders(tasks)
        with self._ledger.begin() as work:
            known = work.tasks.get([task.key for task in tasks if task.key])
            in_force = work.judgements.current_of_tasks(sorted(known), platform=self._platform.name)
            self._adopt(work, [task for task in tasks if task.key in known])
            result = PullResult(tasks_seen=len(tasks))
            for task in tasks:
                if task.key in known:
                    result += self._take_one(work, task, task.key or "", in_force.get(task.key or "", []))
                elif task.annotations:
                    result += PullResult(quarantined=sum(self._set_aside_foreign(work, task)))
        return result

    def withdraw_deleted(self) -> PullResult:
        """Tombstones for the judgements of tasks that are gone, which may then be pushed again."""
        there = self._platform.task_ids(self._project.external_id)
        gone = {number: key for number, key in self._living.items() if number not in there}
        deleted = 0
        with self._ledger.begin() as work:
            in_force = work.judgements.current_of_tasks(sorted(set(gone.values())), platform=self._platform.name)
            for number, key in gone.items():
                deleted += sum(self._bury(work, one) for one in _of_task(in_force.get(key, []), number).values())
            work.platforms.mark_vanished(self._platform.name, list(gone), now=self._clock())
        return PullResult(deleted=deleted, vanished=len(gone))

    def _take_one(self, work: UnitOfWork, task: PlatformTask, key: str, in_force: Sequence[Judgement]) -> PullResult:
        before = _of_task(in_force, task.external_id)
        result = PullResult()
        for annotation in task.annotations:
            code, problem = self._read_code(annotation)
            if problem:
                result += PullResult(quarantined=int(self._set_aside(work, task, annotation, problem)))
                continue
            former = before.pop(annotation.external_id, None)
            if work.judgements.record(self._judgement(work, key, annotation, code), now=self._clock()):
                later = int(annotation.outcome is Outcome.LATER)
                result += PullResult(new=int(former is None), edited=int(former is not None), skipped=later)
        # What is left was deleted there, or can no longer be read.
        return result + PullResult(deleted=sum(self._bury(work, one) for one in before.values()))

    def _read_code(self, annotation: PlatformAnnotation) -> tuple[str | None, str]:
        if annotation.problem or annotation.code is None:
            return None, annotation.problem
        try:
            return self._nomenclature.parse(annotation.code, leaf=True), ""
        except UnknownCodeError as error:
            return None, str(error)

    def _judgement(self, work: UnitOfWork, key: str, annotation: PlatformAnnotation, code: str | None) -> Judgement:
        coder = self._coders.get(annotation.coder)
        return Judgement(
            task_key=key,
            platform=self._platform.name,
            external_id=annotation.external_id,
            coder=work.coders.pseudonym(
                self._platform.name, annotation.coder, email=coder.email if coder else None, now=self._clock()
            ),
            outcome=annotation.outcome,
            code=code,
            judged_at=annotation.updated_at,
            lead_time=annotation.lead_time,
            comment=annotation.comment,
            difficulty=annotation.difficulty,
            detail=annotation.detail,
            raw=annotation.raw,
        )

    def _bury(self, work: UnitOfWork, judgement: Judgement) -> bool:
        return work.judgements.record(replace(judgement, deleted=True, judged_at=self._clock()), now=self._clock())

    def _set_aside(self, work: UnitOfWork, task: PlatformTask, annotation: PlatformAnnotation, reason: str) -> bool:
        origin = f"{self._platform.name}, task {task.external_id}, annotation {annotation.external_id}"
        return work.quarantine.add(Quarantined("annotation", origin, None, annotation.raw, reason), now=self._clock())

    def _set_aside_foreign(self, work: UnitOfWork, task: PlatformTask) -> Iterator[bool]:
        for annotation in task.annotations:
            yield self._set_aside(
                work, task, annotation, "The task is none of ours: somebody added it on the platform."
            )

    def _adopt(self, work: UnitOfWork, tasks: Sequence[PlatformTask]) -> None:
        """Note where tasks live whose push was killed before it could; of two copies, the first stays noted."""
        noted = set(self._living.values())
        found = {t.key: t.external_id for t in reversed(tasks) if t.key and t.key not in noted}
        work.platforms.add_references(
            found, platform=self._platform.name, project_id=self._project.external_id, now=self._clock()
        )

    def _meet_coders(self, tasks: Sequence[PlatformTask]) -> None:
        if {a.coder for task in tasks for a in task.annotations} - self._coders.keys():
            self._coders = self._platform.coders()


def _of_task(judgements: Sequence[Judgement], number: int) -> dict[str, Judgement]:
    """By annotation: a task may be on the platform in two copies, each with annotations of its own."""
    return {one.external_id: one for one in judgements if one.raw.get("task") == number}
