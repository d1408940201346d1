"""Campaigns, their draws and tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.task import Component, Kind, Task
from annotation.errors import ConflictError, NotFoundError
from annotation.ledger import statements
from annotation.ledger.tables import CampaignRow, DrawRow, TaskRow, TextRow


@dataclass(frozen=True, slots=True)
class TaskMark:
    """What is counted of a task; a campaign has tens of thousands."""

    key: str
    draw_id: int
    component: Component


@dataclass(frozen=True, slots=True)
class TaskSeat:
    """Who is asked by a task, about which text."""

    key: str
    campaign: str
    draw_id: int
    text_key: str
    component: Component
    kind: Kind
    seat: int


@dataclass(frozen=True, slots=True)
class Lead:
    """What the model says of a task's text: its first code, and how far that is from the second one."""

    code: str | None
    margin: float


class Campaigns:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, campaign: Campaign) -> bool:
        """Store it and say whether it was new; the same key with another nomenclature is a conflict."""
        row = self._session.get(CampaignRow, campaign.key)
        if row is not None:
            if row.nomenclature != campaign.nomenclature:
                raise ConflictError(
                    f"The campaign {campaign.key} codes into {row.nomenclature}, not into {campaign.nomenclature}.",
                    cure="Create a campaign with another key: a project keeps its nomenclature for life.",
                )
            return False
        self._session.add(
            CampaignRow(
                key=campaign.key,
                title=campaign.title,
                nomenclature=campaign.nomenclature,
                language=campaign.language,
                created_at=campaign.created_at,
                closed_at=campaign.closed_at,
            )
        )
        self._session.flush()
        return True

    def get(self, key: str) -> Campaign:
        row = self._session.get(CampaignRow, key)
        if row is None:
            known = ", ".join(c.key for c in self.all()) or "none"
            raise NotFoundError(
                f"There is no campaign {key} (known: {known}).",
                cure=f"Name one with --campaign or campaign.key, or create it: awb campaign create {key}",
            )
        return _campaign(row)

    def all(self) -> list[Campaign]:
        return [_campaign(row) for row in self._session.scalars(select(CampaignRow).order_by(CampaignRow.created_at))]

    def close(self, key: str, *, now: datetime) -> Campaign:
        self.get(key)
        row = self._session.get_one(CampaignRow, key)
        row.closed_at = row.closed_at or now
        self._session.flush()
        return _campaign(row)


class Draws:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, draw: Draw) -> Draw:
        row = DrawRow(
            key=draw.key,
            campaign=draw.campaign,
            seed=draw.seed,
            model_version=draw.model_version,
            reference_window=draw.reference_window,
            current_window=draw.current_window,
            recipe=dict(draw.recipe),
            drawn_at=draw.drawn_at,
        )
        self._session.add(row)
        self._session.flush()
        return _draw(row)

    def find(self, key: str) -> Draw | None:
        row = self._session.scalars(select(DrawRow).where(DrawRow.key == key)).one_or_none()
        return _draw(row) if row else None

    def get(self, draw_id: int) -> Draw:
        row = self._session.get(DrawRow, draw_id)
        if row is None:
            raise NotFoundError(f"There is no draw {draw_id}.", cure="See the draws of the campaign for their ids.")
        return _draw(row)

    def of_campaign(self, campaign: str) -> list[Draw]:
        return [
            _draw(r)
            for r in self._session.scalars(select(DrawRow).where(DrawRow.campaign == campaign).order_by(DrawRow.id))
        ]


class Tasks:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tasks: Sequence[Task]) -> int:
        rows = [
            {
                "key": t.key,
                "draw_id": t.draw_id,
                "text_key": t.text_key,
                "component": t.component.value,
                "stratum": t.stratum,
                "inclusion_probability": t.inclusion_probability,
                "seat": t.seat,
                "reason": t.reason,
                "candidates": list(t.candidates),
                "probabilities": list(t.probabilities),
                "model_version": t.model_version,
                "frequency": t.frequency,
                "confidence": t.confidence,
                "kind": t.kind.value,
                "blind": t.blind,
            }
            for t in tasks
        ]
        return statements.insert_new(self._session, TaskRow, rows, key=["key"])

    def get(self, keys: Sequence[str]) -> dict[str, Task]:
        found: dict[str, Task] = {}
        for chunk in statements.chunks(keys):
            for row in self._session.scalars(select(TaskRow).where(TaskRow.key.in_(chunk))):
                found[row.key] = _task(row)
        return found

    def of_campaign(self, campaign: str) -> list[Task]:
        """Every task, in the order of drawing."""
        return self._select(DrawRow.campaign == campaign)

    def of_component(self, campaign: str, component: Component) -> list[Task]:
        return self._select(and_(DrawRow.campaign == campaign, TaskRow.component == component.value))

    def of_kind(self, campaign: str, kind: Kind) -> list[Task]:
        return self._select(and_(DrawRow.campaign == campaign, TaskRow.kind == kind.value))

    def of_texts(self, campaign: str, text_keys: Sequence[str]) -> dict[str, list[Task]]:
        """Every task of the campaign that asks about one of these texts, by text key."""
        found: dict[str, list[Task]] = {}
        for chunk in statements.chunks(text_keys):
            for task in self._select(and_(DrawRow.campaign == campaign, TaskRow.text_key.in_(chunk))):
                found.setdefault(task.text_key, []).append(task)
        return found

    def of_draw(self, draw_id: int) -> list[Task]:
        return self._select(TaskRow.draw_id == draw_id)

    def page_of_draw(self, draw_id: int, *, limit: int, offset: int) -> list[Task]:
        statement = select(TaskRow).where(TaskRow.draw_id == draw_id).order_by(TaskRow.key)
        return [_task(row) for row in self._session.scalars(statement.limit(limit).offset(offset))]

    def marks(self, campaign: str) -> list[TaskMark]:
        """Every task in the order of drawing, without its text and candidates."""
        statement = select(TaskRow.key, TaskRow.draw_id, TaskRow.component).join(DrawRow, DrawRow.id == TaskRow.draw_id)
        rows = self._session.execute(
            statement.where(DrawRow.campaign == campaign).order_by(TaskRow.draw_id, TaskRow.key)
        )
        return [TaskMark(key, draw_id, Component(component)) for key, draw_id, component in rows]

    def seats(self, campaign: str) -> list[TaskSeat]:
        """Every task in the order of drawing, a text's in that of their seats."""
        return [_seat(row) for row in self._session.execute(_seats().where(DrawRow.campaign == campaign))]

    def seats_of_texts(self, text_keys: Sequence[str]) -> list[TaskSeat]:
        """All tasks about these texts, of every campaign, in the same order within a few hundred texts."""
        found: list[TaskSeat] = []
        for chunk in statements.chunks(text_keys):
            found += map(_seat, self._session.execute(_seats().where(TaskRow.text_key.in_(chunk))))
        return found

    def leads(self, campaign: str) -> dict[str, Lead]:
        """By text key; of a text that was drawn again, as of the last draw."""
        statement = select(TaskRow.text_key, TaskRow.candidates, TaskRow.probabilities)
        statement = statement.join(DrawRow, DrawRow.id == TaskRow.draw_id).where(DrawRow.campaign == campaign)
        found: dict[str, Lead] = {}
        for key, candidates, probabilities in self._session.execute(statement.order_by(TaskRow.draw_id)):
            first, second = (*probabilities[:2], 0.0, 0.0)[:2]
            found[key] = Lead(candidates[0] if candidates else None, first - second)
        return found

    def example_reasons(self, campaign: str) -> dict[tuple[int, Component], str]:
        """One sentence of each draw and component, always the same one."""
        statement = (
            select(TaskRow.draw_id, TaskRow.component, func.min(TaskRow.reason))
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .where(DrawRow.campaign == campaign)
            .group_by(TaskRow.draw_id, TaskRow.component)
        )
        rows = self._session.execute(statement)
        return {(draw_id, Component(component)): reason for draw_id, component, reason in rows}

    def asked_texts(self, campaign: str) -> set[str]:
        statement = select(TaskRow.text_key).join(DrawRow, DrawRow.id == TaskRow.draw_id)
        return set(self._session.scalars(statement.where(DrawRow.campaign == campaign)))

    def asked_groups(self, campaign: str) -> set[str]:
        """The wordings asked, by their group key."""
        statement = select(TextRow.group_key).join(TaskRow, TaskRow.text_key == TextRow.key).distinct()
        statement = statement.join(DrawRow, DrawRow.id == TaskRow.draw_id)
        return set(self._session.scalars(statement.where(DrawRow.campaign == campaign)))

    def count_by_component(self, draw_id: int) -> dict[str, int]:
        statement = select(TaskRow.component, func.count()).where(TaskRow.draw_id == draw_id)
        return dict(self._session.execute(statement.group_by(TaskRow.component)).all())

    def _select(self, condition: object) -> list[Task]:
        statement = select(TaskRow).join(DrawRow, DrawRow.id == TaskRow.draw_id)
        rows: Iterable[TaskRow] = self._session.scalars(
            statement.where(condition).order_by(TaskRow.draw_id, TaskRow.key)  # type: ignore[arg-type]
        )
        return [_task(row) for row in rows]


def _seats() -> Select[str, str, int, str, str, str, int]:
    columns = TaskRow.key, DrawRow.campaign, TaskRow.draw_id, TaskRow.text_key, TaskRow.component, TaskRow.kind
    statement = select(*columns, TaskRow.seat).join(DrawRow, DrawRow.id == TaskRow.draw_id)
    return statement.order_by(TaskRow.draw_id, TaskRow.text_key, TaskRow.seat)


def _seat(row: Sequence[Any]) -> TaskSeat:
    key, campaign, draw_id, text_key, component, kind, seat = row
    return TaskSeat(key, campaign, draw_id, text_key, Component(component), Kind(kind), seat)


def _campaign(row: CampaignRow) -> Campaign:
    return Campaign(
        key=row.key,
        title=row.title,
        nomenclature=row.nomenclature,
        language=row.language,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )


def _draw(row: DrawRow) -> Draw:
    return Draw(
        id=row.id,
        key=row.key,
        campaign=row.campaign,
        seed=row.seed,
        model_version=row.model_version,
        reference_window=row.reference_window,
        current_window=row.current_window,
        recipe=row.recipe,
        drawn_at=row.drawn_at,
    )


def _task(row: TaskRow) -> Task:
    return Task(
        key=row.key,
        draw_id=row.draw_id,
        text_key=row.text_key,
        component=Component(row.component),
        stratum=row.stratum,
        inclusion_probability=row.inclusion_probability,
        seat=row.seat,
        reason=row.reason,
        candidates=tuple(row.candidates),
        probabilities=tuple(row.probabilities),
        model_version=row.model_version,
        frequency=row.frequency,
        confidence=row.confidence,
        kind=Kind(row.kind),
        blind=row.blind,
    )
