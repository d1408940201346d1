"""Which simulated coder answers which task: each queue has its people, and nobody is asked about a text twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from annotation.campaign.ports import Platform, PlatformCoder
from annotation.domain.task import Kind, Task
from annotation.domain.team import ARBITRATION, SECOND, SHARED, Standing
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger

ARBITER = "arbiter@demo.example"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that nobody has answered, by the platform's ``number``, in the project of ``queue``."""

    number: int
    task: Task
    queue: str


@dataclass(frozen=True, slots=True)
class Scene:
    """``waiting`` are in order of the platform's ids; ``spoken`` holds, by text, its users whose answers nobody has
    pulled yet."""

    waiting: tuple[Waiting, ...]
    spoken: Mapping[str, Set[str]]


def scene(ledger: Ledger, platform: Platform, campaign_key: str) -> Scene:
    """NotFoundError where nothing has been pushed."""
    with ledger.read() as work:
        projects = work.platforms.projects(campaign_key, platform.name)
        of_project = {
            one.external_id: work.platforms.references(campaign_key, platform.name, project_id=one.external_id)
            for one in projects
        }
        keys = sorted({key for references in of_project.values() for key in references.values()})
        judged = work.judgements.current_of_tasks(keys, platform=platform.name)
        tasks = work.tasks.get(keys)
    if not projects:
        raise NotFoundError(f"Nothing of the campaign {campaign_key} is on {platform.name}.", cure="Run: awb push")
    found: list[Waiting] = []
    spoken: defaultdict[str, set[str]] = defaultdict(set)
    for project in projects:
        references = of_project[project.external_id]
        unread = [number for number, key in sorted(references.items()) if key not in judged]
        for one in platform.tasks(project.external_id, unread) if unread else []:
            task = tasks[references[one.external_id]]
            spoken[task.text_key].update(annotation.coder for annotation in one.annotations)
            if not one.annotations:
                found.append(Waiting(one.external_id, task, project.queue))
    return Scene(tuple(sorted(found, key=lambda one: one.number)), spoken)


class Cast:
    """The coders of a rehearsal, who join the platform when they are needed."""

    def __init__(
        self,
        ledger: Ledger,
        platform: Platform,
        campaign_key: str,
        *,
        spoken: Mapping[str, Set[str]],
        coders: int,
        password: str,
    ) -> None:
        self._platform = platform
        self._coders = coders
        self._password = password
        with ledger.read() as work:
            self._team = work.enrolments.current(campaign_key)
            self._ids = work.coders.on(platform.name)
            marks = work.judgements.marks(campaign_key)
            text_of = {key: task.text_key for key, task in work.tasks.get([mark.task_key for mark in marks]).items()}
        # By text, the platform's ids of those who have answered it.
        self._spoken = defaultdict(set, {text: set(users) for text, users in spoken.items()})
        for mark in marks:
            if mark.coder in self._ids:
                self._spoken[text_of[mark.task_key]].add(self._ids[mark.coder])

    def coder_of(self, one: Waiting) -> PlatformCoder | None:
        """None where everybody who could answer has answered the text. Whoever is given counts as having answered."""
        able = self._people(one.queue, one.task.kind)
        if one.queue in (SHARED, SECOND):
            able = [coder for coder in able if coder.external_id not in self._spoken[one.task.text_key]]
        if not able:
            return None
        chosen = able[int(one.task.key, 16) % len(able)]
        self._spoken[one.task.text_key].add(chosen.external_id)
        return chosen

    def _people(self, queue: str, kind: Kind) -> list[PlatformCoder]:
        if queue == ARBITRATION or kind is Kind.ARBITRATION:
            return self._arbiters
        if queue in (SHARED, SECOND):
            return self._crowd
        return self._enrolled(queue)

    @cached_property
    def _crowd(self) -> list[PlatformCoder]:
        names = (f"coder{number}@demo.example" for number in range(1, self._coders + 1))
        return [self._platform.sign_up(name, self._password) for name in names]

    @cached_property
    def _arbiters(self) -> list[PlatformCoder]:
        enrolled = [coder for name, one in self._team.items() if one.arbiter for coder in self._enrolled(name)]
        return enrolled or [self._platform.sign_up(ARBITER, self._password)]

    @cached_property
    def _accounts(self) -> dict[str, PlatformCoder]:
        return self._platform.coders()

    def _enrolled(self, pseudonym: str) -> list[PlatformCoder]:
        standing = self._team[pseudonym].state if pseudonym in self._team else Standing.ACTIVE
        account = self._accounts.get(self._ids.get(pseudonym, ""))
        return [account] if account and standing in (Standing.ACTIVE, Standing.TRAINING) else []
