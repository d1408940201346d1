"""A ledger made again from the rows of another, in one transaction: all of it is there, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, func, insert, inspect, select, text
from sqlalchemy.exc import DataError, IntegrityError

from annotation.errors import InvalidInputError
from annotation.ledger import plainrows, revisions
from annotation.ledger.plainrows import Plain, Shape
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger

Batches = Callable[[Shape], Iterable[list[list[Plain]]]]


def require_empty(ledger: Ledger) -> None:
    """Raises InvalidInputError, which says what is there, for a database with rows or with somebody else's tables."""
    with ledger.connected(writes=False) as connection:
        _require_empty(connection, ledger.address)


def load(
    ledger: Ledger,
    *,
    revision: str,
    shapes: Sequence[Shape],
    batches: Batches,
    on_rows: Callable[[int], None] = lambda _rows: None,
) -> Mapping[str, int]:
    """Make the tables of ``revision``, fill them, bring them to this program's revision; gives the rows of each table.

    ``shapes`` stand parents before children. ``on_rows`` is told how many rows came in. Raises InvalidInputError for a
    place that is not empty, and for a value that this database cannot hold; nothing is left there then.
    """
    with ledger.connected(writes=True) as connection:
        _require_empty(connection, ledger.address)
        _clear(connection)
        revisions.upgrade(connection, revision, address=ledger.address)
        there = set(inspect(connection).get_table_names())
        counts = {}
        for shape in shapes:
            if shape.name not in there:
                shape.table.create(connection)
            counts[shape.name] = _fill(connection, shape, batches(shape), on_rows)
        revisions.upgrade(connection, address=ledger.address)
        return counts


def _require_empty(connection: Connection, address: str) -> None:
    revisions.current(connection, address=address)
    filled = {}
    for name in sorted(_ours(connection)):
        table = MetaData()
        table.reflect(connection, only=[name], resolve_fks=False)
        rows = connection.scalar(select(func.count()).select_from(table.tables[name])) or 0
        if rows:
            filled[name] = rows
    if filled:
        shown = ", ".join(f"{name} ({rows})" for name, rows in filled.items())
        raise InvalidInputError(
            f"{address} is not empty. It holds rows of {shown}.",
            cure="Restore into another place: name an empty database in ledger.url, or another --home.",
        )


def _ours(connection: Connection) -> set[str]:
    known = {table.name for table in Base.metadata.sorted_tables} | revisions.CATALOG
    return known & set(inspect(connection).get_table_names())


def _clear(connection: Connection) -> None:
    """Take away the empty tables of whatever revision."""
    there = _ours(connection)
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in there:
            table.drop(connection)
    for name in sorted(there & revisions.CATALOG):
        connection.execute(text(f"DROP TABLE {name}"))
    connection.execute(text(f"DROP TABLE IF EXISTS {revisions.BOOKKEEPING}"))


def _fill(
    connection: Connection, shape: Shape, batches: Iterable[list[list[Plain]]], on_rows: Callable[[int], None]
) -> int:
    statement, done = insert(shape.table), 0
    for rows in batches:
        try:
            connection.execute(statement, [_native(row, shape) for row in rows])
        except (DataError, IntegrityError, ValueError) as error:
            reason = str(getattr(error, "orig", error)).partition("\n")[0]
            raise InvalidInputError(
                f"This database cannot hold a row of {shape.name}, one of the rows {done + 1} to {done + len(rows)}: "
                f"{reason}.",
                cure="Restore into a database of the kind that the backup came from.",
            ) from error
        done += len(rows)
        on_rows(len(rows))
    if connection.dialect.name == "postgresql":
        _go_on_counting(connection, shape)
    return done


def _native(row: list[Plain], shape: Shape) -> dict[str, Any]:
    return {column.name: plainrows.native(value, column.kind) for column, value in zip(shape.columns, row, strict=True)}


def _go_on_counting(connection: Connection, shape: Shape) -> None:
    """Rows to come must not get the ids that the restored ones brought."""
    quote = connection.dialect.identifier_preparer.quote
    for column in shape.columns:
        if column.kind is plainrows.Kind.INTEGER and column.name in shape.key:
            table, name = quote(shape.name), quote(column.name)
            highest = f"(SELECT max({name}) FROM {table})"  # noqa: S608 - names of our own tables
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence(:table, :name), {highest})"),
                {"table": table, "name": column.name},
            )
