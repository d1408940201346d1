"""What versions changed, from what they stored; where that is gone, from their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
from pyiceberg.table import Table

from sync.storage import Storage
from sync.trainingset import aligning, comparison, lineage, netting, schema
from sync.trainingset.comparison import Comparison
from sync.trainingset.contents import Contents
from sync.trainingset.version import Version

MOST_IN_MEMORY: Final = 2_000_000


class Tracing:
    """Of one state of the table."""

    def __init__(self, table: Table, storage: Storage) -> None:
        self._table = table
        self._storage = storage

    def own(self, found: Version) -> pa.Table:
        """What the version stored against its parent, as ``schema.CHANGE``, sorted by text key."""
        if found.base != found.sequence:
            return self._contents(found).stored(after=found.sequence - 1)
        parent = self._parent(found)
        if parent is None and found.parent is not None:
            return schema.CHANGE.empty_table()
        found_changes = (one.stored(tag=found.tag, sequence=found.sequence) for one in self._compared(parent, found))
        return pa.concat_tables([schema.CHANGE.empty_table(), *found_changes])

    def history(self, found: Version, text_key: str) -> pa.Table:
        """What the version and its ancestors stored of one text, as ``schema.CHANGE``, oldest first.

        Where ancestors were collected, it begins with the text as the oldest base knows it.
        """
        line = list(lineage.line(self._table, found))
        there = {one.sequence for one in line}
        parts, seen = [schema.CHANGE.empty_table()], found.sequence + 1
        for one in line:
            if one.sequence >= seen:
                continue
            parts.append(self._stored_of(one, text_key))
            if one.base not in (0, one.sequence) and one.base not in there:
                parts.append(self._contents(one).based(text_key))
            # Everything since the base lies with the version; before it, with the ancestor whose content it holds.
            seen = one.sequence if one.base == one.sequence else one.base + 1
        return pa.concat_tables(parts).sort_by("sequence")

    def differences(self, old: Version, new: Version) -> Iterator[pa.RecordBatch]:
        """As ``schema.DIFFERENCE``, sorted by text key."""
        stored = self.stored(old, new)
        if stored is not None:
            yield from stored.to_batches()
            return
        for found in self._compared(old, new):
            yield from found.differences().to_batches()

    def way_back(self, current: Version, wanted: Version) -> Comparison | None:
        """What makes the rows of ``current`` those of ``wanted``; None where stored changes do not tell all of it.

        That is so where an amendment did not say which version a row was from.
        """
        if current.form != wanted.form:
            return None
        stored = self.stored(current, wanted)
        change = None if stored is None else Comparison.of(stored)
        if change is None or change.added["added_in"].null_count or change.changed["added_in"].null_count:
            return None
        return change

    def stored(self, old: Version, new: Version) -> pa.Table | None:
        """The same from stored changes alone; None where they do not tell."""
        between = self._between(old, new)
        return None if between is None else netting.differences(*between)

    def _between(self, old: Version, new: Version) -> tuple[pa.Table, pa.Table] | None:
        """What is stored from the last common ancestor to either; None where it is not, or too much."""
        ours = list(lineage.line(self._table, old))
        known = {one.snapshot_id for one in ours}
        theirs = list(lineage.line(self._table, new))
        common = next((one for one in theirs if one.snapshot_id in known), None)
        if common is None:
            return None
        series = [[one for one in line if one.sequence > common.sequence] for line in (ours, theirs)]
        moved = sum(one.added + one.removed + one.changed for line in series for one in line)
        if moved > min(MOST_IN_MEMORY, old.rows + new.rows):
            return None
        back, forth = (self._since(line, common.sequence) for line in series)
        return None if back is None or forth is None else (back, forth)

    def _since(self, line: list[Version], sequence: int) -> pa.Table | None:
        """``line`` from the last version back to the first behind ``sequence``."""
        parts, seen = [schema.CHANGE.empty_table()], line[0].sequence + 1 if line else 0
        for one in line:
            if one.sequence >= seen:
                continue
            if one.base in (0, one.sequence):
                return None
            parts.append(self._contents(one).stored(after=max(sequence, one.base)))
            seen = one.base + 1
        return pa.concat_tables(parts)

    def _compared(self, old: Version | None, new: Version) -> Iterator[Comparison]:
        before = iter(()) if old is None else self._contents(old).tables()
        for a, b in aligning.aligned(before, self._contents(new).tables()):
            found = comparison.between(
                schema.ROW.empty_table() if a is None else a, schema.ROW.empty_table() if b is None else b
            )
            if found.rows:
                yield found

    def _stored_of(self, one: Version, text_key: str) -> pa.Table:
        if one.base != one.sequence:
            return self._contents(one).stored(text_key=text_key)
        parent = self._parent(one)
        old = schema.ROW.empty_table() if parent is None else self._contents(parent).where("text_key", [text_key])
        new = self._contents(one).where("text_key", [text_key])
        return comparison.between(old, new).stored(tag=one.tag, sequence=one.sequence)

    def _parent(self, found: Version) -> Version | None:
        line = lineage.line(self._table, found)
        next(line)
        return next(line, None)

    def _contents(self, found: Version) -> Contents:
        return Contents.of(self._table, self._storage, found)
