"""Versions of a training set in an Iceberg table; the only module that knows Iceberg.

Held here: a version is one snapshot and one tag, made in one commit of the catalog, and neither is ever moved or
rewritten. A snapshot's Iceberg ancestry is the version's own ancestry, whatever was committed in between: a commit
first sets the branch ``main`` back to the parent, appends there and tags, all in one catalog transaction. So the
rows of a version are those of its snapshot's data files with the highest ``sequence`` per text key, for any reader.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.expressions import EqualTo
from pyiceberg.io.fsspec import FsspecFileIO
from pyiceberg.table import ALWAYS_TRUE, Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import AssertRefSnapshotId
from pyiceberg.table.update.snapshot import ManageSnapshots
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from annotation.errors import ConflictError, NotFoundError, UnreachableError
from sync import storage as storages
from sync.storage import Storage
from sync.trainingset import changes, difference, schema, version
from sync.trainingset import digest as digests
from sync.trainingset.difference import Diff
from sync.trainingset.version import StaleParentError, Version

CATALOG: Final = "annotation_workbench"
NAMESPACE: Final = "trainingset"
ATTEMPTS: Final = 25
LOCK_SECONDS: Final = 30
TABLE_PROPERTIES: Final = {
    # pyiceberg's own retry rebuilds the append and forgets the tag beside it (0.12): a version without a name.
    "commit.retry.num-retries": "0",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "100",
    "write.parquet.compression-codec": "zstd",
}

T = TypeVar("T")


class TrainingSetStore:
    """Safe to use from several processes; one instance serves one thread.

    ``catalog_uri`` is a SQLAlchemy URL (SQLite or PostgreSQL). Without a table yet there are no versions, and
    reading creates none. Use as a context manager, or call ``close``.
    """

    def __init__(self, *, catalog_uri: str, storage: Storage, name: str) -> None:
        self._catalog_uri = catalog_uri
        self._storage = storage
        self._identifier = (NAMESPACE, name)
        self._catalog: SqlCatalog | None = None

    def __enter__(self) -> TrainingSetStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
            self._catalog = None

    def commit(
        self,
        *,
        rows: pa.Table | Iterable[pa.RecordBatch],
        tag: str,
        parent: str | None,
        properties: Mapping[str, str] | None = None,
    ) -> Version:
        """The version ``tag``, with exactly ``rows`` as its content; batches must be sorted by text key.

        Only what differs from ``parent`` is stored. A row that differs gets ``tag`` as its ``added_in``, the others
        keep theirs; such a column in ``rows`` is ignored. Committing the same content under the same tag again gives
        the version that is there. Two versions may have the same parent; the one committed last is the current.

        Raises InvalidInputError and CheckFailedError for rows that are no training set, NotFoundError for an unknown
        parent, ConflictError for a tag that has another content or when others kept committing.
        """
        version.check_tag(tag)
        wanted = schema.content(rows if isinstance(rows, pa.Table) else pa.Table.from_batches(rows))
        draft = Version(tag, parent, 0, wanted.num_rows, digests.digest(wanted), 0, 0, 0, properties=properties or {})
        return self._retried(lambda: self._commit_once(wanted, draft))

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

        Both are content; ``before`` holds the changed and removed texts as they stand in ``parent``. The cost is that
        of the changes, whatever the size of the set.

        Raises as ``commit`` does, and StaleParentError when ``parent`` is not the current version (any more).
        """
        current = self.current()
        if current is None or current.tag != self.version(parent).tag:
            raise StaleParentError(f"{parent} is no longer the current version.", cure="Build again.")
        kept = self.read(parent)
        gone = pc.is_in(kept["text_key"], pa.concat_tables([before, after])["text_key"].combine_chunks())
        rows = pa.concat_tables([kept.filter(pc.invert(gone)).select(schema.CONTENT.names), after])
        return self.commit(rows=rows, tag=tag, parent=parent, properties=properties)

    def batches(self, tag: str, *, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of a version as ``schema.ROW``, or these columns of it, sorted by text key, in flat memory."""
        yield from self.read(tag, columns).to_batches()

    def rows_of(self, tag: str, text_keys: Collection[str]) -> pa.Table:
        """The rows of these texts, as ``schema.ROW`` sorted by text key; texts that are not there are left out."""
        table = self.read(tag)
        return table.filter(pc.is_in(table["text_key"], pa.array(list(text_keys), pa.string())))

    def keys_where(self, tag: str, column: str, values: Collection[Any]) -> list[str]:
        """Sorted keys of the texts whose ``column`` has one of the values."""
        table = self.read(tag)
        found = pc.is_in(table[column], pa.array(list(values), table.schema.field(column).type))
        keys: list[str] = table.filter(found)["text_key"].to_pylist()
        return keys

    def rollback(self, *, to_tag: str, as_tag: str) -> Version:
        """A new version ``as_tag``, child of the current one, with the rows of ``to_tag``; nothing is taken back."""
        version.check_tag(as_tag)
        wanted = self.read(to_tag)
        given = {"rolled_back_to": to_tag}
        draft = Version(as_tag, None, 0, wanted.num_rows, digests.digest(wanted), 0, 0, 0, properties=given)
        return self._retried(lambda: self._commit_once(wanted, replace(draft, parent=self._current_tag(as_tag))))

    def tag(self, existing: str, name: str) -> Version:
        """Gives a version another name. A name is never moved: ConflictError if it names another version."""
        version.check_tag(name)
        return self._retried(lambda: self._tag_once(existing, name))

    def read(self, tag: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a version as ``schema.ROW``, or these columns of it, sorted by text key."""
        with self._answering():
            table = self._existing(tag)
            return changes.resolve(_scanned(table, _version_of(table, tag))).select(columns or schema.ROW.names)

    def diff(self, old: str, new: str) -> Diff:
        """What differs from ``old`` to ``new``."""
        return difference.diff(self.read(old), self.read(new))

    def read_changes(self, tag: str) -> pa.Table:
        """What the version stored against its parent, as ``schema.CHANGE``, sorted by text key."""
        with self._answering():
            table = self._existing(tag)
            found = _version_of(table, tag)
            stored = _scanned(table, found, only_sequence=found.sequence)
            return stored.select(schema.CHANGE.names).cast(schema.CHANGE).sort_by("text_key")

    def history(self, text_key: str) -> pa.Table:
        """What the current version and its ancestors stored of one text, as ``schema.CHANGE``, oldest first.

        A removal carries the tag of the version that brought the row. Without a version there are no rows.
        """
        with self._answering():
            table = self._table()
            current = None if table is None else _current(table)
            if table is None or current is None:
                return schema.CHANGE.empty_table()
            scan = table.scan(row_filter=EqualTo(term="text_key", value=text_key), snapshot_id=current.snapshot_id)
            return scan.to_arrow().select(schema.CHANGE.names).cast(schema.CHANGE).sort_by("sequence")

    def versions(self) -> list[Version]:
        """Oldest commit first; empty when nothing was committed."""
        with self._answering():
            table = self._table()
            return [] if table is None else _versions(table)

    def version(self, tag: str) -> Version:
        with self._answering():
            return _version_of(self._existing(tag), tag)

    def current(self) -> Version | None:
        """The version committed last."""
        with self._answering():
            table = self._table()
            return None if table is None else _current(table)

    def names(self, tag: str) -> list[str]:
        """All names of a version, its own tag among them, sorted."""
        with self._answering():
            table = self._existing(tag)
            found = _version_of(table, tag)
            return sorted(
                name
                for name, ref in table.refs().items()
                if ref.snapshot_id == found.snapshot_id and name != MAIN_BRANCH
            )

    def location(self) -> str:
        """URL of the table's present metadata file, for readers that have Iceberg but not our catalog."""
        with self._answering():
            return self._existing("").metadata_location

    def files(self, tag: str) -> list[str]:
        """URLs of the Parquet files of a version, for readers that have no Iceberg; they hold ``schema.CHANGE``."""
        with self._answering():
            table = self._existing(tag)
            scan = table.scan(snapshot_id=_version_of(table, tag).snapshot_id)
            return sorted(task.file.file_path for task in scan.plan_files())

    def _commit_once(self, wanted: pa.Table, draft: Version) -> Version:
        table = self._table() or self._create()
        if draft.tag in table.refs():
            return _same(_version_of(table, draft.tag), draft)
        parent = None if draft.parent is None else _version_of(table, draft.parent)
        before = schema.empty() if parent is None else changes.resolve(_scanned(table, parent))
        sequence = 1 if parent is None else parent.sequence + 1
        found = changes.between(before, wanted, tag=draft.tag, sequence=sequence)
        complete = replace(draft, sequence=sequence, added=found.added, removed=found.removed, changed=found.changed)
        with table.transaction() as transaction:
            _require_free(transaction, draft.tag)
            _set_main(transaction, parent)
            transaction.append(found.table, snapshot_properties=version.to_summary(complete))
            snapshot_id = _head(transaction)
            ManageSnapshots(transaction).create_tag(snapshot_id, draft.tag).commit()
        return replace(complete, snapshot_id=snapshot_id)

    def _tag_once(self, existing: str, name: str) -> Version:
        table = self._existing(existing)
        found = _version_of(table, existing)
        if name in table.refs():
            named = _version_of(table, name)
            if named.snapshot_id != found.snapshot_id:
                raise ConflictError(f"{name} names {named.tag} already.", cure="A name never moves: choose another.")
            return found
        with table.transaction() as transaction:
            ManageSnapshots(transaction).create_tag(found.snapshot_id, name).commit()
        return found

    def _current_tag(self, besides: str) -> str | None:
        found = self.current()
        return None if found is None or found.tag == besides else found.tag

    def _existing(self, tag: str) -> Table:
        table = self._table()
        if table is None:
            raise _no_version(tag, [])
        return table

    def _table(self) -> Table | None:
        try:
            return self._opened().load_table(self._identifier)
        except NoSuchTableError:
            return None

    def _create(self) -> Table:
        catalog = self._opened()
        with suppress(NamespaceAlreadyExistsError):
            catalog.create_namespace(NAMESPACE)
        location = self._storage.join(*self._identifier)
        with suppress(TableAlreadyExistsError):
            catalog.create_table(self._identifier, schema.CHANGE, location=location, properties=TABLE_PROPERTIES)
        return catalog.load_table(self._identifier)

    def _opened(self) -> SqlCatalog:
        if self._catalog is None:
            properties = {"uri": _patient(self._catalog_uri), "warehouse": self._storage.url, "pool_pre_ping": "true"}
            if self._storage.scheme == "s3":
                properties["py-io-impl"] = f"{S3FileIO.__module__}.{S3FileIO.__name__}"
            self._catalog = SqlCatalog(CATALOG, **properties, **self._storage.iceberg_properties())
        return self._catalog

    def _retried(self, attempt: Callable[[], T]) -> T:
        """Each attempt starts from the table's newest state; one that landed unnoticed is found there by its tag."""
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            retry=retry_if_exception(_may_pass),
            reraise=True,
        )
        with self._answering():
            return attempts(attempt)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        name = self._identifier[1]
        try:
            yield
        except (CommitFailedException, ValidationException) as error:
            raise ConflictError(
                f"Others kept committing to the training set {name}: {error}", cure="Run the command again."
            ) from error
        except Exception as error:
            if not (_is_from_database(error) or _is_from_storage(error)):
                raise
            raise UnreachableError(
                f"The training set {name} at {self._storage.url} cannot be reached: {_first_line(error)}",
                cure="Check the ledger's database and the storage with `awb doctor`.",
            ) from error


class S3FileIO(FsspecFileIO):
    """Iceberg's files through the project's own s3fs.

    pyarrow's S3 and pyiceberg's own s3fs took as long for a commit (0.2 to 0.3 s), and neither lets the checksums be
    set that S3-compatible stores refuse (411 MissingContentLength, FlexibleChecksumError) but for the whole process.
    """

    def get_fs(self, scheme: str, hostname: str | None = None) -> Any:  # noqa: ARG002 - pyiceberg's
        return storages.s3_filesystem(
            key=self.properties.get("s3.access-key-id"),
            secret=self.properties.get("s3.secret-access-key"),
            endpoint=self.properties.get("s3.endpoint"),
            region=self.properties.get("s3.region"),
        )


class _TagIsFree(AssertRefSnapshotId):
    """Of each type of requirement a transaction keeps only the first, so this one needs a type of its own."""

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        if base_metadata is not None and self.ref in base_metadata.refs:
            raise CommitFailedException(f"{self.ref} was created by another process")


def _require_free(transaction: Transaction, tag: str) -> None:
    transaction._stage((), (_TagIsFree(ref=tag),))


def _set_main(transaction: Transaction, parent: Version | None) -> None:
    """Make the next append a child of the parent; the commit fails if somebody moves ``main`` meanwhile."""
    head = transaction.table_metadata.current_snapshot()
    wanted = None if parent is None else parent.snapshot_id
    if head is None or head.snapshot_id == wanted:
        return
    if wanted is None:
        ManageSnapshots(transaction).remove_branch(MAIN_BRANCH).commit()
    else:
        ManageSnapshots(transaction).set_current_snapshot(wanted)


def _head(transaction: Transaction) -> int:
    return transaction.table_metadata.refs[MAIN_BRANCH].snapshot_id


def _scanned(table: Table, found: Version, *, only_sequence: int | None = None) -> pa.Table:
    where = ALWAYS_TRUE if only_sequence is None else f"sequence = {only_sequence}"
    return table.scan(row_filter=where, snapshot_id=found.snapshot_id).to_arrow()


def _versions(table: Table) -> list[Version]:
    found = (_of_snapshot(snapshot) for snapshot in table.snapshots())
    return [one for one in found if one is not None]


def _current(table: Table) -> Version | None:
    snapshot = table.current_snapshot()
    return None if snapshot is None else _of_snapshot(snapshot)


def _version_of(table: Table, tag: str) -> Version:
    ref = table.refs().get(tag)
    snapshot = None if ref is None or tag == MAIN_BRANCH else table.snapshot_by_id(ref.snapshot_id)
    found = None if snapshot is None else _of_snapshot(snapshot)
    if found is None:
        raise _no_version(tag, [one.tag for one in _versions(table)])
    return found


def _of_snapshot(snapshot: Snapshot) -> Version | None:
    summary = {} if snapshot.summary is None else snapshot.summary.additional_properties
    return version.from_summary(summary, snapshot.snapshot_id)


def _no_version(tag: str, known: list[str]) -> NotFoundError:
    there = f"There are {', '.join(known[-10:])}." if known else "Nothing was committed yet."
    return NotFoundError(f"The training set has no version{f' {tag}' if tag else ''}.", cure=there)


def _same(existing: Version, wanted: Version) -> Version:
    if existing.digest != wanted.digest:
        raise ConflictError(
            f"{existing.tag} exists with another content ({existing.rows} rows, digest {existing.digest[:12]}).",
            cure="A version never changes: use another tag.",
        )
    return existing


def _patient(uri: str) -> str:
    """A SQLite file is waited for while the ledger writes to it."""
    if "://" not in uri:
        uri = f"sqlite:///{uri}"
    return f"{uri}?timeout={LOCK_SECONDS}" if uri.startswith("sqlite") and "?" not in uri else uri


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, CommitFailedException) or _is_from_database(error)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _is_from_database(error: BaseException) -> bool:
    """Known by its module, since SQLAlchemy itself is imported by the ledger alone."""
    return type(error).__module__.startswith("sqlalchemy.")


def _is_from_storage(error: BaseException) -> bool:
    """s3fs turns most errors into those of the system, but not that nobody answers; the storage alone imports these."""
    return isinstance(error, OSError) or type(error).__module__.startswith("botocore.")
