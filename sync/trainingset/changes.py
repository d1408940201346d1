"""From versions to stored changes and back: only what differs is appended, and the latest row of a text holds."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import difference, schema


@dataclass(frozen=True, slots=True)
class Changes:
    """``table`` has the columns of ``schema.CHANGE``."""

    table: pa.Table
    added: int
    removed: int
    changed: int


def between(parent: pa.Table, wanted: pa.Table, *, tag: str, sequence: int) -> Changes:
    """What must be appended to the resolved ``parent`` for it to read as ``wanted``.

    A row of ``wanted`` is new in ``tag`` unless it brings an ``added_in`` of its own (as when a former version is
    restored). A removal repeats the last state of the row.
    """
    found = difference.diff(parent, wanted)
    new = _with_added_in(pa.concat_tables([found.added, found.changed]), wanted, tag)
    gone = _with_added_in(found.removed, parent, tag)
    stored = pa.concat_tables([_stored(new, schema.UPSERT, sequence), _stored(gone, schema.REMOVE, sequence)])
    return Changes(stored.sort_by("text_key"), found.added.num_rows, found.removed.num_rows, found.changed.num_rows)


def resolve(stored: pa.Table) -> pa.Table:
    """The rows that hold, as ``schema.ROW``, sorted by text key."""
    table = stored.select(schema.CHANGE.names).sort_by([("text_key", "ascending"), ("sequence", "descending")])
    table = table.combine_chunks()
    if table.num_rows == 0:
        return schema.empty()
    keys = table["text_key"].combine_chunks()
    latest = pa.concat_arrays([pa.array([True]), pc.not_equal(keys[1:], keys[:-1])])
    holds = pc.and_(latest, pc.equal(table["change"], schema.UPSERT))
    return table.filter(holds).select(schema.ROW.names).cast(schema.ROW)


def _with_added_in(rows: pa.Table, origin: pa.Table, tag: str) -> pa.Table:
    if "added_in" not in origin.column_names:
        return rows.append_column("added_in", pa.repeat(tag, rows.num_rows))
    position = pc.index_in(rows["text_key"], origin["text_key"].combine_chunks())
    return rows.append_column("added_in", origin["added_in"].take(position))


def _stored(rows: pa.Table, change: str, sequence: int) -> pa.Table:
    table = rows.append_column("change", pa.repeat(change, rows.num_rows))
    table = table.append_column("sequence", pa.repeat(sequence, rows.num_rows).cast(pa.int64()))
    for field in schema.BEFORE:
        table = table.append_column(field, pa.nulls(rows.num_rows, field.type))
    return table.cast(schema.CHANGE)
