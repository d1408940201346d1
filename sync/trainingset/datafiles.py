"""Parquet files of a version, written in memory, named after their bytes and known to Iceberg."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table
from pyiceberg.typedef import Record

from sync.storage import Storage
from sync.trainingset import layout, schema

BYTES_AT_ONCE: Final = 96 * 2**20
ROWS_IN_GROUP: Final = 65_536
WRITERS: Final = 2
# Of the others almost every value is another one: a dictionary of them costs time and bytes.
FEW_VALUES: Final = ("variables", "code", "nomenclature", "source", "coder", "rule", "split", "added_in", "change")
_FIELD_ID: Final = b"PARQUET:field_id"


class Writer:
    """Rows in, files out; at most two files are encoded and sent while the next is gathered.

    Use as a context manager: on an exception, what was written is deleted again.
    """

    def __init__(self, table: Table, storage: Storage, *, kind: str, commit: str) -> None:
        self._table = table
        self._storage = storage
        self._kind = kind
        self._commit = commit
        self._schema = _physical(table)
        self._pool = ThreadPoolExecutor(WRITERS)
        self._under_way: deque[Future[DataFile]] = deque()
        self._files: list[DataFile] = []
        self._gathered: list[pa.Table] = []
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        if kind is not None:
            self._files += [one.result() for one in self._under_way if not one.cancelled() and not one.exception()]
            discard(self._storage, self._files)

    def add(self, rows: pa.Table) -> None:
        """Rows as ``schema.CHANGE``, in order of the text keys for a base."""
        self._gathered.append(rows)
        if sum(table.nbytes for table in self._gathered) >= BYTES_AT_ONCE:
            self._write()

    def finish(self) -> list[DataFile]:
        if any(table.num_rows for table in self._gathered):
            self._write()
        while self._under_way:
            self._files.append(self._under_way.popleft().result())
        return self._files

    def _write(self) -> None:
        rows, self._gathered = pa.concat_tables(self._gathered), []
        while len(self._under_way) >= WRITERS:
            self._files.append(self._under_way.popleft().result())
        self._under_way.append(self._pool.submit(self._stored, rows, self._number))
        self._number += 1

    def _stored(self, rows: pa.Table, number: int) -> DataFile:
        sink = pa.BufferOutputStream()
        pq.write_table(
            rows.select(schema.CHANGE.names).cast(self._schema),
            sink,
            compression="zstd",
            row_group_size=ROWS_IN_GROUP,
            use_dictionary=[*FEW_VALUES, *(f"{name}_before" for name in FEW_VALUES)],
        )
        content = sink.getvalue()
        name = layout.name(
            kind=self._kind, number=number, sha256=hashlib.sha256(content).hexdigest(), commit=self._commit
        )
        url = self._storage.write(f"{self._table.location()}/data/{name}", content)
        return _described(self._table, url, content)


def discard(storage: Storage, files: Iterable[DataFile]) -> None:
    """Delete files of a commit that did not come to be; what cannot be deleted now is collected later."""
    for file in files:
        try:
            storage.delete(file.file_path)
        except Exception:
            return


def _physical(table: Table) -> pa.Schema:
    """``schema.CHANGE`` with the ids by which Iceberg knows the columns."""
    ids = {field.name: str(field.field_id).encode() for field in table.schema().fields}
    return pa.schema([field.with_metadata({_FIELD_ID: ids[field.name]}) for field in schema.CHANGE])


def _described(table: Table, url: str, content: pa.Buffer) -> DataFile:
    columns = table.schema()
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=pq.read_metadata(pa.BufferReader(content)),
        stats_columns=compute_statistics_plan(columns, table.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(columns),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=url,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        file_size_in_bytes=content.size,
        sort_order_id=None,
        spec_id=table.metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )
