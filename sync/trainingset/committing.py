"""What a new version stores against its parent.

Only what differs is stored, unless that is so much that the whole content is written anew; then the version has base
files of its own and no changes. When the changes since the last base files get too many, those of the parent's content
are written anew and the version's own changes are laid over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from sync.storage import Storage
from sync.trainingset import aligning, comparison, layout, merging, scanning, schema
from sync.trainingset.contents import Contents
from sync.trainingset.datafiles import Writer
from sync.trainingset.digest import Digest
from sync.trainingset.layout import StoredFile
from sync.trainingset.publishing import Draft
from sync.trainingset.version import Version


@dataclass(frozen=True, slots=True)
class Place:
    """Where a commit's files go; ``commit`` is a part of their names that no other commit has."""

    table: Table
    storage: Storage
    commit: str

    def writer(self, kind: str) -> Writer:
        return Writer(self.table, self.storage, kind=kind, commit=self.commit)


def whole(place: Place, *, rows: Iterable[pa.Table], parent: Contents | None, draft: Version) -> Draft:
    """``rows`` is the whole content, as ``schema.ascending`` gives it; a digest in the draft is believed."""
    with ExitStack() as stack:
        return _Whole(place, parent, draft, stack).stored(rows)


def amendment(place: Place, *, change: comparison.Comparison, parent: Contents, draft: Version) -> Draft:
    """``change`` is all that differs from the parent."""
    complete = replace(
        draft, added=change.added.num_rows, removed=change.removed.num_rows, changed=change.changed.num_rows
    )
    own = change.stored(tag=draft.tag, sequence=draft.sequence)
    if own.num_rows <= layout.bearable(parent.version.rows) and not parent.layout.former:
        return _over_parent(place, own, parent, complete)
    with place.writer("base") as writer:
        for batch in merging.merged(parent.batches(), merging.latest(own), schema.ROW.names):
            writer.add(_based(pa.Table.from_batches([batch]), draft.sequence))
        return _anew(writer.finish(), parent, complete)


class _Whole:
    """Keeps the changes in memory until they are too many, then writes base files from there on."""

    def __init__(self, place: Place, parent: Contents | None, draft: Version, stack: ExitStack) -> None:
        self._place = place
        self._parent = parent
        self._draft = draft
        self._stack = stack
        self._own: list[pa.Table] = []
        self._writer: Writer | None = None
        self._most = 0 if parent is None or parent.layout.former else layout.bearable(parent.version.rows)
        if self._most == 0:
            self._writer = stack.enter_context(place.writer("base"))

    def stored(self, rows: Iterable[pa.Table]) -> Draft:
        digest, counts = Digest(), [0, 0, 0, 0]
        former = iter(()) if self._parent is None else self._parent.tables()
        for old, new in aligning.aligned(former, iter(rows)):
            old, new = _filled(old, schema.ROW), _filled(new, schema.CONTENT)
            found = comparison.between(old, new)
            if not self._draft.digest:
                digest.add(new)
            sizes = (new.num_rows, found.added.num_rows, found.removed.num_rows, found.changed.num_rows)
            counts = [count + size for count, size in zip(counts, sizes, strict=True)]
            self._take(old, new, found)
        total, added, removed, changed = counts
        complete = replace(
            self._draft,
            rows=total,
            digest=self._draft.digest or digest.hex(),
            added=added,
            removed=removed,
            changed=changed,
        )
        if self._writer is not None or self._parent is None:
            files = [] if self._writer is None else self._writer.finish()
            return _anew(files, self._parent, complete)
        own = pa.concat_tables([schema.CHANGE.empty_table(), *self._own])
        return _over_parent(self._place, own, self._parent, complete)

    def _take(self, old: pa.Table, new: pa.Table, found: comparison.Comparison) -> None:
        tag, sequence = self._draft.tag, self._draft.sequence
        if self._writer is None and found.rows:
            self._own.append(found.stored(tag=tag, sequence=sequence))
            if self._parent is not None and sum(table.num_rows for table in self._own) > self._most:
                self._write_anew(
                    self._parent, max(table["text_key"][-1].as_py() for table in (old, new) if table.num_rows)
                )
        elif self._writer is not None:
            self._writer.add(_based(comparison.stamped(old, new, found, tag), sequence))

    def _write_anew(self, parent: Contents, last: str) -> None:
        """Base files up to this key, from the parent's rows and the changes so far."""
        self._writer = self._stack.enter_context(self._place.writer("base"))
        own = merging.latest(pa.concat_tables(self._own))
        self._own = []
        before = (batch for table in aligning.until(parent.tables(), last) for batch in table.to_batches())
        for batch in merging.merged(before, own, schema.ROW.names):
            self._writer.add(_based(pa.Table.from_batches([batch]), self._draft.sequence))


def _over_parent(place: Place, own: pa.Table, parent: Contents, draft: Version) -> Draft:
    """The parent's files and the version's own changes, merged or laid over a new base where they get many."""
    if parent.layout.changed_rows + own.num_rows > layout.bearable(draft.rows):
        with place.writer("base") as base, place.writer("changes") as changes:
            for rows in parent.tables():
                base.add(_based(rows, parent.version.sequence))
            changes.add(own)
            coming = [*base.finish(), *changes.finish()]
        return _draft(replace(draft, base=parent.version.sequence), parent, coming, parent.layout.files)
    small = layout.to_merge(parent.layout.changes, own.num_rows) if own.num_rows else []
    with place.writer("changes") as changes:
        stored = scanning.table(place.storage, small, schema.CHANGE.names)
        changes.add(pa.concat_tables([stored, own]).sort_by([("text_key", "ascending"), ("sequence", "ascending")]))
        return _draft(replace(draft, base=parent.version.base), parent, changes.finish(), small)


def _anew(coming: Sequence[DataFile], parent: Contents | None, draft: Version) -> Draft:
    gone = () if parent is None else parent.layout.files
    return _draft(replace(draft, base=draft.sequence), parent, coming, gone)


def _draft(made: Version, parent: Contents | None, coming: Sequence[DataFile], gone: Sequence[StoredFile]) -> Draft:
    return Draft(made, None if parent is None else parent.version, coming, tuple(file.data_file for file in gone))


def _based(rows: pa.Table, sequence: int) -> pa.Table:
    """``schema.ROW`` as it is stored in a base."""
    table = rows.append_column("change", pa.repeat(schema.UPSERT, rows.num_rows))
    table = table.append_column("sequence", pa.repeat(sequence, rows.num_rows))
    for field in schema.BEFORE:
        table = table.append_column(field, pa.nulls(rows.num_rows, field.type))
    return table.cast(schema.CHANGE)


def _filled(rows: pa.Table | None, columns: pa.Schema) -> pa.Table:
    return columns.empty_table() if rows is None else rows
