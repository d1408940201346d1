"""What was set aside because it could not be taken, and what became of it.

What holds here: a row is never deleted nor changed, but where a person asks to be forgotten. What becomes of it is a
settlement, and the newest settlement of a row holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from annotation.domain import characters
from annotation.ledger import statements
from annotation.ledger.tables import QuarantineRow, QuarantineSettlementRow

# No page or table has room for more of one cell; the file that it came from has the rest.
LONGEST: Final = 100_000


class Settled(StrEnum):
    """``REFUSED`` was tried again in vain and waits on; the others are done with."""

    RETRIED = "retried"
    DROPPED = "dropped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something that could not be taken, with its reason; ``row`` counts as a spreadsheet does.

    ``context`` is what taking it again needs beside ``raw``: the source, the nomenclature, who answered.
    """

    kind: str
    origin: str
    row: int | None
    raw: Mapping[str, Any]
    reason: str
    context: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Settlement:
    outcome: Settled
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row of the quarantine; ``settlement`` is its newest."""

    id: int
    item: Quarantined
    since: datetime
    settlement: Settlement | None = None

    @property
    def waits(self) -> bool:
        return self.settlement is None or self.settlement.outcome is Settled.REFUSED

    @property
    def reason(self) -> str:
        """Why it waits: what the last attempt said, else what the first did."""
        refused = self.settlement is not None and self.settlement.outcome is Settled.REFUSED
        return self.settlement.reason if self.settlement and refused else self.item.reason


class Quarantine:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, item: Quarantined, *, now: datetime) -> bool:
        """Set it aside; the same thing seen again is not set aside twice, nor opened again when it was settled."""
        raw, reason, origin = _held(dict(item.raw)), characters.storable(item.reason), characters.storable(item.origin)
        content = json.dumps([item.kind, origin, item.row, raw, reason], sort_keys=True, default=str)
        row = {
            "kind": item.kind,
            "origin": origin,
            "row": item.row,
            "raw": raw,
            "reason": reason,
            "context": _held(dict(item.context)),
            "digest": hashlib.sha256(content.encode()).hexdigest(),
            "quarantined_at": now,
        }
        return bool(statements.insert_new(self._session, QuarantineRow, [row], key=["digest"]))

    def list(
        self,
        *,
        kind: str | None = None,
        reason: str = "",
        waiting: bool = True,
        ids: Sequence[int] | None = None,
        limit: int | None = 1000,
        offset: int = 0,
    ) -> Sequence[SetAside]:
        """In order of id, from the oldest on; ``reason`` is a part of why it waits, in any case of letters."""
        chosen = _chosen(self._rows(), kind=kind, reason=reason, waiting=waiting, ids=ids)
        statement = chosen.order_by(QuarantineRow.id).limit(limit).offset(offset)
        return [_set_aside(row, settled) for row, settled in self._session.execute(statement)]

    def get(self, number: int) -> SetAside | None:
        found = self.list(ids=[number], waiting=False)
        return found[0] if found else None

    def count(self, *, kind: str | None = None, reason: str = "", waiting: bool = True) -> int:
        """How many wait, or with ``waiting=False`` how many there ever were."""
        chosen = _chosen(self._rows(), kind=kind, reason=reason, waiting=waiting, ids=None)
        return self._session.scalar(select(func.count()).select_from(chosen.subquery())) or 0

    def by_kind(self) -> dict[str, int]:
        """How many wait of each kind that there ever was."""
        waits = func.count().filter(_waits())
        statement = _joined(select(QuarantineRow.kind, waits)).group_by(QuarantineRow.kind)
        return dict(self._session.execute(statement.order_by(QuarantineRow.kind)).all())

    def settlements(self, number: int) -> Sequence[Settlement]:
        """All that became of a row, oldest first."""
        statement = select(QuarantineSettlementRow).where(QuarantineSettlementRow.quarantine_id == number)
        return [_settlement(row) for row in self._session.scalars(statement.order_by(QuarantineSettlementRow.id))]

    def settle(self, ids: Sequence[int], outcome: Settled, reason: str, by: str, now: datetime) -> int:
        """Say what becomes of those of the rows that wait, and how many were told anything new."""
        told = 0
        for chunk in statements.chunks(ids):
            for one in self.list(ids=chunk, limit=None):
                if one.settlement is None or (one.settlement.outcome, one.settlement.reason) != (outcome, reason):
                    self._session.add(
                        QuarantineSettlementRow(
                            quarantine_id=one.id, outcome=outcome.value, reason=reason, settled_by=by, settled_at=now
                        )
                    )
                    told += 1
        self._session.flush()
        return told

    def waiting_from(self, kind: str) -> dict[str, set[int]]:
        """The ids of what waits of a kind, by origin."""
        found: dict[str, set[int]] = {}
        statement = _joined(select(QuarantineRow.origin, QuarantineRow.id)).where(QuarantineRow.kind == kind, _waits())
        for origin, number in self._session.execute(statement):
            found.setdefault(origin, set()).add(number)
        return found

    def blank(self, coder: str) -> int:
        """Erase what the coder wrote in what was set aside of theirs; return how many rows held any."""
        mine = QuarantineRow.context["coder"].as_string() == coder
        rows = [row for row in self._session.scalars(select(QuarantineRow).where(mine)) if row.raw]
        for row in rows:
            row.raw = {}
        self._session.flush()
        return len(rows)

    @staticmethod
    def _rows() -> Select[Any]:
        return _joined(select(QuarantineRow, _newest))


_newest = aliased(QuarantineSettlementRow)


def _joined(statement: Any) -> Select[Any]:
    of_row = select(func.max(QuarantineSettlementRow.id)).where(
        QuarantineSettlementRow.quarantine_id == QuarantineRow.id
    )
    joined: Select[Any] = statement.select_from(QuarantineRow).join(
        _newest, _newest.id == of_row.correlate(QuarantineRow).scalar_subquery(), isouter=True
    )
    return joined


def _waits() -> Any:
    return or_(_newest.id.is_(None), _newest.outcome == Settled.REFUSED.value)


def _chosen(
    statement: Select[Any], *, kind: str | None, reason: str, waiting: bool, ids: Sequence[int] | None
) -> Select[Any]:
    if kind is not None:
        statement = statement.where(QuarantineRow.kind == kind)
    if reason:
        said = func.lower(case((_newest.outcome == Settled.REFUSED.value, _newest.reason), else_=QuarantineRow.reason))
        statement = statement.where(said.contains(characters.storable(reason).lower(), autoescape=True))
    if waiting:
        statement = statement.where(_waits())
    return statement if ids is None else statement.where(QuarantineRow.id.in_(ids))


def _set_aside(row: QuarantineRow, settled: QuarantineSettlementRow | None) -> SetAside:
    item = Quarantined(row.kind, row.origin, row.row, row.raw, row.reason, row.context or {})
    return SetAside(row.id, item, row.quarantined_at, _settlement(settled) if settled else None)


def _settlement(row: QuarantineSettlementRow) -> Settlement:
    return Settlement(Settled(row.outcome), row.reason, row.settled_by, row.settled_at)


def _held(value: dict[str, Any]) -> dict[str, Any]:
    """As both databases hold it, with long texts cut."""
    plain: dict[str, Any] = json.loads(
        json.dumps(characters.storable_document(value, longest=LONGEST), default=str, allow_nan=False)
    )
    return plain
