"""A version as one file, for those who want a file.

The file is read by programs: texts are exact to the byte, so a spreadsheet must not open its CSV, where a text that
begins like a formula would be run. For people there is ``spreadsheet``, which disarms cells as all other tables do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from annotation.campaign import disguising, tablebytes
from annotation.campaign.extracting import Extract, Kind
from annotation.domain.pseudonym import PseudonymKey
from annotation.errors import InvalidInputError
from sync.storage import Storage
from sync.trainingset import schema

LINES_AT_ONCE: Final = 10_000
_NUMBERS: Final = (pa.int64(), pa.float64())


class Format(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    FASTTEXT = "fasttext"


class Split(StrEnum):
    TRAIN = schema.TRAIN
    VALIDATION = schema.VALIDATION


class Normaliser(Protocol):
    def line(self, text: str, variables: Mapping[str, str]) -> str:
        """The text as the model reads it, its variables appended as tokens, on one line."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows; all where nothing is said."""

    split: Split | None = None
    sources: AbstractSet[str] = frozenset()

    def apply(self, table: pa.Table) -> pa.Table:
        if self.split is not None:
            table = table.filter(pc.equal(table["split"], self.split.value))
        if self.sources:
            table = table.filter(pc.is_in(table["source"], pa.array(sorted(map(str, self.sources)))))
        return table


@dataclass(frozen=True, slots=True)
class Exported:
    """``weights_lost``: the rows have different weights, and the file cannot tell them."""

    url: str
    rows: int
    weights_lost: bool


def export(
    rows: pa.Table | Iterable[pa.RecordBatch],
    *,
    storage: Storage,
    path: str,
    form: Format = Format.PARQUET,
    normaliser: Normaliser | None = None,
    selection: Selection = Selection(),
    spreadsheet: bool = False,
    key: PseudonymKey | None = None,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> Exported:
    """Written while it is read. CSV is UTF-8 with commas. fastText lines are ``__label__<code> <line>``.

    With a ``key``, coders bear the pseudonyms that it gives.
    Raises InvalidInputError for fastText without a normaliser, or for a code with a blank in it, and for a spreadsheet
    of another format than CSV.
    """
    if form is Format.FASTTEXT and normaliser is None:
        raise InvalidInputError("A fastText file needs the normaliser of the model that will read it.")
    if spreadsheet and form is not Format.CSV:
        raise InvalidInputError("Only CSV is opened in a spreadsheet.", cure="Add --format csv.")
    batches = rows.to_batches() if isinstance(rows, pa.Table) else rows
    counted = _Counted(batches if key is None else _disguised(batches, key), selection, on_progress)
    with storage.writing(path) as handle:
        if form is Format.PARQUET:
            _write_parquet(handle, counted)
        elif form is Format.CSV:
            _write_spreadsheet(handle, counted) if spreadsheet else _write_csv(handle, counted)
        elif normaliser is not None:
            _write_lines(handle, counted, normaliser)
    return Exported(storage.url_of(path), counted.rows, form is Format.FASTTEXT and len(counted.weights) > 1)


def fasttext_lines(rows: pa.Table, normaliser: Normaliser) -> Iterator[str]:
    """Without line ends. A text of which nothing is left keeps its line, which then holds the label alone."""
    for batch in rows.select(["code", "text", "variables"]).to_batches(max_chunksize=LINES_AT_ONCE):
        for code, text, variables in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if re.search(r"\s", code):
                raise InvalidInputError(f"The code {code!r} cannot be a fastText label: it holds a blank.")
            yield f"__label__{code} {normaliser.line(text, json.loads(variables))}".rstrip()


def _disguised(batches: Iterable[pa.RecordBatch], key: PseudonymKey) -> Iterator[pa.RecordBatch]:
    name = disguising.name_of(key)
    for batch in batches:
        coders = [None if coder is None else name(coder) for coder in batch["coder"].to_pylist()]
        yield batch.set_column(batch.schema.get_field_index("coder"), "coder", pa.array(coders, pa.string()))


@dataclass(slots=True)
class _Counted:
    """The selected rows as tables, counted as they go by; the first comes even if it is empty."""

    batches: Iterable[pa.RecordBatch]
    selection: Selection
    on_progress: Callable[[int], None]
    rows: int = 0
    weights: set[float] = field(default_factory=set)

    def __iter__(self) -> Iterator[pa.Table]:
        for batch in self.batches:
            table = self.selection.apply(pa.Table.from_batches([batch]))
            if len(self.weights) < 2:
                self.weights.update(pc.unique(table["weight"]).to_pylist())
            self.rows += table.num_rows
            yield table
            self.on_progress(self.rows)


def _write_parquet(handle: BinaryIO, tables: Iterable[pa.Table]) -> None:
    writer: Any = None
    for table in tables:
        writer = writer or pq.ParquetWriter(handle, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is None:
        pq.write_table(schema.empty(), handle)
    else:
        writer.close()


def _write_csv(handle: BinaryIO, tables: Iterable[pa.Table]) -> None:
    header = True
    for table in tables:
        pacsv.write_csv(table, handle, pacsv.WriteOptions(include_header=header))
        header = False


def _write_spreadsheet(handle: BinaryIO, tables: Iterable[pa.Table]) -> None:
    columns = {one.name: Kind.NUMBER if one.type in _NUMBERS else Kind.TEXT for one in schema.ROW}

    def rows() -> Iterator[Sequence[Any]]:
        for table in tables:
            yield from zip(*(table[name].to_pylist() for name in columns), strict=True)

    for piece in tablebytes.written(Extract("rows", columns, rows()), tablebytes.Format.CSV):
        handle.write(piece)


def _write_lines(handle: BinaryIO, tables: Iterable[pa.Table], normaliser: Normaliser) -> None:
    for table in tables:
        for line in fasttext_lines(table, normaliser):
            handle.write(f"{line}\n".encode())
