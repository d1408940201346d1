"""What turns the rows of one version into those of another; pure, for rows of one range of text keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import schema

_ROW = pa.schema([schema.DIFFERENCE.field(name) for name in schema.ROW.names])
_COMPARED = tuple(name for name in schema.CONTENT.names if name != "text_key")


@dataclass(frozen=True, slots=True)
class Comparison:
    """All sorted by text key; ``changed`` and ``former`` are the two states of the same texts."""

    added: pa.Table
    removed: pa.Table
    changed: pa.Table
    former: pa.Table

    @property
    def rows(self) -> int:
        return int(self.added.num_rows + self.removed.num_rows + self.changed.num_rows)

    @classmethod
    def of(cls, differences: pa.Table) -> Self:
        """From ``schema.DIFFERENCE``."""
        rows = {kind: differences.filter(pc.equal(differences["kind"], kind)) for kind in schema.KINDS}
        added, changed = (rows[kind].select(schema.ROW.names) for kind in (schema.ADDED, schema.CHANGED))
        return cls(added, _formerly(rows[schema.REMOVED]), changed, _formerly(rows[schema.CHANGED]))

    def stored(self, *, tag: str, sequence: int) -> pa.Table:
        """As ``schema.CHANGE``, for the version ``tag``; a row that brings an ``added_in`` of its own keeps it."""
        parts = [
            _change(self.added, None, schema.UPSERT, tag),
            _change(self.changed, self.former, schema.UPSERT, tag),
            _change(self.removed.drop_columns(["added_in"]), self.removed, schema.REMOVE, tag),
        ]
        table = pa.concat_tables(parts).sort_by("text_key")
        at = schema.CHANGE.get_field_index("sequence")
        return table.add_column(at, "sequence", _constant(sequence, table.num_rows)).cast(schema.CHANGE)

    def differences(self) -> pa.Table:
        """As ``schema.DIFFERENCE``."""
        parts = [
            _difference(self.added, None, schema.ADDED),
            _difference(self.changed, self.former, schema.CHANGED),
            _difference(_without_origin(self.removed), self.removed, schema.REMOVED),
        ]
        return pa.concat_tables(parts).sort_by("text_key")


def between(old: pa.Table, new: pa.Table) -> Comparison:
    """From ``old`` (``schema.ROW``) to ``new`` (at least ``schema.CONTENT``), both sorted by their unique text key.

    A ``words_key`` that the old row lacks, since it is of the former form, is no difference.
    """
    added, removed = new.slice(0, 0), old.slice(0, 0)
    if not (old.num_rows and new.num_rows):
        return Comparison(new, old, added, removed)
    if not old["text_key"].equals(new["text_key"]):
        # Chunks of one range of keys: hashing them is quicker than a search for each.
        here, there = _within(new, old), _within(old, new)
        added, removed = new.filter(pc.invert(here)), old.filter(pc.invert(there))
        old, new = old.filter(there), new.filter(here)
    differs = differing(old, new, _COMPARED)
    if differs is None:
        return Comparison(added, removed, new.slice(0, 0), old.slice(0, 0))
    return Comparison(added, removed, new.filter(differs), old.filter(differs))


def differing(old: pa.Table, new: pa.Table, names: Sequence[str]) -> Any:
    """A mask of the rows in which one of the columns differs, or None for no row; both have the same texts."""
    mask = None
    for name in names:
        a, b = old[name], new[name]
        if a.equals(b):
            continue
        one_null = pc.xor(pc.is_null(a), pc.is_null(b))
        unequal = pc.coalesce(pc.not_equal(a, b), one_null)
        if name == "words_key":
            unequal = pc.and_(unequal, pc.is_valid(a))
        mask = unequal if mask is None else pc.or_(mask, unequal)
    return mask


def stamped(old: pa.Table, new: pa.Table, found: Comparison, tag: str) -> pa.Table:
    """``new`` as ``schema.ROW``: a row that is as in ``old`` keeps its ``added_in``."""
    if "added_in" in new.column_names:
        return new.select(schema.ROW.names)
    if not old.num_rows:
        return new.append_column("added_in", _constant(tag, new.num_rows)).cast(schema.ROW)
    fresh = pc.is_in(
        new["text_key"], pa.concat_tables([found.added, found.changed])["text_key"].combine_chunks()
    ).combine_chunks()
    position = pc.index_in(new["text_key"], old["text_key"].combine_chunks())
    kept = old["added_in"].combine_chunks().take(position.combine_chunks())
    return new.append_column("added_in", pc.if_else(fresh, tag, kept)).cast(schema.ROW)


def _within(rows: pa.Table, others: pa.Table) -> Any:
    return pc.is_in(rows["text_key"], others["text_key"].combine_chunks())


def _change(rows: pa.Table, former: pa.Table | None, change: str, tag: str) -> pa.Table:
    if "added_in" not in rows.column_names:
        rows = rows.append_column("added_in", _constant(tag, rows.num_rows))
    table = rows.select(schema.ROW.names).cast(schema.ROW).append_column("change", _constant(change, rows.num_rows))
    return _with_former(table, former)


def _difference(rows: pa.Table, former: pa.Table | None, kind: str) -> pa.Table:
    if "added_in" not in rows.column_names:
        rows = rows.append_column("added_in", pa.nulls(rows.num_rows, pa.string()))
    table = rows.select(schema.ROW.names).cast(_ROW).append_column("kind", _constant(kind, rows.num_rows))
    return _with_former(table, former).cast(schema.DIFFERENCE)


def _formerly(rows: pa.Table) -> pa.Table:
    """The texts of ``schema.DIFFERENCE`` as they were in the old version, as ``schema.ROW``."""
    names = [name if f"{name}_before" not in rows.column_names else f"{name}_before" for name in schema.ROW.names]
    return rows.select(names).rename_columns(schema.ROW.names)


def _without_origin(rows: pa.Table) -> pa.Table:
    return rows.drop_columns(["added_in"]) if "added_in" in rows.column_names else rows


def _with_former(table: pa.Table, former: pa.Table | None) -> pa.Table:
    for field in schema.BEFORE:
        name = field.name.removesuffix("_before")
        known = former is not None and name in former.column_names
        values = former[name] if known and former is not None else pa.nulls(table.num_rows, field.type)
        table = table.append_column(field.name, values)
    return table


def _constant(value: str | int, rows: int) -> Any:
    return pa.repeat(value, rows).cast(pa.string() if isinstance(value, str) else pa.int64())
