"""The rows of a version, whatever the form of its files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import EqualTo
from pyiceberg.table import ALWAYS_TRUE, Table

from sync.storage import Storage
from sync.trainingset import layout, lineage, merging, scanning, schema
from sync.trainingset.layout import Layout
from sync.trainingset.version import Version

_CHANGED: Final = ("text_key", "change", "sequence")


@dataclass(frozen=True, slots=True)
class Contents:
    """One version, opened for reading."""

    table: Table
    storage: Storage
    version: Version
    layout: Layout

    @classmethod
    def of(cls, table: Table, storage: Storage, version: Version) -> Self:
        return cls(table, storage, version, layout.of(lineage.snapshot_of(table, version), table.io))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """``schema.ROW``, or these columns of it, sorted by text key, in flat memory but for the changed rows."""
        wanted = list(columns or schema.ROW.names)
        if self.layout.former:
            yield from self._former().select(wanted).to_batches()
            return
        changes = merging.latest(self._changes(wanted))
        if not changes.num_rows:
            yield from scanning.batches(self.storage, self.layout.base, wanted)
            return
        base = scanning.batches(self.storage, self.layout.base, _with_key(wanted))
        yield from merging.merged(base, changes, wanted)

    def tables(self) -> Iterator[pa.Table]:
        """All rows as tables that are not empty."""
        return (pa.Table.from_batches([batch]) for batch in self.batches() if batch.num_rows)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        wanted = list(columns or schema.ROW.names)
        if self.layout.former or self.layout.changes:
            return pa.Table.from_batches(self.batches(wanted), schema=_row(wanted)).cast(_row(wanted))
        return scanning.table(self.storage, self.layout.base, wanted).cast(_row(wanted))

    def where(self, column: str, values: Collection[Any], *, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows whose column has one of the values, sorted by text key; ``columns`` has ``text_key``."""
        wanted = list(columns or schema.ROW.names)
        if self.layout.former:
            rows = self._former()
            among = pc.is_in(rows[column], pa.array(list(values), schema.ROW.field(column).type))
            return rows.filter(among).select(wanted)
        condition = scanning.among(column, values)
        found = scanning.table(self.storage, self.layout.base, wanted, where=condition)
        changes = merging.latest(self._changes(sorted({*wanted, column})))
        kept = found.filter(pc.invert(pc.is_in(found["text_key"], changes["text_key"].combine_chunks())))
        coming = changes.filter((pc.field("change") == schema.UPSERT) & condition).select(wanted)
        return pa.concat_tables([kept, coming]).sort_by("text_key").cast(_row(wanted))

    def stored(self, *, after: int = 0, text_key: str | None = None) -> pa.Table:
        """``schema.CHANGE`` rows of change files with a sequence behind ``after``, of one text or of all."""
        if self.layout.former:
            return self._former_stored(text_key).filter(pc.field("sequence") > after)
        where = pc.field("sequence") > after
        if text_key is not None:
            where &= pc.field("text_key") == text_key
        found = scanning.table(self.storage, self.layout.changes, schema.CHANGE.names, where=where)
        return found.sort_by([("text_key", "ascending"), ("sequence", "ascending")])

    def based(self, text_key: str) -> pa.Table:
        """The text's row in the base files, as ``schema.CHANGE``."""
        where = pc.field("text_key") == text_key
        return scanning.table(self.storage, self.layout.base, schema.CHANGE.names, where=where)

    def _changes(self, columns: Sequence[str]) -> pa.Table:
        names = [*columns, *(name for name in _CHANGED if name not in columns)]
        return scanning.table(self.storage, self.layout.changes, names)

    def _former(self) -> pa.Table:
        return merging.holding(self._former_stored(None)).select(schema.ROW.names).cast(schema.ROW)

    def _former_stored(self, text_key: str | None) -> pa.Table:
        """Through Iceberg, which gives the columns of the table as it was then."""
        where = ALWAYS_TRUE if text_key is None else EqualTo(term="text_key", value=text_key)
        scan = self.table.scan(row_filter=where, snapshot_id=self.version.snapshot_id)
        return _completed(scan.to_arrow()).sort_by([("text_key", "ascending"), ("sequence", "ascending")])


def _completed(stored: pa.Table) -> pa.Table:
    for field in schema.CHANGE:
        if field.name not in stored.column_names:
            stored = stored.append_column(field.name, pa.nulls(stored.num_rows, field.type))
    return stored.select(schema.CHANGE.names).cast(schema.CHANGE)


def _with_key(columns: Sequence[str]) -> list[str]:
    return [*columns, *(["text_key"] if "text_key" not in columns else [])]


def _row(columns: Sequence[str]) -> pa.Schema:
    return pa.schema([schema.ROW.field(name) for name in columns])
