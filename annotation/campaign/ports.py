"""What the campaign asks of an annotation platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from annotation.domain.judgement import Outcome
from annotation.domain.task import Kind
from annotation.domain.team import SHARED
from annotation.errors import UnreachableError
from annotation.nomenclature.nomenclature import Nomenclature


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """``key`` identifies the project on the platform for ever: one campaign and one nomenclature version.

    ``prefill`` shows the model's first code as already chosen, which is quick and anchors the coder. ``kind`` says for
    whom the screen is, ``queue`` whose tasks come there.
    """

    key: str
    title: str
    description: str
    nomenclature: Nomenclature
    language: str = "fr"
    prefill: bool = True
    kind: Kind = Kind.CODING
    queue: str = SHARED


@dataclass(frozen=True, slots=True)
class Notes:
    """The official notes of a code, as far as they are shown."""

    includes: str = ""
    excludes: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """``probability`` is None where it shall not be shown. ``parent`` is the heading that the code stands under."""

    code: str
    title: str
    probability: float | None = None
    notes: Notes = Notes()
    parent: str = ""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What one coder said, without who; ``title`` is that of the code."""

    outcome: Outcome
    code: str | None = None
    title: str = ""
    comment: str = ""
    difficulty: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """The settled code that a new coder sees after choosing; ``note`` explains it."""

    code: str
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class TaskPayload:
    """All that leaves for the platform: ``context`` holds (title, value) of the allow-listed variables only.

    ``reason`` is empty where coders shall not see why they are asked. ``score`` is the margin. A ``blind`` task has
    neither candidates nor score. ``answers`` are for the arbiter, ``feedback`` is for a coder who learns.
    """

    key: str
    text: str
    context: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    model_version: str | None = None
    score: float | None = None
    blind: bool = False
    answers: tuple[GivenAnswer, ...] = ()
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class PlatformAnnotation:
    """``code`` is as the coder's screen gave it: not checked against the nomenclature.

    ``problem`` says why it cannot be read, and then ``outcome`` means nothing. ``lead_time`` is in seconds.
    ``difficulty`` is 0 to 5; ``detail`` says why a text cannot be coded.
    """

    external_id: str
    outcome: Outcome
    code: str | None
    coder: str
    created_at: datetime
    updated_at: datetime
    lead_time: float | None = None
    comment: str = ""
    difficulty: int | None = None
    detail: str = ""
    problem: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlatformTask:
    """``key`` is None for a task that we did not push."""

    external_id: int
    key: str | None
    updated_at: datetime
    annotations: tuple[PlatformAnnotation, ...] = ()


@dataclass(frozen=True, slots=True)
class PlatformCoder:
    external_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a simulated coder says; ``id`` makes the same answer sent twice count once (a UUID).

    ``path`` leads from the top of the tree to the code, where the code was not among the candidates.
    """

    id: str
    outcome: Outcome
    code: str | None
    lead_time: float
    path: tuple[str, ...] = ()
    comment: str = ""
    difficulty: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlatformCheck:
    """``problem`` is empty when all is well."""

    version: str
    token_kind: str
    user: str
    problem: str = ""
    cure: str = ""


class LostAnswerError(UnreachableError):
    """A request was sent and its answer did not come: nobody knows whether it was carried out."""


class Platform(Protocol):
    """Every method raises UnreachableError when the platform does not answer or refuses us."""

    @property
    def name(self) -> str:
        """Under which the ledger knows this platform's ids. Another database behind the address is another name."""
        ...

    def check(self) -> PlatformCheck: ...

    def ensure_project(self, spec: ProjectSpec) -> int:
        """The project that carries ``spec.key``, made or completed when need be; a second call gives the same."""
        ...

    def mend_project(self, project: int, spec: ProjectSpec) -> tuple[str, ...]:
        """Put back what of its screen and settings is not ours (any more); the names of what was put back.

        Errors: NotFoundError, ConflictError (it carries another key), InvalidInputError (the platform refuses our
        screen, since answers were given on another one).
        """
        ...

    def require_project(self, project: int) -> int:
        """The number of tasks in it that carry a key of ours. Errors: NotFoundError."""
        ...

    def clock(self) -> datetime | None:
        """What time it is there, by which it stamps all that happens; None where it does not tell."""
        ...

    def newest_change(self, project: int) -> datetime | None:
        """When the task that changed last did so, by the platform's clock; None without tasks."""
        ...

    def find_tasks(self, project: int, keys: Sequence[str]) -> dict[str, list[int]]:
        """Ids by key in ascending order, of those keys that are there."""
        ...

    def create_tasks(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        """Ids by key. All are created or none, but when the answer is lost nobody knows: then look them up.

        Never tried a second time by itself. Errors: LostAnswerError.
        """
        ...

    def delete_unanswered(self, project: int, ids: Sequence[int]) -> list[int]:
        """Delete those of the tasks that have no annotation; return those that are gone now, by us or before."""
        ...

    def blank_tasks(self, ids: Sequence[int]) -> int:
        """Take the text of these tasks out, and what was said about it; the number of those that had one.

        Their keys and answers stay. One that is not there is passed over.
        """
        ...

    def changed_tasks(self, project: int, since: datetime | None) -> Iterator[list[PlatformTask]]:
        """Tasks that changed after ``since`` (all when None), in pages, each with its whole annotation set."""
        ...

    def tasks(self, project: int, ids: Sequence[int]) -> list[PlatformTask]:
        """Those of the tasks that are there, with their whole annotation sets."""
        ...

    def task_ids(self, project: int) -> set[int]: ...

    def coders(self) -> dict[str, PlatformCoder]:
        """By external id."""
        ...

    def sign_up(self, email: str, password: str) -> PlatformCoder:
        """The coder with this address, who joins when not there yet (only then the password counts)."""
        ...

    def annotate(self, task: int, coder: PlatformCoder, answer: Answer) -> None:
        """Answer on behalf of a coder; the same ``answer.id`` twice counts once."""
        ...

    def share_webhook(self, project: int, *, like: int) -> int | None:
        """Have the project's events sent where those of ``like`` are; None where they are sent nowhere."""
        ...

    def project_url(self, project: int) -> str: ...

    def task_url(self, project: int, task: int) -> str: ...
