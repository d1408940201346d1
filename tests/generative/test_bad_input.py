"""Whatever comes in, it is taken, set aside with a reason, or refused with a cure; and what was taken reads back."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.api import webhooks
from annotation.campaign import tablebytes
from annotation.campaign.extracting import Extract, Kind
from annotation.campaign.tablebytes import Format
from annotation.domain import characters
from annotation.errors import InvalidInputError
from annotation.labelstudio import payload
from sync import declarations
from sync.settings import IntakeSource
from sync.storage import Storage

EXAMPLES = int(os.environ.get("AWB_EXAMPLES", "40"))
many = settings(deadline=None, max_examples=EXAMPLES)
tried: Counter[str] = Counter()

NOW = datetime(2026, 4, 1, tzinfo=UTC)
MOMENT = "2026-03-02T08:00:00Z"
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
ODD = st.sampled_from(
    ["", "=1+1", "a;=cmd", '"', "\r\n", "\0", "\ud800", "\u202e", "NaN", "45991", "2026-03-01", "[1,", "é"]
)
CELLS = ODD | ANY_TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(CELLS, inner, max_size=4),
    max_leaves=15,
)
NAMES = ("id", "task", "tasks", "project", "annotation", "annotations", "action", "odd")


@many
@given(st.binary(max_size=200) | st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6).map(str))
def test_declarations__of_any_bytes(content: bytes | str) -> None:
    tried["intake of bytes"] += 1
    raw = content if isinstance(content, bytes) else content.encode("utf-8", errors="replace")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.csv").write_bytes(b"libelle;date;p\n" + raw)
        source = IntakeSource(path="a.csv", date="date", codes="p", probabilities="p")
        try:
            batches = list(declarations.read(Storage(folder), source, now=NOW))
        except InvalidInputError:
            return
    for row in (row for batch in batches for row in batch):
        assert row.problem or row.declared_at is not None
        row.text.encode()
        assert "\0" not in row.text


@many
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_declarations__every_row_of_a_table_comes_back_with_its_number(rows: list[tuple[str, str]]) -> None:
    tried["intake of tables"] += 1
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    written = [tuple(cell.encode("utf-8", "replace").decode().replace("\r", " ") for cell in row) for row in rows]
    writer.writerows([("libelle", "id"), *written])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
        source = IntakeSource(path="a.csv", id="id")
        found = [row for batch in declarations.read(Storage(folder), source, now=NOW) for row in batch]

    assert [row.row for row in found] == list(range(2, len(rows) + 2))
    assert [row.text for row in found] == [characters.storable(text).strip() for text, _ in written]


@many
@given(st.lists(JSON, max_size=3), JSON, JSON)
def test_decode__of_any_annotation(annotations: list[Any], data: Any, who: Any) -> None:
    tried["annotations"] += 1
    usual = {"id": 7, "completed_by": who, "created_at": MOMENT, "updated_at": MOMENT, "result": [{"value": data}]}

    read = payload.decode({"id": 1, "updated_at": MOMENT, "data": data, "annotations": [usual, *annotations]})

    assert len(read.annotations) == len(annotations) + 1
    for one in read.annotations:
        written = json.dumps(dict(one.raw), allow_nan=False)
        assert "\\u0000" not in written
        assert characters.storable_document(json.loads(written)) == json.loads(written)


@many
@given(
    st.binary(max_size=100) | st.dictionaries(st.sampled_from(NAMES), JSON).map(lambda one: json.dumps(one).encode())
)
def test_webhooks__of_any_body(body: bytes) -> None:
    tried["webhooks"] += 1
    try:
        hint = webhooks._parse(body).hint(NOW)
    except InvalidInputError:
        return
    assert all(isinstance(number, int) for numbers in hint.payload.values() for number in numbers)


@many
@given(st.lists(st.tuples(CELLS, st.none() | st.floats(allow_nan=False), JSON), max_size=8))
def test_exports__read_back_and_hold_no_formula(rows: list[tuple[str, float | None, Any]]) -> None:
    tried["exports"] += 1
    rows = [(characters.storable(text), number, characters.storable_document(one)) for text, number, one in rows]
    columns = {"text": Kind.TEXT, "number": Kind.NUMBER, "document": Kind.DOCUMENT}

    def content(form: Format) -> bytes:
        return b"".join(tablebytes.written(Extract("t", columns, iter(rows)), form))

    back = list(csv.reader(io.StringIO(content(Format.CSV).decode("utf-8-sig"), newline="")))[1:]
    table = pq.read_table(pa.BufferReader(content(Format.PARQUET)))

    assert len(back) == len(rows) == table.num_rows
    assert table.column("text").to_pylist() == [text for text, _, _ in rows]
    for cells in back:
        assert not cells[0].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert ";=" not in cells[0]
