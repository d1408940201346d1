"""Bulk statements for both dialects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnClause, ColumnElement, insert, literal_column
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


def insert_or_move(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    where: ColumnElement[bool],
    also: Mapping[str, Any],
) -> int:
    """Insert the rows; of those there already, rewrite the ones ``where`` holds for, with ``also`` on top.

    Returns how many were inserted or rewritten. ``where`` may compare with the new row as ``excluded(name)``.
    """
    if not rows:
        return 0
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    changed = {name: excluded(name) for name in rows[0] if name not in key} | dict(also)
    statement = build(table).on_conflict_do_update(index_elements=list(key), set_=changed, where=where)
    return len(session.execute(statement.returning(getattr(table, key[0])), [dict(row) for row in rows]).all())


def excluded(name: str) -> ColumnClause[Any]:
    """The column of the row that was to be inserted."""
    return literal_column(f"excluded.{name}")


def insert_all(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), [dict(row) for row in rows])


def chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
