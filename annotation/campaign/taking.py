"""Pages of platform tasks come into the ledger, a transaction each.

What holds here: what a coder took back on the platform is withdrawn, what the platform lost is kept. A server that was
restored from a backup shows older states of what it still has and gives ids a second time; that, no coder can do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from annotation.campaign.ports import Platform, PlatformAnnotation, PlatformCoder, PlatformTask
from annotation.domain.judgement import Judgement, Outcome
from annotation.ledger.repositories.platforms import Project
from annotation.ledger.repositories.quarantine import Quarantined, Settled
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Nomenclature

# The platform's clock is read to the second, a moment before what it is compared with.
ROUNDING: Final = timedelta(seconds=5)
FOREIGN: Final = "The task is none of ours: somebody added it on the platform."
PULL: Final = "pull"
TAKEN: Final = "A later pull took it."
GONE: Final = "It is on the platform no more."
ANEW: Final = "It was set aside anew, changed or for another reason."


@dataclass(frozen=True, slots=True)
class Taken:
    """Judgements by what became of them; ``vanished`` are tasks.

    ``skipped`` are those of the new and edited that say *later*; ``kept`` are in force although the platform lost them.
    """

    new: int = 0
    edited: int = 0
    deleted: int = 0
    skipped: int = 0
    quarantined: int = 0
    kept: int = 0
    vanished: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.new + other.new,
            self.edited + other.edited,
            self.deleted + other.deleted,
            self.skipped + other.skipped,
            self.quarantined + other.quarantined,
            self.kept + other.kept,
            self.vanished + other.vanished,
        )

    @property
    def changes(self) -> bool:
        return bool(self.new or self.edited or self.deleted)


@dataclass(frozen=True, slots=True)
class Change:
    """A task of the platform on which something was said, changed or taken back; the ids are the platform's."""

    task: int
    annotations: frozenset[str]
    changed_at: datetime


class Taker:
    """Takes the tasks of one project.

    ``changes`` are those recorded so far. ``older`` says that a state older than a recorded one was seen, ``reused``
    that an id was given a second time: both only after a backup was restored.
    """

    def __init__(
        self,
        ledger: Ledger,
        platform: Platform,
        project: Project,
        nomenclature: Nomenclature,
        clock: Callable[[], datetime],
        *,
        shown: datetime | None = None,
    ) -> None:
        self._ledger = ledger
        self._platform = platform
        self._project = project
        self._nomenclature = nomenclature
        self._clock = clock
        self.shown = shown
        self._coders: Mapping[str, PlatformCoder] = {}
        self._forgotten: frozenset[str] = frozenset()
        self._erased: frozenset[str] = frozenset()
        self.changes: list[Change] = []
        self.older = False
        self.reused = False
        # What waits in the quarantine, by task and by annotation; read once.
        self._waiting: dict[str, dict[str, set[int]]] | None = None

    def take(self, tasks: Sequence[PlatformTask]) -> Taken:
        self._meet_coders(tasks)
        with self._ledger.begin() as work:
            waiting = self._read_waiting(work)
            known = work.tasks.get([task.key for task in tasks if task.key])
            in_force = work.judgements.current_of_tasks(sorted(known), platform=self._platform.name)
            latest = work.judgements.latest(self._platform.name, [a.external_id for t in tasks for a in t.annotations])
            self._adopt(work, [task for task in tasks if task.key in known])
            self._forgotten = work.people.forgotten()
            self._erased = work.retention.erased_tasks(known)
            taken = Taken()
            for task in tasks:
                aside: dict[str, bool] = {}
                if task.key is not None and task.key in known:
                    taken += self._take_one(work, task, task.key, in_force.get(task.key, ()), latest, aside)
                elif task.annotations:
                    taken += Taken(quarantined=self._set_aside_foreign(work, task, aside))
                self._settle(work, task, aside, waiting.pop(self._place(task), {}))
        return taken

    def withdraw_missing(self, *, went_back: bool) -> Taken:
        """Note which tasks are gone, so that they may be pushed again, and bury what was said of them.

        Where ``went_back``, the tasks' judgements may be kept instead: if older states were seen too, or if just the
        youngest tasks are gone, since nobody deletes exactly those.
        """
        there = self._platform.task_ids(self._project.external_id)
        with self._ledger.begin() as work:
            living = work.platforms.references(
                self._project.campaign, self._platform.name, project_id=self._project.external_id
            )
            gone = {number: key for number, key in living.items() if number not in there}
            lost = went_back and (self.older or self.reused or min(gone, default=0) > max(there, default=0))
            in_force = work.judgements.current_of_tasks(sorted(set(gone.values())), platform=self._platform.name)
            said = [one for number, key in gone.items() for one in _of_task(in_force.get(key, ()), number).values()]
            for one in said:
                if lost:
                    self._keep(work, one)
                else:
                    self._bury(work, one, self._clock())
            work.platforms.mark_vanished(self._platform.name, list(gone), now=self._clock())
        return Taken(deleted=0 if lost else len(said), kept=len(said) if lost else 0, vanished=len(set(gone.values())))

    def _take_one(
        self,
        work: UnitOfWork,
        task: PlatformTask,
        key: str,
        in_force: Sequence[Judgement],
        latest: Mapping[str, Judgement],
        aside: dict[str, bool],
    ) -> Taken:
        before = _of_task(in_force, task.external_id)
        taken, touched = Taken(), set()
        for annotation in task.annotations:
            last = latest.get(annotation.external_id)
            if last is not None and last.task_key != key:
                taken += self._make_room(work, last)
            elif last is not None and self._is_of_before(annotation.updated_at, last):
                # What was recorded later is what the coder said last: the platform forgot it.
                self.older = True
                before.pop(annotation.external_id, None)
                continue
            former = before.pop(annotation.external_id, None)
            one = self._take_annotation(work, task, key, annotation, former, aside)
            touched |= {annotation.external_id} if one.changes else set()
            taken += one
        for left in before.values():
            one = self._take_back(work, task, left)
            touched |= {left.external_id} if one.changes else set()
            taken += one
        if touched:
            self.changes.append(Change(task.external_id, frozenset(touched), task.updated_at))
        return taken

    def _take_annotation(
        self,
        work: UnitOfWork,
        task: PlatformTask,
        key: str,
        annotation: PlatformAnnotation,
        former: Judgement | None,
        aside: dict[str, bool],
    ) -> Taken:
        if former is not None and former.coder in self._forgotten:
            # What they wrote was erased here, and would come back.
            return Taken()
        if key in self._erased:
            # As what was written about an erased text: as here before, so that only another code is an edit.
            annotation = replace(annotation, comment="", raw={"task": task.external_id})
        code, problem = self._read_code(annotation)
        if problem:
            buried = former is not None and self._bury(work, former, annotation.updated_at)
            new = aside[annotation.external_id] = self._set_aside(work, task, annotation, problem)
            return Taken(deleted=int(buried), quarantined=int(new))
        if not work.judgements.record(self._judgement(work, key, annotation, code), now=self._clock()):
            return Taken()
        later = int(annotation.outcome is Outcome.LATER)
        return Taken(new=int(former is None), edited=int(former is not None), skipped=later)

    def _take_back(self, work: UnitOfWork, task: PlatformTask, judgement: Judgement) -> Taken:
        """An annotation that is there no more: deleting one moves its task's time on, losing one does not."""
        if self._is_of_before(task.updated_at, judgement):
            self.older = True
            self._keep(work, judgement)
            return Taken(kept=1)
        return Taken(deleted=int(self._bury(work, judgement, task.updated_at)))

    def _is_of_before(self, moment: datetime, recorded: Judgement) -> bool:
        """Whether the platform shows a state from before the recorded one.

        A recorded moment that its clock has yet to reach says nothing: the clock was set back.
        """
        ahead = self.shown is not None and recorded.judged_at > self.shown + ROUNDING
        return moment < recorded.judged_at and not ahead

    def _make_room(self, work: UnitOfWork, holder: Judgement) -> Taken:
        """For an annotation that bears the id of another task's, which the platform lost."""
        if holder.deleted:
            return Taken()
        self.reused = True
        self._keep(work, holder)
        return Taken(kept=1)

    def _keep(self, work: UnitOfWork, judgement: Judgement) -> None:
        """Its id is free again for the platform, which will give it to another annotation."""
        name = f"{judgement.external_id}@{judgement.judged_at:%Y%m%dT%H%M%S%f}"
        raw = {**judgement.raw, "task": None, "lost_with_task": judgement.raw.get("task")}
        work.judgements.record(replace(judgement, external_id=name, raw=raw), now=self._clock())
        self._bury(work, judgement, judgement.judged_at + timedelta(microseconds=1))

    def _bury(self, work: UnitOfWork, judgement: Judgement, moment: datetime) -> bool:
        return work.judgements.record(replace(judgement, deleted=True, judged_at=moment), now=self._clock())

    def _read_code(self, annotation: PlatformAnnotation) -> tuple[str | None, str]:
        if annotation.problem or annotation.code is None:
            return None, annotation.problem
        try:
            return self._nomenclature.parse(annotation.code, leaf=True), ""
        except UnknownCodeError as error:
            return None, str(error)

    def _judgement(self, work: UnitOfWork, key: str, annotation: PlatformAnnotation, code: str | None) -> Judgement:
        return Judgement(
            task_key=key,
            platform=self._platform.name,
            external_id=annotation.external_id,
            coder=self._pseudonym(work, annotation),
            outcome=annotation.outcome,
            code=code,
            judged_at=annotation.updated_at,
            lead_time=annotation.lead_time,
            comment=annotation.comment,
            difficulty=annotation.difficulty,
            detail=annotation.detail,
            raw=annotation.raw,
        )

    def _pseudonym(self, work: UnitOfWork, annotation: PlatformAnnotation) -> str:
        coder = self._coders.get(annotation.coder)
        return work.coders.pseudonym(
            self._platform.name, annotation.coder, email=coder.email if coder else None, now=self._clock()
        )

    def _set_aside(self, work: UnitOfWork, task: PlatformTask, annotation: PlatformAnnotation, reason: str) -> bool:
        context = {
            "platform": self._platform.name,
            "campaign": self._project.campaign,
            "task_key": task.key,
            "changed_at": task.updated_at.isoformat(),
            "coder": self._pseudonym(work, annotation) if annotation.coder else "",
        }
        origin = f"{self._place(task)}, annotation {annotation.external_id}"
        item = Quarantined("annotation", origin, None, annotation.raw, reason, context)
        return work.quarantine.add(item, now=self._clock())

    def _set_aside_foreign(self, work: UnitOfWork, task: PlatformTask, aside: dict[str, bool]) -> int:
        for annotation in task.annotations:
            aside[annotation.external_id] = self._set_aside(work, task, annotation, FOREIGN)
        return sum(aside.values())

    def _place(self, task: PlatformTask) -> str:
        return f"{self._platform.name}, task {task.external_id}"

    def _read_waiting(self, work: UnitOfWork) -> dict[str, dict[str, set[int]]]:
        if self._waiting is None:
            self._waiting = {}
            for origin, numbers in work.quarantine.waiting_from("annotation").items():
                place, _, annotation = origin.rpartition(", annotation ")
                self._waiting.setdefault(place, {})[annotation] = numbers
        return self._waiting

    def _settle(
        self,
        work: UnitOfWork,
        task: PlatformTask,
        aside: Mapping[str, bool],
        waiting: Mapping[str, Collection[int]],
    ) -> None:
        """Of what was set aside of this task and waits, settle what is taken now, gone, or set aside anew."""
        there = {annotation.external_id for annotation in task.annotations}
        for annotation, numbers in waiting.items():
            if annotation not in there:
                work.quarantine.settle(sorted(numbers), Settled.DROPPED, GONE, PULL, self._clock())
            elif annotation not in aside:
                work.quarantine.settle(sorted(numbers), Settled.RETRIED, TAKEN, PULL, self._clock())
            elif aside[annotation]:
                work.quarantine.settle(sorted(numbers), Settled.DROPPED, ANEW, PULL, self._clock())

    def _adopt(self, work: UnitOfWork, tasks: Sequence[PlatformTask]) -> None:
        """Note where tasks live whose push was killed before it could; of two copies, the first stays noted."""
        keys = work.platforms.known_keys(self._platform.name, [task.external_id for task in tasks])
        taken = {number for task in tasks if keys.get(number := task.external_id) not in (None, task.key)}
        if taken:
            self.reused = True
            work.platforms.mark_vanished(self._platform.name, sorted(taken), now=self._clock())
        noted = work.platforms.living_keys(self._platform.name, [task.key for task in tasks if task.key])
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
