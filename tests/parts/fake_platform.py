"""An annotation platform in memory, with what people do on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from annotation.campaign.ports import (
    Answer,
    LostAnswerError,
    PlatformAnnotation,
    PlatformCheck,
    PlatformCoder,
    PlatformTask,
    ProjectSpec,
    TaskPayload,
)
from annotation.domain.judgement import Outcome
from annotation.errors import ConflictError, NotFoundError, UnreachableError

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class StoredTask:
    project: int
    payload: TaskPayload | None
    updated_at: datetime
    annotations: dict[str, PlatformAnnotation] = field(default_factory=dict)


class FakePlatform:
    """Its clock goes on by a second at each change. ``page`` is small, so that tests see several.

    ``fail_create`` says what happens to the next calls of ``create_tasks``: *lost* carries the request out and loses
    the answer, *late* carries it out only when ``deliver_late`` is called, *refused* does nothing.
    """

    name = "fake"
    page = 3

    def __init__(self) -> None:
        self.projects: dict[int, ProjectSpec] = {}
        self.stored: dict[int, StoredTask] = {}
        self.people: dict[str, PlatformCoder] = {}
        self.webhooks: dict[int, int] = {}
        self.changed_screens: frozenset[int] = frozenset()
        self.answers: dict[str, int] = {}
        self.fail_create: list[str] = []
        self.late: list[Callable[[], object]] = []
        self.reachable = True
        # How far its clock was set forward, or back.
        self.clock_off = timedelta(0)
        self._last = 0
        self._moment = START

    def check(self) -> PlatformCheck:
        return PlatformCheck("1", "legacy", "admin@demo.example")

    def ensure_project(self, spec: ProjectSpec) -> int:
        self._require_reachable()
        for number, known in self.projects.items():
            if known.key == spec.key:
                return number
        number = self._next()
        self.projects[number] = spec
        return number

    def mend_project(self, project: int, spec: ProjectSpec) -> tuple[str, ...]:
        self.require_project(project)
        if self.projects[project].key != spec.key:
            raise ConflictError(f"Project {project} is not that of {spec.key}.")
        changed, self.changed_screens = project in self.changed_screens, self.changed_screens - {project}
        return ("label_config",) if changed else ()

    def require_project(self, project: int) -> int:
        self._require_reachable()
        if project not in self.projects:
            raise NotFoundError(f"There is no project {project}.")
        return sum(self.stored[number].payload is not None for number in self.task_ids(project))

    def clock(self) -> datetime | None:
        return self._moment + self.clock_off

    def newest_change(self, project: int) -> datetime | None:
        return max((self.stored[number].updated_at for number in self.task_ids(project)), default=None)

    def find_tasks(self, project: int, keys: Sequence[str]) -> dict[str, list[int]]:
        self._require_reachable()
        found: dict[str, list[int]] = {}
        for number, task in sorted(self.stored.items()):
            if task.project == project and task.payload and task.payload.key in keys:
                found.setdefault(task.payload.key, []).append(number)
        return found

    def create_tasks(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        self._require_reachable()
        failure = self.fail_create.pop(0) if self.fail_create else ""
        if failure == "refused":
            raise UnreachableError("The platform is down.")
        if failure == "late":
            self.late.append(lambda: self._store(project, payloads))
            raise LostAnswerError("No answer came.")
        ids = self._store(project, payloads)
        if failure == "lost":
            raise LostAnswerError("No answer came.")
        return ids

    def delete_unanswered(self, project: int, ids: Sequence[int]) -> list[int]:
        self._require_reachable()
        gone = [number for number in ids if number not in self.stored or not self.stored[number].annotations]
        for number in gone:
            self.stored.pop(number, None)
        return gone

    def blank_tasks(self, ids: Sequence[int]) -> int:
        blanked = 0
        for number in ids:
            task = self.stored.get(number)
            if task is not None and task.payload is not None and task.payload.text != "(erased)":
                task.payload = TaskPayload(task.payload.key, "(erased)", candidates=task.payload.candidates)
                task.updated_at = self._tick()
                blanked += 1
        return blanked

    def changed_tasks(self, project: int, since: datetime | None) -> Iterator[list[PlatformTask]]:
        self._require_reachable()
        ids = [n for n in sorted(self.task_ids(project)) if since is None or self.stored[n].updated_at > since]
        for start in range(0, len(ids), self.page):
            yield self.tasks(project, ids[start : start + self.page])

    def tasks(self, project: int, ids: Sequence[int]) -> list[PlatformTask]:
        self._require_reachable()
        return [self._shown(number) for number in sorted(ids) if number in self.task_ids(project)]

    def task_ids(self, project: int) -> set[int]:
        return {number for number, task in self.stored.items() if task.project == project}

    def coders(self) -> dict[str, PlatformCoder]:
        return {one.external_id: one for one in self.people.values()}

    def sign_up(self, email: str, password: str) -> PlatformCoder:
        return self.people.setdefault(email, PlatformCoder(str(self._next()), email))

    def annotate(self, task: int, coder: PlatformCoder, answer: Answer) -> None:
        self._require_reachable()
        if answer.id in self.answers:
            return
        now, number = self._tick(), str(self._next())
        self.answers[answer.id] = task
        annotation = PlatformAnnotation(
            external_id=number,
            outcome=answer.outcome,
            code=answer.code,
            coder=coder.external_id,
            created_at=now,
            updated_at=now,
            lead_time=answer.lead_time,
            comment=answer.comment,
            difficulty=answer.difficulty,
            detail=answer.detail,
            raw={"id": int(number), "task": task},
        )
        self._put(task, annotation)

    def share_webhook(self, project: int, *, like: int) -> int | None:
        if like not in self.webhooks:
            return None
        return self.webhooks.setdefault(project, self._next())

    def project_url(self, project: int) -> str:
        return f"fake://projects/{project}"

    def task_url(self, project: int, task: int) -> str:
        return f"fake://projects/{project}/tasks/{task}"

    # What people do on the platform.

    def edit(self, task: int, annotation: str, code: str) -> None:
        before = self.stored[task].annotations[annotation]
        self._put(task, replace(before, outcome=Outcome.CODED, code=code, updated_at=self._tick()))

    def delete_annotation(self, task: int, annotation: str) -> None:
        del self.stored[task].annotations[annotation]
        self.stored[task].updated_at = self._tick()

    def delete_task(self, task: int) -> None:
        del self.stored[task]

    def add_foreign_task(self, project: int) -> int:
        number = self._next()
        self.stored[number] = StoredTask(project, None, self._tick())
        return number

    def undo(self, task: int, annotation: str) -> None:
        """The coder takes the submission back; what was said becomes a draft, which is no answer."""
        self.delete_annotation(task, annotation)

    def change_screen(self, project: int) -> None:
        self.changed_screens |= {project}

    def announce(self, project: int, url: str) -> None:
        self.webhooks[project] = self._next()

    def delete_project(self, project: int) -> None:
        del self.projects[project]
        self.stored = {number: task for number, task in self.stored.items() if task.project != project}

    def backup(self) -> object:
        return deepcopy((self.projects, self.stored, self.answers, self._last))

    def restore(self, backup: object) -> None:
        """Everything as it was, ids included: the next ones are given a second time. Time goes on."""
        self.projects, self.stored, self.answers, self._last = deepcopy(backup)  # type: ignore[misc]

    def deliver_late(self) -> None:
        """What had been sent and not yet been carried out."""
        for deliver in self.late:
            deliver()
        self.late.clear()

    def _store(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        now, ids = self._tick(), {}
        for payload in payloads:
            ids[payload.key] = self._next()
            self.stored[ids[payload.key]] = StoredTask(project, payload, now)
        return ids

    def _put(self, task: int, annotation: PlatformAnnotation) -> None:
        self.stored[task].annotations[annotation.external_id] = annotation
        self.stored[task].updated_at = annotation.updated_at

    def _shown(self, number: int) -> PlatformTask:
        task = self.stored[number]
        key = task.payload.key if task.payload else None
        return PlatformTask(number, key, task.updated_at, tuple(task.annotations.values()))

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _tick(self) -> datetime:
        self._moment += timedelta(seconds=1)
        return self._moment + self.clock_off

    def _require_reachable(self) -> None:
        if not self.reachable:
            raise UnreachableError("The platform is down.")
