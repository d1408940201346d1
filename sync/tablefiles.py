"""Tables of a user's making, read in batches that know which file and row they come from."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from annotation.errors import InvalidInputError, InvalidRowError, NotFoundError
from sync.storage import Storage

SEPARATORS: Final = (";", "\t", "|", ",")
CSV_SUFFIXES: Final = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES: Final = (".parquet", ".pq")
CHUNK_BYTES: Final = 8 * 2**20
BATCH_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class TableBatch:
    """``first_row`` is the number, within the file, of the batch's first row; the row below the header is row 1."""

    file: str
    first_row: int
    rows: pa.RecordBatch

    def row(self, index: int) -> int:
        """The number, within the file, of a row of this batch."""
        return self.first_row + index


def read(storage: Storage, path: str) -> Iterator[TableBatch]:
    """Batches of one CSV or Parquet file, or of all such files below a folder or prefix in the order of their names.

    CSV columns are strings, an empty cell is an empty string; the separator (semicolon, tab, bar or comma) and the
    encoding (UTF-8, else Windows-1252) are recognised. Parquet keeps its types. Names that begin with a dot or an
    underscore are passed over. Raises NotFoundError when there is nothing to read, InvalidRowError for a CSV row with
    too many or too few cells, and InvalidInputError for a file that is no table.
    """
    for url in _files(storage, path):
        reader = _parquet if url.lower().endswith(PARQUET_SUFFIXES) else _csv
        first_row = 1
        for batch in reader(storage, url):
            yield TableBatch(url, first_row, batch)
            first_row += batch.num_rows


def _files(storage: Storage, path: str) -> list[str]:
    root = storage.url_of(path)
    found = storage.files(root)
    if found == [root]:
        return found
    tables = [url for url in found if url.lower().endswith(CSV_SUFFIXES + PARQUET_SUFFIXES) and not _hidden(url, root)]
    if not found:
        raise NotFoundError(f"There is nothing at {root}.", cure="Check the path.")
    if not tables:
        raise NotFoundError(
            f"{root} holds no table.", cure=f"Files must end in {', '.join(PARQUET_SUFFIXES + CSV_SUFFIXES)}."
        )
    return tables


def _hidden(url: str, root: str) -> bool:
    return any(part.startswith((".", "_")) for part in url.removeprefix(root).split("/") if part)


def _parquet(storage: Storage, url: str) -> Iterator[pa.RecordBatch]:
    with storage.reading(url) as handle:
        try:
            yield from pq.ParquetFile(handle).iter_batches(batch_size=BATCH_ROWS)
        except pa.ArrowInvalid as error:
            raise InvalidInputError(f"{url} is no Parquet file: {error}") from error


def _csv(storage: Storage, url: str) -> Iterator[pa.RecordBatch]:
    with storage.reading(url) as handle:
        encoding = _encoding(handle)
    with storage.reading(url) as handle:
        separator, columns = _header(handle, url, encoding)
        refused: list[pacsv.InvalidRow] = []
        try:
            yield from _csv_batches(handle, encoding, separator, columns, refused)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            if refused:
                raise _ragged(url, refused[0]) from error
            raise InvalidInputError(f"{url} cannot be read as CSV: {error}") from error


def _csv_batches(
    handle: BinaryIO, encoding: str, separator: str, columns: list[str], refused: list[pacsv.InvalidRow]
) -> Iterator[pa.RecordBatch]:
    def refuse(row: pacsv.InvalidRow) -> str:
        refused.append(row)
        return "error"

    with pacsv.open_csv(
        handle,
        # Row numbers of invalid rows are known to a single thread only.
        read_options=pacsv.ReadOptions(encoding=encoding, use_threads=False, block_size=CHUNK_BYTES),
        parse_options=pacsv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in columns}, strings_can_be_null=False, null_values=[]
        ),
    ) as reader:
        yield from reader


def _ragged(url: str, row: pacsv.InvalidRow) -> InvalidRowError:
    # Arrow counts lines from the header, which is 1.
    return InvalidRowError(
        file=url,
        row=(row.number or 1) - 1,
        reason=f"has {row.actual_columns} cells where the header has {row.expected_columns}: {row.text[:80]}",
        cure="Quote cells that hold the separator or a line break.",
    )


def _encoding(handle: BinaryIO) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := handle.read(CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _header(handle: BinaryIO, url: str, encoding: str) -> tuple[str, list[str]]:
    """Separator and column names; leaves the file at its beginning."""
    start = handle.read(CHUNK_BYTES)
    handle.seek(0)
    text = start.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
    if not text.strip():
        raise InvalidInputError(f"{url} is empty.")
    # A header cell may hold line breaks, so the header is the first CSV record and not the first line.
    headers = {
        separator: next(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) for separator in SEPARATORS
    }
    separator = max(SEPARATORS, key=lambda one: len(headers[one]))
    columns = headers[separator]
    if len(columns) != len(set(columns)):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InvalidInputError(f"{url} has two columns named {twice!r}.", cure="Rename one of them.")
    return separator if len(columns) > 1 else ",", columns
