"""A table as bytes of a file, piece by piece."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from annotation.campaign.extracting import Extract, Kind

ROWS_AT_ONCE: Final = 5_000
# Spreadsheets take a cell that begins with one of these for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where the separator is another one, as in French Excel, a new cell begins within ours.
_WITHIN: Final = re.compile(r"([;\t\r\n])(?=[=+\-@＝＋－＠])")
# Without it Excel reads UTF-8 as the letters of one country; other programs skip it.
_MARK: Final = "\ufeff"


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        return {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}[self.value]


def written(table: Extract, form: Format) -> Iterator[bytes]:
    """The file; rows are read while it is written."""
    return _csv(table) if form is Format.CSV else _parquet(table)


def safe(cell: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run as a formula; Parquet has it as it is."""
    cell = _WITHIN.sub(r"\1'", cell)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _csv(table: Extract) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, commas, CR LF (RFC 4180)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(_MARK)
    writer.writerow(table.columns)
    kinds = list(table.columns.values())
    for rows in _pieces(table):
        writer.writerows([_cell(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows)
        yield _taken(buffer)
    if rest := _taken(buffer):
        yield rest


def _cell(value: Any, kind: Kind) -> Any:
    if value is None:
        return ""
    match kind:
        case Kind.MOMENT:
            return value.isoformat()
        case Kind.FLAG:
            return "true" if value else "false"
        case Kind.DOCUMENT:
            return safe(_json(value))
        case Kind.TEXT:
            return safe(str(value))
        case _:
            return value


def _parquet(table: Extract) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: Mapping[Kind, pa.DataType] = {
        Kind.TEXT: pa.string(), Kind.INTEGER: pa.int64(), Kind.NUMBER: pa.float64(), Kind.FLAG: pa.bool_(),
        Kind.MOMENT: pa.timestamp("us", tz="UTC"), Kind.DOCUMENT: pa.string(),
    }  # fmt: skip
    schema = pa.schema([pa.field(name, types[kind]) for name, kind in table.columns.items()])
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for rows in _pieces(table):
            writer.write_table(_arrow(rows, table, schema))
            yield sink.taken()
    yield sink.taken()


def _arrow(rows: Sequence[Sequence[Any]], table: Extract, schema: Any) -> Any:
    import pyarrow as pa

    convert: Mapping[Kind, Callable[[Any], Any]] = {Kind.DOCUMENT: _json, Kind.TEXT: str, Kind.FLAG: bool}
    columns = zip(*rows, strict=True)
    arrays = [
        [None if value is None else convert.get(kind, _same)(value) for value in column]
        for column, kind in zip(columns, table.columns.values(), strict=True)
    ]
    return pa.table([pa.array(a, field.type) for a, field in zip(arrays, schema, strict=True)], schema=schema)


class _Sink(io.RawIOBase):
    """Takes what is written, until it is fetched. Nothing seeks in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _pieces(table: Extract) -> Iterator[list[Sequence[Any]]]:
    rows = iter(table.rows)
    while piece := list(islice(rows, ROWS_AT_ONCE)):
        yield piece


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", errors="replace")


def _json(value: Any) -> str:
    plain = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(plain, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _same(value: Any) -> Any:
    return value
