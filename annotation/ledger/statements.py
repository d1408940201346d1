"""Bulk statements for both dialects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from annotation.ledger.tables import Base

# An IN list of this length is accepted by every database.
CHUNK = 500

Key = TypeVar("Key")


def insert_new(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]) -> int:
    """Insert the rows whose ``key`` columns are not there yet and return how many were."""
    if not rows:
        return 0
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = build(table).on_conflict_do_nothing(index_elements=list(key)).returning(getattr(table, key[0]))
    return len(session.execute(statement, [dict(row) for row in rows]).all())


def insert_all(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), [dict(row) for row in rows])


def chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
