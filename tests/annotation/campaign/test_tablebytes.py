from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from annotation.campaign import tablebytes
from annotation.campaign.extracting import Extract, Kind
from annotation.campaign.tablebytes import Format

COLUMNS = {
    "text": Kind.TEXT, "number": Kind.INTEGER, "share": Kind.NUMBER, "flag": Kind.FLAG, "at": Kind.MOMENT,
    "document": Kind.DOCUMENT,
}  # fmt: skip
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FULL = ('é, "b"\nc', -3, -0.5, True, AT, ["a", 1])
EMPTY = (None,) * 6


def _written(form: Format, *rows: Sequence[Any]) -> bytes:
    return b"".join(tablebytes.written(Extract("t", COLUMNS, iter(rows)), form))


def test_csv__reads_back_as_it_was() -> None:
    content = _written(Format.CSV, FULL, EMPTY)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))

    assert content.startswith(b"\xef\xbb\xbf")
    assert rows[0] == list(COLUMNS)
    assert rows[1] == ['é, "b"\nc', "-3", "-0.5", "true", AT.isoformat(), '["a", 1]']
    assert rows[2] == [""] * 6


@pytest.mark.parametrize(
    ("cell", "disarmed"),
    [
        *((cell, f"'{cell}") for cell in ("=1+1", "+1", "-1", "@SUM(A1)")),
        # Another separator than the comma would begin a cell after the blank.
        *((f"{blank}=1", f"'{blank}'=1") for blank in "\t\r\n"),
    ],
)
def test_csv__what_a_spreadsheet_would_run_is_disarmed(cell: str, disarmed: str) -> None:
    content = _written(Format.CSV, (cell, *EMPTY[1:]))
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))

    assert rows[1][0] == disarmed


def test_parquet__keeps_types() -> None:
    table = pq.read_table(io.BytesIO(_written(Format.PARQUET, FULL, EMPTY)))

    assert table.to_pylist()[0] == {
        "text": "é, \"b\"\nc", "number": -3, "share": -0.5, "flag": True, "at": AT, "document": '["a", 1]',
    }  # fmt: skip
    assert set(table.to_pylist()[1].values()) == {None}


@pytest.mark.parametrize("form", list(Format))
def test_written__a_table_without_rows_has_its_columns(form: Format) -> None:
    content = _written(form)

    names = content.decode("utf-8-sig").strip().split(",") if form is Format.CSV else pq.read_table(io.BytesIO(content))
    assert (names if isinstance(names, list) else names.column_names) == list(COLUMNS)


def test_written__piece_by_piece() -> None:
    rows = [("x", number, 0.5, False, AT, {}) for number in range(2 * tablebytes.ROWS_AT_ONCE + 1)]

    assert len(list(tablebytes.written(Extract("t", COLUMNS, iter(rows)), Format.CSV))) == 3
