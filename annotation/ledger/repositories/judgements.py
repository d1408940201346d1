"""Judgements and the people behind them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from annotation.domain.judgement import Judgement, Outcome
from annotation.ledger import statements
from annotation.ledger.repositories.operations import Leases
from annotation.ledger.tables import CoderRow, DrawRow, JudgementRow, TaskRow


@dataclass(frozen=True, slots=True)
class RecordedJudgement:
    """A judgement with the id of its row."""

    id: int
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class JudgementMark:
    """What is counted of a judgement, without the payload it came in."""

    id: int
    task_key: str
    coder: str
    outcome: Outcome
    code: str | None
    judged_at: datetime
    lead_time: float | None
    difficulty: int | None


class Judgements:
    """Append-only: the highest id of a platform's annotation is its state in force."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, judgement: Judgement, *, now: datetime) -> bool:
        """Append it unless it says the same as the state in force; return whether a row was written."""
        in_force = self._in_force(judgement.platform, judgement.external_id)
        digest = _digest(judgement)
        if in_force is not None and in_force.digest == digest:
            return False
        if in_force is None and judgement.deleted:
            return False
        self._session.add(
            JudgementRow(
                task_key=judgement.task_key,
                platform=judgement.platform,
                external_id=judgement.external_id,
                coder=judgement.coder,
                outcome=judgement.outcome.value,
                code=judgement.code,
                judged_at=judgement.judged_at,
                lead_time=judgement.lead_time,
                comment=judgement.comment,
                difficulty=judgement.difficulty,
                detail=judgement.detail,
                deleted=judgement.deleted,
                raw=dict(judgement.raw),
                digest=digest,
                recorded_at=now,
            )
        )
        self._session.flush()
        return True

    def get(self, ids: Sequence[int]) -> dict[int, Judgement]:
        """By row id."""
        found: dict[int, Judgement] = {}
        for chunk in statements.chunks(ids):
            for row in self._session.scalars(select(JudgementRow).where(JudgementRow.id.in_(chunk))):
                found[row.id] = _judgement(row)
        return found

    def current(self, campaign: str) -> list[RecordedJudgement]:
        """The states in force of a campaign, tombstones left out, in order of id."""
        statement = self._of_campaign(campaign).where(JudgementRow.id.in_(_newest()), JudgementRow.deleted.is_(False))
        return [RecordedJudgement(row.id, _judgement(row)) for row in self._session.scalars(statement)]

    def current_of_tasks(self, task_keys: Sequence[str], *, platform: str | None = None) -> dict[str, list[Judgement]]:
        """The states in force on these tasks on one platform or, without a name, on all; tombstones left out."""
        found: dict[str, list[Judgement]] = {}
        for chunk in statements.chunks(task_keys):
            inside = JudgementRow.task_key.in_(chunk)
            statement = select(JudgementRow).where(
                inside, JudgementRow.deleted.is_(False), JudgementRow.id.in_(_newest().where(inside))
            )
            if platform is not None:
                statement = statement.where(JudgementRow.platform == platform)
            for row in self._session.scalars(statement.order_by(JudgementRow.id)):
                found.setdefault(row.task_key, []).append(_judgement(row))
        return found

    def latest(self, platform: str, external_ids: Sequence[str]) -> dict[str, Judgement]:
        """The last row of each of the platform's annotations, tombstones among them."""
        found: dict[str, Judgement] = {}
        for chunk in statements.chunks(external_ids):
            inside = (JudgementRow.platform == platform, JudgementRow.external_id.in_(chunk))
            newest = select(func.max(JudgementRow.id)).where(*inside).group_by(JudgementRow.external_id)
            for row in self._session.scalars(select(JudgementRow).where(JudgementRow.id.in_(newest))):
                found[row.external_id] = _judgement(row)
        return found

    def marks(self, campaign: str) -> list[JudgementMark]:
        """The states in force of a campaign, tombstones left out, in order of id."""
        statement = self._marks().join(TaskRow, TaskRow.key == JudgementRow.task_key)
        statement = statement.join(DrawRow, DrawRow.id == TaskRow.draw_id).where(DrawRow.campaign == campaign)
        return [_mark(row) for row in self._session.execute(statement.where(JudgementRow.id.in_(_newest())))]

    def marks_of_tasks(self, task_keys: Sequence[str]) -> dict[str, list[JudgementMark]]:
        """The states in force on these tasks on any platform, tombstones left out, in order of id."""
        found: dict[str, list[JudgementMark]] = {}
        for chunk in statements.chunks(task_keys):
            inside = JudgementRow.task_key.in_(chunk)
            statement = self._marks().where(inside, JudgementRow.id.in_(_newest().where(inside)))
            for row in self._session.execute(statement):
                found.setdefault(row.task_key, []).append(_mark(row))
        return found

    def history(self, campaign: str) -> list[RecordedJudgement]:
        """Every row ever written, tombstones included, in order of id."""
        return [
            RecordedJudgement(row.id, _judgement(row)) for row in self._session.scalars(self._of_campaign(campaign))
        ]

    def ids(self, campaign: str) -> set[int]:
        """The row ids of the campaign's history."""
        statement = select(JudgementRow.id).join(TaskRow, TaskRow.key == JudgementRow.task_key)
        statement = statement.join(DrawRow, DrawRow.id == TaskRow.draw_id).where(DrawRow.campaign == campaign)
        return set(self._session.scalars(statement))

    def blank(self, coder: str) -> int:
        """Erase what the coder wrote in their own words; return how many rows held any.

        The number of the platform's task stays, by which a pull knows the annotation again.
        """
        blanked = 0
        for row in self._session.scalars(select(JudgementRow).where(JudgementRow.coder == coder)):
            if row.comment or row.detail or set(row.raw) - {"task"}:
                row.comment, row.detail, row.raw = "", "", {"task": row.raw.get("task")}
                row.digest = _digest(_judgement(row))
                blanked += 1
        self._session.flush()
        return blanked

    def blank_tasks(self, task_keys: Sequence[str]) -> int:
        """Erase what coders wrote in their own words on these tasks; return how many rows held any."""
        blanked = 0
        for chunk in statements.chunks(task_keys):
            for row in self._session.scalars(select(JudgementRow).where(JudgementRow.task_key.in_(chunk))):
                if row.comment or set(row.raw) - {"task"}:
                    row.comment, row.raw = "", {"task": row.raw.get("task")}
                    row.digest = _digest(_judgement(row))
                    blanked += 1
        self._session.flush()
        return blanked

    def _in_force(self, platform: str, external_id: str) -> JudgementRow | None:
        return self._session.scalars(
            select(JudgementRow)
            .where(JudgementRow.platform == platform, JudgementRow.external_id == external_id)
            .order_by(JudgementRow.id.desc())
            .limit(1)
        ).one_or_none()

    @staticmethod
    def _marks() -> Select[Any]:
        columns = (getattr(JudgementRow, field.name) for field in fields(JudgementMark))
        return select(*columns).where(JudgementRow.deleted.is_(False)).order_by(JudgementRow.id)

    def _of_campaign(self, campaign: str) -> Select[JudgementRow]:
        return (
            select(JudgementRow)
            .join(TaskRow, TaskRow.key == JudgementRow.task_key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .where(DrawRow.campaign == campaign)
            .order_by(JudgementRow.id)
        )


class Coders:
    def __init__(self, session: Session) -> None:
        self._session = session

    def pseudonym(self, platform: str, external_id: str, *, email: str | None, now: datetime) -> str:
        """The pseudonym of a platform's user, made at first sight; it says nothing about the person."""
        statement = select(CoderRow).where(CoderRow.platform == platform, CoderRow.external_id == external_id)
        row = self._session.scalars(statement).one_or_none()
        if row is None:
            # Two pulls at once would count the same number of coders, and give one pseudonym to two people.
            Leases(self._session).serialise("coders")
            row = self._session.scalars(statement).one_or_none()
        if row is None:
            number = (self._session.scalar(select(func.count()).select_from(CoderRow)) or 0) + 1
            row = CoderRow(
                pseudonym=f"C{number:03d}", platform=platform, external_id=external_id, email=email, seen_at=now
            )
            self._session.add(row)
            self._session.flush()
        elif email and row.email != email:
            row.email = email
        return row.pseudonym

    def on(self, platform: str) -> dict[str, str]:
        """The platform's ids of its users, by pseudonym. They lead to persons: for what acts on the platform only."""
        rows = self._session.execute(
            select(CoderRow.pseudonym, CoderRow.external_id).where(CoderRow.platform == platform)
        )
        return dict(rows.all())

    def of_email(self, email: str) -> list[str]:
        """Under what pseudonyms a person is known, in order; an address is the same in capitals."""
        statement = select(CoderRow.pseudonym).where(func.lower(CoderRow.email) == email.strip().lower())
        return list(self._session.scalars(statement.order_by(CoderRow.pseudonym)))

    def pseudonyms(self) -> list[str]:
        """Everybody who is known, in order."""
        return list(self._session.scalars(select(CoderRow.pseudonym).order_by(CoderRow.pseudonym)))


def _newest() -> Select[Any]:
    """The row ids of the annotations' states in force, tombstones among them."""
    return select(func.max(JudgementRow.id)).group_by(JudgementRow.platform, JudgementRow.external_id)


def _digest(judgement: Judgement) -> str:
    content: list[Any] = [
        judgement.task_key,
        judgement.coder,
        judgement.outcome.value,
        judgement.code,
        judgement.comment,
        judgement.deleted,
        judgement.judged_at.isoformat(),
    ]
    # What was recorded before these were asked keeps its digest, so that it does not look edited.
    if judgement.difficulty is not None or judgement.detail:
        content += [judgement.difficulty, judgement.detail]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _mark(row: Sequence[Any]) -> JudgementMark:
    number, task_key, coder, outcome, code, judged_at, lead_time, difficulty = row
    return JudgementMark(number, task_key, coder, Outcome(outcome), code, judged_at, lead_time, difficulty)


def _judgement(row: JudgementRow) -> Judgement:
    return Judgement(
        task_key=row.task_key,
        platform=row.platform,
        external_id=row.external_id,
        coder=row.coder,
        outcome=Outcome(row.outcome),
        code=row.code,
        judged_at=row.judged_at,
        lead_time=row.lead_time,
        comment=row.comment,
        difficulty=row.difficulty,
        detail=row.detail,
        deleted=row.deleted,
        raw=row.raw,
    )
