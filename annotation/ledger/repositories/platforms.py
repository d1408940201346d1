"""Where tasks live on annotation platforms, and what platforms told us by webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from annotation.domain.task import Task
from annotation.domain.team import SHARED
from annotation.ledger import statements
from annotation.ledger.repositories.campaigns import Tasks
from annotation.ledger.tables import DrawRow, InboxRow, PlatformReferenceRow, ProjectRow, TaskRow, TextRow


@dataclass(frozen=True, slots=True)
class Project:
    campaign: str
    platform: str
    queue: str
    external_id: int
    cursor: datetime | None
    webhook_id: int | None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a task lives; ``external_id`` is the platform's."""

    task_key: str
    project_id: int
    external_id: int


@dataclass(frozen=True, slots=True)
class Announced:
    """The platform's ids of tasks and annotations."""

    tasks: frozenset[int]
    annotations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Webhook:
    id: int
    action: str
    project_id: int | None
    payload: Mapping[str, Any]
    received_at: datetime


class Platforms:
    def __init__(self, session: Session) -> None:
        self._session = session

    def project(self, campaign: str, platform: str, queue: str = SHARED) -> Project | None:
        row = self._session.get(ProjectRow, (campaign, platform, queue))
        return _project(row) if row else None

    def projects(self, campaign: str, platform: str | None = None) -> list[Project]:
        """Those of all queues, the shared one first."""
        statement = select(ProjectRow).where(ProjectRow.campaign == campaign)
        if platform is not None:
            statement = statement.where(ProjectRow.platform == platform)
        return [
            _project(row) for row in self._session.scalars(statement.order_by(ProjectRow.platform, ProjectRow.queue))
        ]

    def add_project(
        self, *, campaign: str, platform: str, external_id: int, now: datetime, queue: str = SHARED
    ) -> None:
        row = {
            "campaign": campaign,
            "platform": platform,
            "queue": queue,
            "external_id": external_id,
            "created_at": now,
        }
        statements.insert_new(self._session, ProjectRow, [row], key=["campaign", "platform", "queue"])

    def replace_project(self, campaign: str, platform: str, queue: str, *, external_id: int, now: datetime) -> None:
        """Another project takes the place of one that is gone; what was in that is noted as vanished."""
        row = self._session.get_one(ProjectRow, (campaign, platform, queue))
        gone = update(PlatformReferenceRow).where(
            PlatformReferenceRow.platform == platform,
            PlatformReferenceRow.project_id == row.external_id,
            PlatformReferenceRow.vanished_at.is_(None),
        )
        self._session.execute(gone.values(vanished_at=now))
        row.external_id, row.created_at, row.cursor, row.webhook_id = external_id, now, None, None

    def move_cursor(self, campaign: str, platform: str, cursor: datetime, queue: str = SHARED) -> None:
        self._session.get_one(ProjectRow, (campaign, platform, queue)).cursor = cursor

    def set_webhook(self, campaign: str, platform: str, webhook_id: int, queue: str = SHARED) -> None:
        self._session.get_one(ProjectRow, (campaign, platform, queue)).webhook_id = webhook_id

    def unpushed(self, campaign: str, platform: str) -> list[Task]:
        """Tasks of the campaign with no living reference on the platform, in the order of drawing.

        Those about an erased text are not among them.
        """
        keys = self.unpushed_keys(campaign, platform)
        tasks = Tasks(self._session).get(keys)
        return [tasks[key] for key in keys]

    def unpushed_keys(self, campaign: str, platform: str) -> list[str]:
        """Those of the same tasks, in the same order; nobody can answer about a text that is erased."""
        living = select(PlatformReferenceRow.task_key).where(
            PlatformReferenceRow.platform == platform, PlatformReferenceRow.vanished_at.is_(None)
        )
        statement = (
            select(TaskRow.key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .join(TextRow, TextRow.key == TaskRow.text_key)
            .where(DrawRow.campaign == campaign, TaskRow.key.not_in(living), TextRow.erased_at.is_(None))
            .order_by(TaskRow.draw_id, TaskRow.key)
        )
        return list(self._session.scalars(statement))

    def add_references(self, references: Mapping[str, int], *, platform: str, project_id: int, now: datetime) -> int:
        """``references`` maps task keys to the platform's ids; return how many were new.

        Known ones are left as they are, but for an id that bears another key now, or had vanished: a server that was
        restored from a backup gives ids a second time.
        """
        rows = [
            {
                "task_key": key,
                "platform": platform,
                "project_id": project_id,
                "external_id": external_id,
                "pushed_at": now,
            }
            # In one order: a push and a pull that note the same tasks would else wait for one another for ever.
            for key, external_id in sorted(references.items(), key=lambda pair: pair[1])
        ]
        moved = or_(
            PlatformReferenceRow.vanished_at.is_not(None),
            PlatformReferenceRow.task_key != statements.excluded("task_key"),
        )
        return statements.insert_or_move(
            self._session,
            PlatformReferenceRow,
            rows,
            key=["platform", "external_id"],
            where=moved,
            also={"vanished_at": None},
        )

    def references(self, campaign: str, platform: str, *, project_id: int | None = None) -> dict[int, str]:
        """The platform's ids of the campaign's living tasks, with our keys; of one project or of all."""
        statement = self._living(campaign, platform, PlatformReferenceRow.external_id, PlatformReferenceRow.task_key)
        if project_id is not None:
            statement = statement.where(PlatformReferenceRow.project_id == project_id)
        return dict(self._session.execute(statement).all())

    def whereabouts(self, campaign: str, platform: str) -> list[Whereabouts]:
        """Where each of the campaign's living tasks is, copies among them."""
        columns = (getattr(PlatformReferenceRow, name) for name in ("task_key", "project_id", "external_id"))
        return [Whereabouts(*row) for row in self._session.execute(self._living(campaign, platform, *columns))]

    def count_references(self, campaign: str, platform: str, *, project_id: int) -> int:
        statement = self._living(campaign, platform, func.count())
        return self._session.scalar(statement.where(PlatformReferenceRow.project_id == project_id)) or 0

    def known_keys(self, platform: str, external_ids: Sequence[int]) -> dict[int, str]:
        """Our keys of those of the platform's ids that live."""
        found: dict[int, str] = {}
        for chunk in statements.chunks(external_ids):
            statement = select(PlatformReferenceRow.external_id, PlatformReferenceRow.task_key).where(
                PlatformReferenceRow.platform == platform,
                PlatformReferenceRow.external_id.in_(chunk),
                PlatformReferenceRow.vanished_at.is_(None),
            )
            found |= dict(self._session.execute(statement).all())
        return found

    def living_keys(self, platform: str, task_keys: Sequence[str]) -> set[str]:
        """Those of the tasks that are on the platform, as far as is known."""
        found: set[str] = set()
        for chunk in statements.chunks(task_keys):
            statement = select(PlatformReferenceRow.task_key).where(
                PlatformReferenceRow.platform == platform,
                PlatformReferenceRow.task_key.in_(chunk),
                PlatformReferenceRow.vanished_at.is_(None),
            )
            found.update(self._session.scalars(statement))
        return found

    def vanished_keys(self, campaign: str, platform: str) -> set[str]:
        """The campaign's tasks that were on the platform and are no more, in that place at least."""
        statement = self._references(campaign, platform, PlatformReferenceRow.task_key)
        return set(self._session.scalars(statement.where(PlatformReferenceRow.vanished_at.is_not(None))))

    def mark_vanished(self, platform: str, external_ids: Sequence[int], *, now: datetime) -> None:
        for chunk in statements.chunks(external_ids):
            self._session.execute(
                update(PlatformReferenceRow)
                .where(PlatformReferenceRow.platform == platform, PlatformReferenceRow.external_id.in_(chunk))
                .values(vanished_at=now)
            )

    def _living(self, campaign: str, platform: str, *columns: Any) -> Select[Any]:
        return self._references(campaign, platform, *columns).where(PlatformReferenceRow.vanished_at.is_(None))

    @staticmethod
    def _references(campaign: str, platform: str, *columns: Any) -> Select[Any]:
        return (
            select(*columns)
            .select_from(PlatformReferenceRow)
            .join(TaskRow, TaskRow.key == PlatformReferenceRow.task_key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .where(DrawRow.campaign == campaign, PlatformReferenceRow.platform == platform)
        )


def _project(row: ProjectRow) -> Project:
    return Project(row.campaign, row.platform, row.queue, row.external_id, row.cursor, row.webhook_id)


class Inbox:
    """Webhooks as they came in: hints on where to look, never the truth."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, *, action: str, project_id: int | None, payload: Mapping[str, Any], now: datetime) -> None:
        self._session.add(InboxRow(action=action, project_id=project_id, payload=dict(payload), received_at=now))
        self._session.flush()

    def waiting(self, *, project_id: int | None = None, limit: int = 10_000) -> list[Webhook]:
        """The oldest that no pull has looked at, of one project or of all."""
        statement = select(InboxRow).where(InboxRow.processed_at.is_(None)).order_by(InboxRow.id).limit(limit)
        if project_id is not None:
            statement = statement.where(InboxRow.project_id == project_id)
        return [
            Webhook(r.id, r.action, r.project_id, r.payload, r.received_at) for r in self._session.scalars(statement)
        ]

    def announced(self, *, project_id: int, since: datetime) -> Announced:
        """What the project's webhooks named that came in since then, looked at or not."""
        statement = select(InboxRow.payload).where(InboxRow.project_id == project_id, InboxRow.received_at >= since)
        payloads = list(self._session.scalars(statement))
        return Announced(
            frozenset(int(number) for one in payloads for number in one.get("task_ids", [])),
            frozenset(str(number) for one in payloads for number in one.get("annotation_ids", [])),
        )

    def mark_processed(self, ids: Sequence[int], *, now: datetime) -> None:
        for chunk in statements.chunks(ids):
            self._session.execute(update(InboxRow).where(InboxRow.id.in_(chunk)).values(processed_at=now))
