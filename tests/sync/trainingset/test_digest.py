from __future__ import annotations

import hashlib
import struct

import pyarrow as pa
import pytest

from sync.trainingset import digest, schema
from tests.parts.trainingrows import rows


def test_digest__order_chunks_and_columns_of_storage_do_not_matter() -> None:
    one = rows({"a": "1", "b": "2", "c": "3"})
    chunked = pa.concat_tables([one.slice(2), one.slice(0, 1), one.slice(1, 1)])
    stored = chunked.append_column("added_in", pa.array(["v1", "v2", "v3"]))

    assert digest.digest(one) == digest.digest(chunked) == digest.digest(stored)


@pytest.mark.parametrize("column", schema.CONTENT.names)
def test_digest__every_column_of_the_content_matters(column: str) -> None:
    other = {"weight": 0.5, "judgement_id": None, "label_id": 6, "split": "validation"}.get(column, "other")

    assert digest.digest(rows({"a": "1"})) != digest.digest(rows({"a": "1"}, **{column: other}))


def test_digest__null_and_empty_or_zero_differ() -> None:
    assert digest.digest(rows({"a": "1"}, coder=None)) != digest.digest(rows({"a": "1"}, coder=""))
    assert digest.digest(rows({"a": "1"}, judgement_id=None)) != digest.digest(rows({"a": "1"}, judgement_id=0))


def test_digest__as_documented() -> None:
    """Computed anew from the docstring, without Arrow."""
    table = rows({"é": "1", "b": "23"}, coder=None, judgement_id=None)
    expected = hashlib.sha256()
    for name in schema.CONTENT.names:
        values = [row[name] for row in sorted(table.to_pylist(), key=lambda row: str(row["text_key"]))]
        expected.update(name.encode() + b"\0")
        if name in ("weight", "judgement_id", "label_id"):
            expected.update(bytes(value is not None for value in values))
            expected.update(struct.pack("<2d" if name == "weight" else "<2q", *(value or 0 for value in values)))
        else:
            texts = [None if value is None else value.encode() for value in values]
            expected.update(struct.pack("<2q", *(-1 if text is None else len(text) for text in texts)))
            expected.update(b"".join(text or b"" for text in texts))

    assert digest.digest(table) == expected.hexdigest()
