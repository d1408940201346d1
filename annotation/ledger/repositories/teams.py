"""How campaigns work and who works in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from annotation.domain.policy import Policy
from annotation.domain.team import SHARED, Assignment, Enrolment, GoldText, Standing
from annotation.ledger import statements
from annotation.ledger.tables import AssignmentRow, DrawRow, EnrolmentRow, GoldRow, PolicyRow, TaskRow

_POLICY = TypeAdapter(Policy)


class Policies:
    def __init__(self, session: Session) -> None:
        self._session = session

    def set(self, campaign: str, policy: Policy, *, by: str, now: datetime) -> bool:
        """Put the policy in force and tell whether it differs from the one before; ``by`` says who did."""
        document = _POLICY.dump_python(policy, mode="json")
        if (row := self._newest(campaign)) is not None and row.document == document:
            return False
        self._session.add(PolicyRow(campaign=campaign, document=document, set_by=by, set_at=now))
        self._session.flush()
        return True

    def current(self, campaign: str) -> Policy:
        """The policy in force; the default where none was ever set, or where a field holds what is no more allowed."""
        row = self._newest(campaign)
        if row is None:
            return Policy()
        try:
            return _POLICY.validate_python(row.document)
        except ValidationError as error:
            refused = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
            return _POLICY.validate_python({name: v for name, v in row.document.items() if name not in refused})

    def exists(self, campaign: str) -> bool:
        return self._newest(campaign) is not None

    def _newest(self, campaign: str) -> PolicyRow | None:
        statement = select(PolicyRow).where(PolicyRow.campaign == campaign).order_by(PolicyRow.id.desc()).limit(1)
        return self._session.scalars(statement).first()


class Enrolments:
    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, enrolment: Enrolment) -> bool:
        """Append it unless it says the same as the one in force; return whether a row was written."""
        before = self.current(enrolment.campaign).get(enrolment.coder)
        if before is not None and _said(before) == _said(enrolment):
            return False
        values = asdict(enrolment) | {"state": enrolment.state.value, "skills": list(enrolment.skills)}
        self._session.add(EnrolmentRow(**values))
        self._session.flush()
        return True

    def current(self, campaign: str) -> dict[str, Enrolment]:
        """By pseudonym, in their order; those who left are among them."""
        newest = {enrolment.coder: enrolment for enrolment in self.history(campaign)}
        return {coder: newest[coder] for coder in sorted(newest)}

    def history(self, campaign: str) -> list[Enrolment]:
        """Every row, oldest first."""
        statement = select(EnrolmentRow).where(EnrolmentRow.campaign == campaign).order_by(EnrolmentRow.id)
        return [_enrolment(row) for row in self._session.scalars(statement)]


class Assignments:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, assignments: Sequence[Assignment]) -> None:
        """Append them: the newest of a task holds."""
        statements.insert_all(self._session, AssignmentRow, [asdict(one) for one in assignments])

    def current(self, campaign: str) -> dict[str, Assignment]:
        """By task key; tasks that were never assigned are in the shared queue and not among them."""
        columns = AssignmentRow.task_key, AssignmentRow.queue, AssignmentRow.assigned_at, AssignmentRow.expires_at
        rows = self._session.execute(select(*columns).where(AssignmentRow.id.in_(_newest(campaign))))
        return {row.task_key: Assignment(*row) for row in rows}

    def queues(self, campaign: str) -> dict[str, str]:
        """The queue of each assigned task, by its key."""
        return {key: one.queue or SHARED for key, one in self.current(campaign).items()}

    def lapsed(self, campaign: str) -> dict[str, datetime]:
        """By queue, when the newest of the limited assignments was made that other ones have taken the place of."""
        statement = (
            select(AssignmentRow.queue, func.max(AssignmentRow.assigned_at))
            .join(TaskRow, TaskRow.key == AssignmentRow.task_key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .where(
                DrawRow.campaign == campaign,
                AssignmentRow.expires_at.is_not(None),
                AssignmentRow.id.not_in(_newest(campaign)),
            )
        )
        return dict(self._session.execute(statement.group_by(AssignmentRow.queue)).all())


class Gold:
    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, texts: Sequence[GoldText]) -> int:
        """Append what differs from what is in force (code, note, retired); return how many rows were written."""
        changed = []
        for nomenclature in sorted({text.nomenclature for text in texts}):
            known = self.current(nomenclature, retired=True)
            changed += [
                text
                for text in texts
                if text.nomenclature == nomenclature
                and (text.text_key not in known or _settled(known[text.text_key]) != _settled(text))
            ]
        statements.insert_all(self._session, GoldRow, [asdict(text) for text in changed])
        return len(changed)

    def current(self, nomenclature: str, *, retired: bool = False, up_to: int | None = None) -> dict[str, GoldText]:
        """By text key, in its order; retired ones only where asked for. ``up_to`` is a row id."""
        newest = select(func.max(GoldRow.id)).where(GoldRow.nomenclature == nomenclature).group_by(GoldRow.text_key)
        if up_to is not None:
            newest = newest.where(GoldRow.id <= up_to)
        statement = select(GoldRow).where(GoldRow.id.in_(newest)).order_by(GoldRow.text_key)
        if not retired:
            statement = statement.where(GoldRow.retired.is_(False))
        return {row.text_key: _gold(row) for row in self._session.scalars(statement)}

    def last_id(self) -> int:
        return self._session.scalar(select(func.max(GoldRow.id))) or 0


def _newest(campaign: str) -> Select[int]:
    """The row ids of the assignments that hold."""
    return (
        select(func.max(AssignmentRow.id))
        .join(TaskRow, TaskRow.key == AssignmentRow.task_key)
        .join(DrawRow, DrawRow.id == TaskRow.draw_id)
        .where(DrawRow.campaign == campaign)
        .group_by(AssignmentRow.task_key)
    )


def _said(enrolment: Enrolment) -> tuple[object, ...]:
    return enrolment.state, enrolment.arbiter, enrolment.skills, enrolment.reason


def _settled(text: GoldText) -> tuple[object, ...]:
    return text.code, text.note, text.retired


def _enrolment(row: EnrolmentRow) -> Enrolment:
    return Enrolment(
        campaign=row.campaign,
        coder=row.coder,
        state=Standing(row.state),
        enrolled_at=row.enrolled_at,
        arbiter=row.arbiter,
        skills=tuple(row.skills),
        reason=row.reason,
    )


def _gold(row: GoldRow) -> GoldText:
    return GoldText(
        nomenclature=row.nomenclature,
        text_key=row.text_key,
        code=row.code,
        note=row.note,
        evidence=row.evidence,
        recorded_at=row.recorded_at,
        retired=row.retired,
    )
