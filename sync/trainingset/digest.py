"""A hash of what a training set says, the same however its rows are ordered, chunked, stored or versioned.

It is a hash of the rows as a set, which is brought up to date by the rows that left and those that came (the
incremental hashing of Bellare and Micciancio, 1997): 256 bits, in four lanes that are sums modulo 2**64.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import formerdigest, schema

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LANES: Final = 4
# Fewer at once do not keep all cores busy.
ROWS_AT_ONCE: Final = 250_000
_MODULUS: Final = 2**64
_HEX: Final = 16


class Digest:
    """Grows with the rows added to it; a row may be taken away again."""

    def __init__(self, start: str = "0" * LANES * _HEX) -> None:
        self._lanes = [int(start[_HEX * lane : _HEX * (lane + 1)], 16) for lane in range(LANES)]
        self._connection: DuckDBPyConnection | None = None
        self._waiting: list[pa.Table] = []

    def add(self, rows: pa.Table) -> None:
        self._waiting.append(schema.typed(rows))
        if sum(table.num_rows for table in self._waiting) >= ROWS_AT_ONCE:
            self._take_in()

    def remove(self, rows: pa.Table) -> None:
        self._shift(rows, -1)

    def hex(self) -> str:
        """64 hexadecimal digits; zeros for no rows."""
        self._take_in()
        return "".join(f"{lane:016x}" for lane in self._lanes)

    def _take_in(self) -> None:
        if self._waiting:
            rows, self._waiting = pa.concat_tables(self._waiting), []
            self._shift(rows, 1)

    def _shift(self, rows: pa.Table, sign: int) -> None:
        if rows.num_rows:
            self._lanes = [
                (lane + sign * more) % _MODULUS for lane, more in zip(self._lanes, self._sums(rows), strict=True)
            ]

    def _sums(self, rows: pa.Table) -> tuple[int, ...]:
        if self._connection is None:
            self._connection = _database(os.getpid()).cursor()
        self._connection.register("serialisable", _serialisable(rows))
        (sums,) = self._connection.execute(_SUMS).fetchall()
        self._connection.unregister("serialisable")
        return tuple(int(one) for one in sums)


@cache
def _database(_process: int) -> DuckDBPyConnection:
    """One for a process, as opening one takes as long as the digest of 10,000 rows."""
    import duckdb

    return duckdb.connect(":memory:")


def digest(rows: pa.Table | Iterable[pa.Table], *, form: int = schema.FORM) -> str:
    """The digest over the columns of ``schema.CONTENT``, in any order of rows; each text is among them once.

    ``added_in`` and the stored form's columns tell how the rows came here, not what they say, and are left out: a
    version that is rebuilt or rolled back to has the digest of the original. Each row is written as one netstring
    (Bernstein, 1997) per column, in the order of the schema: the length in bytes in decimal, a colon, the value in
    UTF-8, a comma; whole numbers in decimal, a weight as the decimal of the whole number that its 64 bits make
    (0.0 for -0.0), null as a colon and a comma without a length. The SHA-256 of a row is read as four big-endian
    numbers of 64 bits, one for each lane.
    """
    tables = [rows] if isinstance(rows, pa.Table) else rows
    if form == schema.FORMER:
        return formerdigest.digest(pa.concat_tables(tables))
    found = Digest()
    for table in tables:
        found.add(table)
    return found.hex()


def _serialisable(rows: pa.Table) -> pa.Table:
    table = schema.typed(rows)
    # 0.0 and -0.0 are equal and must not give two digests.
    weight = pc.add(table["weight"], 0.0).combine_chunks().view(pa.int64())
    return table.set_column(schema.CONTENT.get_field_index("weight"), "weight", weight)


def _netstring(field: pa.Field) -> str:
    """``concat`` leaves nulls out, so that a null has no length."""
    value = field.name if pa.types.is_string(field.type) else f"{field.name}::VARCHAR"
    return f"strlen({value}), ':', {value}, ','"


_ROW: Final = f"concat({', '.join(_netstring(field) for field in schema.CONTENT)})"
_LANES: Final = ", ".join(
    f"sum(('0x' || substr(hash, {1 + _HEX * lane}, {_HEX}))::UBIGINT)::VARCHAR" for lane in range(LANES)
)
_SUMS: Final = f"SELECT {_LANES} FROM (SELECT sha256({_ROW}) AS hash FROM serialisable)"  # noqa: S608 - constants
