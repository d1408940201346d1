"""The whole ledger as it stood at one moment, row by row, with the catalog of the training set beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, inspect, select

from annotation.errors import ConflictError, NotFoundError
from annotation.ledger import plainrows, revisions
from annotation.ledger.plainrows import Plain, Shape
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger

AT_ONCE = 2000


class Picture:
    """One consistent view of all tables, parents before children; writers go on meanwhile and are not seen."""

    def __init__(self, connection: Connection, revision: str, shapes: tuple[Shape, ...]) -> None:
        self._connection = connection
        self.revision = revision
        self.shapes = shapes

    def count(self, shape: Shape) -> int:
        return self._connection.scalar(select(func.count()).select_from(shape.table)) or 0

    def batches(self, shape: Shape) -> Iterator[list[list[Plain]]]:
        """The table's rows in the order of its columns, so many at a time."""
        kinds = [column.kind for column in shape.columns]
        statement = select(shape.table).execution_options(yield_per=AT_ONCE)
        with self._connection.execute(statement) as found:
            for rows in found.partitions():
                yield [[plainrows.plain(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows]


@contextmanager
def picture(ledger: Ledger) -> Iterator[Picture]:
    """The ledger at whatever revision this program knows; it is not migrated.

    Raises NotFoundError where there is no ledger, ConflictError while it is being migrated.
    """
    with ledger.connected(writes=False) as connection:
        names = _names(connection)
    with ledger.connected(writes=False) as connection:
        if connection.dialect.name == "postgresql" and names:
            # Before anything is read: a lock taken later would let a migration change what the view still has to read.
            quote = connection.dialect.identifier_preparer.quote
            connection.exec_driver_sql(f"LOCK TABLE {', '.join(map(quote, names))} IN ACCESS SHARE MODE")
        revision = revisions.current(connection, address=ledger.address)
        if revision is None:
            raise NotFoundError(f"There is no ledger at {ledger.address}.", cure="Check ledger.url and --home.")
        revisions.require_known(revision, address=ledger.address)
        if _names(connection) != names:
            raise ConflictError(f"The ledger at {ledger.address} is being migrated.", cure="Run the command again.")
        inspector = inspect(connection)
        yield Picture(connection, revision, tuple(plainrows.shape(inspector, name) for name in names))


def _names(connection: Connection) -> list[str]:
    """The tables of ours that are there, parents before children, then those of the catalog."""
    there = set(inspect(connection).get_table_names())
    ours = [table.name for table in Base.metadata.sorted_tables]
    return [name for name in [*ours, *sorted(revisions.CATALOG)] if name in there]
