"""Versions of a training set in an Iceberg table on object storage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pyarrow as pa
from pyiceberg.table import Table

from annotation.errors import ConflictError, InvalidInputError, NotFoundError
from sync.storage import Storage
from sync.trainingset import (
    collection,
    committing,
    comparison,
    datafiles,
    difference,
    lineage,
    publishing,
    schema,
    verification,
    version,
)
from sync.trainingset import digest as digests
from sync.trainingset.catalog import Catalog
from sync.trainingset.collection import Collected
from sync.trainingset.committing import Place
from sync.trainingset.contents import Contents
from sync.trainingset.difference import Diff
from sync.trainingset.digest import Digest
from sync.trainingset.publishing import Draft
from sync.trainingset.tracing import Tracing
from sync.trainingset.verification import Verification
from sync.trainingset.version import Version


class TrainingSetStore:
    """Safe to use from several processes; one instance serves one thread.

    ``catalog_uri`` is a SQLAlchemy URL (SQLite or PostgreSQL). Without a table yet there are no versions, and
    reading creates none. Use as a context manager, or call ``close``.
    """

    def __init__(self, *, catalog_uri: str, storage: Storage, name: str) -> None:
        self._storage = storage
        self._catalog = Catalog(uri=catalog_uri, storage=storage, name=name)

    def __enter__(self) -> TrainingSetStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._catalog.close()

    def commit(
        self,
        *,
        rows: pa.Table | Iterable[pa.RecordBatch],
        tag: str,
        parent: str | None,
        properties: Mapping[str, str] | None = None,
    ) -> Version:
        """The version ``tag``, with exactly ``rows`` as its content; batches must be sorted by text key.

        Only what differs from ``parent`` is stored, in memory that does not grow with the set. A row that differs
        gets ``tag`` as its ``added_in``, the others keep theirs; such a column in ``rows`` is ignored. Committing the
        same content under the same tag again gives the version that is there. Two versions may have the same parent;
        the one committed last is the current.

        Raises InvalidInputError and CheckFailedError for rows that are no training set, NotFoundError for an unknown
        parent, ConflictError for a tag that has another content or when others kept committing.
        """
        version.check_tag(tag)
        given = schema.content(rows).to_batches() if isinstance(rows, pa.Table) else rows
        with self._catalog.answering():
            table = self._catalog.writable()
            wanted = schema.ascending(given)
            if tag in table.refs():
                return self._again(table, tag, wanted)
            above = None if parent is None else self._contents(table, parent)
            draft = _draft(tag, above, properties)
            return self._published(committing.whole(self._place(table), rows=wanted, parent=above, draft=draft))

    def amend(
        self,
        *,
        after: pa.Table,
        before: pa.Table,
        tag: str,
        parent: str,
        properties: Mapping[str, str] | None = None,
    ) -> Version:
        """The version ``tag``: ``parent`` without the rows ``before`` and with the rows ``after``.

        Both are content; ``before`` holds the changed and removed texts as they stand in ``parent``, and is believed
        (``verify`` would find it out). The cost is that of the changes, whatever the size of the set.

        Raises as ``commit`` does, and StaleParentError when ``parent`` is not the current version (any more).
        """
        version.check_tag(tag)
        coming, going = schema.content(after), _with_origin(before)
        with self._catalog.answering():
            table = self._catalog.writable()
            above = self._contents(table, parent)
            if above.version.form != schema.FORM:
                raise InvalidInputError(f"{parent} is of a former form.", cure="Commit the whole content first.")
            digest = Digest(above.version.digest)
            digest.remove(going)
            digest.add(coming)
            rows = above.version.rows + coming.num_rows - going.num_rows
            draft = replace(_draft(tag, above, properties), rows=rows, digest=digest.hex())
            if tag in table.refs():
                return publishing.same(lineage.version(table, tag), draft)
            publishing.require_current(table, above.version)
            change = comparison.between(going, coming)
            made = committing.amendment(self._place(table), change=change, parent=above, draft=draft)
            return self._published(replace(made, on_current=True))

    def rollback(self, *, to_tag: str, as_tag: str) -> Version:
        """A new version ``as_tag``, child of the current one, with the rows of ``to_tag``; nothing is taken back."""
        version.check_tag(as_tag)
        with self._catalog.answering():
            table = self._catalog.writable()
            wanted = self._contents(table, to_tag)
            if as_tag in table.refs():
                return publishing.same(lineage.version(table, as_tag), wanted.version)
            current = lineage.current(table)
            above = None if current is None else self._contents(table, current.tag)
            draft = replace(
                _draft(as_tag, above, {"rolled_back_to": to_tag}),
                digest=wanted.version.digest,
                form=wanted.version.form,
            )
            change = None if above is None else Tracing(table, self._storage).way_back(above.version, wanted.version)
            place = self._place(table)
            if above is None or change is None:
                made = committing.whole(place, rows=wanted.tables(), parent=above, draft=draft)
            else:
                draft = replace(draft, rows=wanted.version.rows)
                made = committing.amendment(place, change=change, parent=above, draft=draft)
            return self._published(replace(made, on_current=True))

    def tag(self, existing: str, name: str) -> Version:
        """Gives a version another name. A name is never moved: ConflictError if it names another version."""
        version.check_tag(name)
        with self._catalog.answering():
            return self._catalog.retried(lambda: publishing.name(self._existing(existing), existing, name))

    def read(self, tag: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a version as ``schema.ROW``, or these columns of it, sorted by text key."""
        with self._catalog.answering():
            return self._opened(tag).read(columns)

    def batches(self, tag: str, *, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The same, streamed."""
        with self._catalog.answering():
            yield from self._opened(tag).batches(columns)

    def rows_of(self, tag: str, text_keys: Collection[str]) -> pa.Table:
        """The rows of these texts, as ``schema.ROW`` sorted by text key; texts that are not there are left out."""
        with self._catalog.answering():
            return self._opened(tag).where("text_key", text_keys)

    def keys_where(self, tag: str, column: str, values: Collection[Any]) -> list[str]:
        """Sorted keys of the texts whose ``column`` has one of the values; only that column and the key are read."""
        with self._catalog.answering():
            keys: list[str] = self._opened(tag).where(column, values, columns=("text_key",))["text_key"].to_pylist()
            return keys

    def changes(self, old: str, new: str) -> Iterator[pa.RecordBatch]:
        """The texts in which two versions differ, as ``schema.DIFFERENCE`` sorted by text key.

        From what the versions between them stored; from the rows of both where that was collected, is more than the
        rows, or is of the former form.
        """
        with self._catalog.answering():
            table = self._existing(old)
            tracing = Tracing(table, self._storage)
            yield from tracing.differences(lineage.version(table, old), lineage.version(table, new))

    def diff(self, old: str, new: str) -> Diff:
        """What differs from ``old`` to ``new``, in memory."""
        return difference.of(self.changes(old, new))

    def read_changes(self, tag: str) -> pa.Table:
        """What the version stored against its parent, as ``schema.CHANGE``, sorted by text key."""
        with self._catalog.answering():
            table = self._existing(tag)
            return Tracing(table, self._storage).own(lineage.version(table, tag))

    def history(self, text_key: str) -> pa.Table:
        """What the current version and its ancestors stored of one text, as ``schema.CHANGE``, oldest first.

        Without a version there are no rows; where ancestors were collected, it begins with what is left.
        """
        with self._catalog.answering():
            table = self._catalog.table()
            current = None if table is None else lineage.current(table)
            if table is None or current is None:
                return schema.CHANGE.empty_table()
            return Tracing(table, self._storage).history(current, text_key)

    def versions(self) -> list[Version]:
        """Oldest commit first; empty when nothing was committed."""
        with self._catalog.answering():
            table = self._catalog.table()
            return [] if table is None else lineage.all_versions(table)

    def version(self, tag: str) -> Version:
        with self._catalog.answering():
            return lineage.version(self._existing(tag), tag)

    def current(self) -> Version | None:
        """The version committed last."""
        with self._catalog.answering():
            table = self._catalog.table()
            return None if table is None else lineage.current(table)

    def names(self, tag: str) -> list[str]:
        """All names of a version, its own tag among them, sorted."""
        with self._catalog.answering():
            table = self._existing(tag)
            return lineage.names(table, lineage.version(table, tag))

    def all_names(self) -> Mapping[str, list[str]]:
        """The same of all versions, by tag, oldest commit first."""
        with self._catalog.answering():
            table = self._catalog.table()
            return {} if table is None else lineage.all_names(table)

    def location(self) -> str:
        """URL of the table's present metadata file, for readers that have Iceberg but not our catalog."""
        with self._catalog.answering():
            return self._existing("").metadata_location

    def files(self, tag: str) -> list[str]:
        """URLs of the Parquet files of a version, for readers that have no Iceberg; they hold ``schema.CHANGE``."""
        with self._catalog.answering():
            return sorted(file.url for file in self._opened(tag).layout.files)

    def verify(self, tag: str, *, on_progress: Callable[[float], None] = lambda _share: None) -> Verification:
        """Every file of the version against its hash and the manifest, then the content against the digest."""
        with self._catalog.answering():
            return verification.verify(self._opened(tag), on_progress=on_progress)

    def collect(
        self,
        *,
        keep: Collection[str],
        grace: timedelta,
        now: datetime,
        dry_run: bool = False,
        only: Collection[str] | None = None,
    ) -> Collected:
        """Drop all versions but those of these names and the current one, and the files that nothing needs.

        With ``only``, none but these versions, and none of them that has another name. Files younger than ``grace``
        stay: they may be those of a commit under way.
        """
        before = now - grace
        with self._catalog.answering():
            return collection.collect(
                self._catalog, self._storage, keep=keep, before=before, dry_run=dry_run, only=only
            )

    def _published(self, draft: Draft) -> Version:
        """With retries; what is refused for good leaves no files behind."""
        try:
            return self._catalog.retried(lambda: publishing.publish(self._existing(draft.version.tag), draft))
        except (ConflictError, NotFoundError):
            datafiles.discard(self._storage, draft.coming)
            raise

    def _again(self, table: Table, tag: str, wanted: Iterable[pa.Table]) -> Version:
        there = lineage.version(table, tag)
        return publishing.same(there, replace(there, digest=digests.digest(wanted)))

    def _place(self, table: Table) -> Place:
        return Place(table, self._storage, uuid4().hex)

    def _opened(self, tag: str) -> Contents:
        return self._contents(self._existing(tag), tag)

    def _contents(self, table: Table, tag: str) -> Contents:
        return Contents.of(table, self._storage, lineage.version(table, tag))

    def _existing(self, tag: str) -> Table:
        table = self._catalog.table()
        if table is None:
            raise lineage.missing(tag, [])
        return table


def _draft(tag: str, parent: Contents | None, properties: Mapping[str, str] | None) -> Version:
    above = None if parent is None else parent.version
    return Version(
        tag=tag,
        parent=None if above is None else above.tag,
        snapshot_id=0,
        rows=0,
        digest="",
        added=0,
        removed=0,
        changed=0,
        sequence=1 if above is None else above.sequence + 1,
        properties=properties or {},
    )


def _with_origin(rows: pa.Table) -> pa.Table:
    """Content with its ``added_in``, null where the caller does not know it."""
    table = schema.content(rows)
    if "added_in" not in rows.column_names:
        return table.append_column("added_in", pa.nulls(table.num_rows, pa.string()))
    return table.append_column("added_in", rows.sort_by("text_key")["added_in"])
