"""The Iceberg table of a training set: opening it, its versions, and what its errors mean to a person."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.io.fsspec import FsspecFileIO
from pyiceberg.table import Table
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from annotation.errors import ConflictError, UnreachableError
from sync import storage as storages
from sync.storage import Storage
from sync.trainingset import schema

CATALOG: Final = "annotation_workbench"
NAMESPACE: Final = "trainingset"
ATTEMPTS: Final = 40
LONGEST_WAIT_SECONDS: Final = 2
LOCK_SECONDS: Final = 30
TABLE_PROPERTIES: Final = {
    # pyiceberg's own retry rebuilds the append and forgets the tag beside it (0.12): a version without a name.
    "commit.retry.num-retries": "0",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
    "write.parquet.compression-codec": "zstd",
    # One manifest for a version, written again at each commit, instead of one for each commit before it.
    "commit.manifest.min-count-to-merge": "2",
    # Bounds of every column of every file would be most of a manifest; the rows are in order of the key alone.
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column.text_key": "full",
    "write.metadata.metrics.column.sequence": "full",
}

T = TypeVar("T")


class Catalog:
    """``uri`` is a SQLAlchemy URL (SQLite or PostgreSQL), of the ledger's database as a rule."""

    def __init__(self, *, uri: str, storage: Storage, name: str) -> None:
        self._uri = uri
        self._storage = storage
        self._identifier = (NAMESPACE, name)
        self._opened: SqlCatalog | None = None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def table(self) -> Table | None:
        """In its newest state; None before the first commit."""
        try:
            return self._catalog().load_table(self._identifier)
        except NoSuchTableError:
            return None

    def writable(self) -> Table:
        """Made if there is none, and brought to the present columns if it is of the former form."""
        return self.retried(self._prepared)

    def _prepared(self) -> Table:
        table = self.table() or self._create()
        if set(schema.CHANGE.names) <= {field.name for field in table.schema().fields}:
            return table
        with table.transaction() as transaction:
            with transaction.update_schema() as update:
                update.union_by_name(schema.CHANGE)
            transaction.set_properties(TABLE_PROPERTIES)
        return self._catalog().load_table(self._identifier)

    def retried(self, attempt: Callable[[], T]) -> T:
        """Each attempt must start from the table's newest state; one that landed unnoticed is to be found there."""
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.02, max=LONGEST_WAIT_SECONDS),
            retry=retry_if_exception(_may_pass),
            reraise=True,
        )
        return attempts(attempt)

    @contextmanager
    def answering(self) -> Iterator[None]:
        name = self._identifier[1]
        try:
            yield
        except (CommitFailedException, ValidationException) as error:
            raise ConflictError(
                f"Others kept committing to the training set {name} during {ATTEMPTS} attempts: {error}",
                cure="Nothing of this commit is in force. Run the command again, when fewer others commit.",
            ) from error
        except Exception as error:
            if not (_is_from_database(error) or storages.is_from_storage(error)):
                raise
            raise UnreachableError(
                f"The training set {name} at {self._storage.url} cannot be reached: {_first_line(error)}",
                cure="Check the ledger's database and the storage with `awb doctor`.",
            ) from error

    def _create(self) -> Table:
        catalog = self._catalog()
        with suppress(NamespaceAlreadyExistsError):
            catalog.create_namespace(NAMESPACE)
        location = self._storage.join(*self._identifier)
        with suppress(TableAlreadyExistsError):
            catalog.create_table(self._identifier, schema.CHANGE, location=location, properties=TABLE_PROPERTIES)
        return catalog.load_table(self._identifier)

    def _catalog(self) -> SqlCatalog:
        if self._opened is None:
            properties = {"uri": _patient(self._uri), "warehouse": self._storage.url, "pool_pre_ping": "true"}
            if self._storage.scheme == "s3":
                properties["py-io-impl"] = f"{S3FileIO.__module__}.{S3FileIO.__name__}"
            self._opened = _SqlCatalog(CATALOG, **properties, **self._storage.iceberg_properties())
        return self._opened


class _SqlCatalog(SqlCatalog):
    """Reads each metadata file once: it never changes, and that of a thousand versions takes a while."""

    _read: Table | None = None

    def _convert_orm_to_iceberg(self, orm: Any) -> Table:
        if self._read is None or self._read.metadata_location != orm.metadata_location:
            self._read = super()._convert_orm_to_iceberg(orm)
        # A transaction puts the new state into the table that it began from.
        return copy.copy(self._read)


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
            ca_file=self.properties.get(storages.CA_FILE),
        )


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
