"""Tables of a user's making, read in batches that know which file and row they come from."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from annotation.errors import InvalidInputError, InvalidRowError, NotFoundError
from sync import encodings
from sync.encodings import Encoding
from sync.storage import Storage

SEPARATORS: Final = (";", "\t", "|", ",")
CSV_SUFFIXES: Final = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES: Final = (".parquet", ".pq")
CHUNK_BYTES: Final = 8 * 2**20
# A row may be as long as this; a longer one is a quotation mark that nobody closed.
BLOCK_BYTES: Final = 32 * 2**20
BATCH_ROWS: Final = 50_000
# A row group is unpacked as a whole: one that says it holds more is no table of declarations, but a bomb.
MOST_BYTES_PER_GROUP: Final = 2 * 2**30
MOST_BYTES_PER_BATCH: Final = 2**30
RAGGED: Final = "Quote cells that hold the separator or a line break."


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that does not have the cells of the header; ``text`` is how it begins."""

    row: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class TableBatch:
    """``first_row`` is the number, within the file, of the batch's first row; the row below the header is row 1.

    ``refused`` are rows that came before the batch's last one, and are not in it. Where the file is ``damaged``, some
    of its bytes are no characters, and are read as U+FFFD.
    """

    file: str
    first_row: int
    rows: pa.RecordBatch
    refused: tuple[RefusedRow, ...] = ()
    numbers: Sequence[int] = ()
    damaged: bool = False

    def row(self, index: int) -> int:
        """The number, within the file, of a row of this batch."""
        return self.numbers[index] if self.numbers else self.first_row + index


def read(storage: Storage, path: str, *, lenient: bool = False) -> Iterator[TableBatch]:
    """Batches of one CSV or Parquet file, or of all such files below a folder or prefix in the order of their names.

    CSV columns are strings, an empty cell is an empty string; the separator (semicolon, tab, bar or comma) and the
    encoding (UTF-8, UTF-16 with its mark, else Windows-1252) are recognised. Parquet keeps its types. Names that begin
    with a dot or an underscore are passed over. A CSV row with too many or too few cells raises InvalidRowError, or
    with ``lenient`` is handed back as refused, unless no row is of the right length. Errors: NotFoundError when there
    is nothing to read, InvalidInputError for a file that is no table.
    """
    for url in _files(storage, path):
        if url.lower().endswith(PARQUET_SUFFIXES):
            yield from _parquet(storage, url)
        else:
            yield from _csv(storage, url, lenient=lenient)


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


def _parquet(storage: Storage, url: str) -> Iterator[TableBatch]:
    first = 1
    with storage.reading(url) as handle:
        try:
            schema = pq.read_schema(handle)
            _check_names(schema.names, url)
            handle.seek(0)
            # A dictionary says in a few bytes that a long text stands in a million rows: it is unpacked with care.
            file = pq.ParquetFile(handle, read_dictionary=[one.name for one in schema if _is_text(one.type)])
            _check_groups(file, url)
            for packed in file.iter_batches(batch_size=BATCH_ROWS):
                rows = _unpacked(packed, schema, url, first)
                yield TableBatch(url, first, rows)
                first += rows.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise InvalidInputError(
                f"{url} is no Parquet file, or a damaged one (after row {first - 1}): {error}", cure="Write it anew."
            ) from error


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _unpacked(packed: pa.RecordBatch, schema: pa.Schema, url: str, first: int) -> pa.RecordBatch:
    columns = []
    for column, wanted in zip(packed.columns, schema, strict=True):
        if not (_is_text(wanted.type) and pa.types.is_dictionary(column.type)):
            columns.append(column)
            continue
        size = pc.sum(pc.take(pc.binary_length(column.dictionary), column.indices)).as_py() or 0
        if size > MOST_BYTES_PER_BATCH:
            raise InvalidInputError(
                f"{url}: the column {wanted.name!r} has {size} bytes in the {packed.num_rows} rows from {first} on.",
                cure="Its texts are too long to be declarations: is it the right column?",
            )
        columns.append(column.dictionary_decode())
    return pa.RecordBatch.from_arrays(columns, names=schema.names)


def _check_groups(file: pq.ParquetFile, url: str) -> None:
    said = file.metadata
    largest = max((said.row_group(number).total_byte_size for number in range(said.num_row_groups)), default=0)
    if largest > MOST_BYTES_PER_GROUP:
        raise InvalidInputError(
            f"{url} holds row groups of {largest} bytes when unpacked, more than {MOST_BYTES_PER_GROUP}.",
            cure="Write it with smaller row groups.",
        )


def _csv(storage: Storage, url: str, *, lenient: bool) -> Iterator[TableBatch]:
    with storage.reading(url) as handle:
        encoding = encodings.recognise(handle)
    with storage.reading(url) as handle:
        separator, columns = _header(handle, url, encoding)
        reading = _Reading(url, lenient=lenient, damaged=encoding.damaged)
        try:
            yield from reading.batches(encoding.readable(handle), separator, columns)
        except (pa.ArrowException, UnicodeError) as error:
            raise reading.failure(error) from error
    reading.require_rows()


class _Reading:
    """Of one CSV file: which rows were refused, and how far it came."""

    def __init__(self, url: str, *, lenient: bool, damaged: bool) -> None:
        self._url = url
        self._lenient = lenient
        self._damaged = damaged
        self._refused: list[RefusedRow] = []
        self._told = 0
        self._next = 1
        self._kept = 0

    def batches(self, handle: BinaryIO, separator: str, columns: list[str]) -> Iterator[TableBatch]:
        with pacsv.open_csv(
            handle,
            # Row numbers of invalid rows are known to a single thread only.
            read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            parse_options=pacsv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=self._refuse
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in columns}, strings_can_be_null=False, null_values=[]
            ),
        ) as reader:
            for rows in reader:
                for start in range(0, rows.num_rows, BATCH_ROWS):
                    yield self._batch(rows.slice(start, BATCH_ROWS))
            if left := tuple(self._refused[self._told :]):
                nothing = pa.RecordBatch.from_pylist([], schema=reader.schema)
                yield TableBatch(self._url, self._next, nothing, left)

    def failure(self, error: Exception) -> InvalidInputError:
        if self._refused and not self._lenient:
            first = self._refused[0]
            return InvalidRowError(file=self._url, row=first.row, reason=f"{first.reason}: {first.text}", cure=RAGGED)
        if "straddling" in str(error):
            return InvalidRowError(
                file=self._url,
                row=self._next,
                reason=f"it, or one not far below it, is longer than {BLOCK_BYTES} bytes",
                cure="Is a quotation mark left open?",
            )
        return InvalidInputError(f"{self._url} cannot be read as CSV: {error}")

    def require_rows(self) -> None:
        """Where every row is refused, it is the header or the separator that is wrong."""
        if self._refused and not self._kept:
            first = self._refused[0]
            reason = f"{first.reason}, and no row below is of that length: {first.text}"
            raise InvalidRowError(file=self._url, row=first.row, reason=reason, cure=RAGGED)

    def _refuse(self, row: pacsv.InvalidRow) -> str:
        # Arrow counts lines from the header, which is 1.
        reason = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
        self._refused.append(RefusedRow((row.number or 1) - 1, row.text[:80], reason))
        return "skip" if self._lenient else "error"

    def _batch(self, rows: pa.RecordBatch) -> TableBatch:
        numbers = _numbers(self._next, rows.num_rows, {one.row for one in self._refused})
        first, last = (numbers[0], numbers[-1]) if numbers else (self._next, self._next - 1)
        refused = tuple(one for one in self._refused[self._told :] if one.row <= last)
        self._told += len(refused)
        self._kept += rows.num_rows
        self._next = last + 1
        return TableBatch(self._url, first, rows, refused, numbers, self._damaged)


def _numbers(first: int, count: int, skipped: Collection[int]) -> Sequence[int]:
    if not skipped:
        return range(first, first + count)
    numbers: list[int] = []
    while len(numbers) < count:
        if first not in skipped:
            numbers.append(first)
        first += 1
    return numbers


def _header(handle: BinaryIO, url: str, encoding: Encoding) -> tuple[str, list[str]]:
    """Separator and column names; leaves the file at its beginning."""
    start = handle.read(CHUNK_BYTES)
    handle.seek(0)
    text = encoding.text(start)
    if not text.strip():
        raise InvalidInputError(f"{url} is empty.")
    if "\0" in text[:CHUNK_BYTES].partition("\n")[0]:
        raise InvalidInputError(f"{url} is no text.", cure="Give a CSV or Parquet file.")
    # A header cell may hold line breaks, so the header is the first CSV record and not the first line.
    try:
        headers = {
            separator: next(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) for separator in SEPARATORS
        }
    except csv.Error as error:
        raise InvalidInputError(f"The header of {url} cannot be read ({error}).", cure="Save it anew.") from error
    separator = max(SEPARATORS, key=lambda one: len(headers[one]))
    columns = headers[separator]
    _check_names(columns, url)
    return separator if len(columns) > 1 else ",", columns


def _check_names(columns: Sequence[str], url: str) -> None:
    if len(columns) != len(set(columns)):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InvalidInputError(f"{url} has two columns named {twice!r}.", cure="Rename one of them.")
