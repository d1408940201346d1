"""The rows of stored files, straight through Arrow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from sync.storage import Storage
from sync.trainingset import schema
from sync.trainingset.layout import StoredFile

ROWS_AT_ONCE: Final = 65_536
# What is read ahead is held in memory, whatever the size of the set.
BATCHES_AHEAD: Final = 8
FILES_AHEAD: Final = 2


def batches(
    storage: Storage, files: Sequence[StoredFile], columns: Sequence[str], *, where: pc.Expression | None = None
) -> Iterator[pa.RecordBatch]:
    """These columns of ``schema.CHANGE`` in the order of the files and their rows."""
    if files:
        yield from _scanner(storage, files, columns, where).to_batches()


def table(
    storage: Storage, files: Sequence[StoredFile], columns: Sequence[str], *, where: pc.Expression | None = None
) -> pa.Table:
    if not files:
        return pa.schema([schema.CHANGE.field(name) for name in columns]).empty_table()
    return _scanner(storage, files, columns, where).to_table()


def among(column: str, values: Collection[Any]) -> pc.Expression:
    """True for the rows whose column has one of the values; row groups that cannot have any are not read."""
    return pc.field(column).isin(pa.array(list(values), schema.CHANGE.field(column).type))


def _scanner(
    storage: Storage, files: Sequence[StoredFile], columns: Sequence[str], where: pc.Expression | None
) -> ds.Scanner:
    dataset = ds.dataset(
        [storage.arrow_path(file.url) for file in files],
        schema=schema.CHANGE,
        format=ds.ParquetFileFormat(default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=True)),
        filesystem=storage.arrow(),
    )
    return dataset.scanner(
        columns=list(columns),
        filter=where,
        batch_size=ROWS_AT_ONCE,
        batch_readahead=BATCHES_AHEAD,
        fragment_readahead=FILES_AHEAD,
    )
