from __future__ import annotations

import pyarrow as pa
import pytest

from annotation.errors import CheckFailedError, InvalidInputError
from sync.trainingset import schema
from tests.parts.trainingrows import row, rows


def test_content__sorted_in_order_of_columns_without_others() -> None:
    table = rows({"b": "1", "a": "2"}).append_column("extra", pa.array([1, 2]))

    found = schema.content(table.select(sorted(table.column_names)))

    assert found.column_names == schema.CONTENT.names
    assert found["text_key"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("code", None, "text a has no code"),
        ("split", "test", "text a has the split 'test'"),
        ("weight", float("nan"), "text a has the weight nan"),
        ("weight", -1.0, "text a has the weight -1.0"),
    ],
)
def test_content__impossible_value_names_the_text(column: str, value: object, said: str) -> None:
    table = pa.Table.from_pylist([row("a", "1") | {column: value}], schema=_nullable())

    with pytest.raises(InvalidInputError, match=said):
        schema.content(table)


def test_content__missing_column() -> None:
    with pytest.raises(InvalidInputError, match="lack code, split"):
        schema.content(rows({"a": "1"}).drop_columns(["code", "split"]))


def test_content__same_text_twice() -> None:
    with pytest.raises(CheckFailedError, match="Text a occurs twice"):
        schema.content(pa.concat_tables([rows({"a": "1"}), rows({"a": "2"})]))


def test_content__wrong_type() -> None:
    table = rows({"a": "1"}).drop_columns("label_id").append_column("label_id", pa.array(["x"]))

    with pytest.raises(InvalidInputError, match="do not fit their schema"):
        schema.content(table)


def test_variables_json__order_does_not_matter() -> None:
    assert (
        schema.variables_json({"b": "é", "a": "1"})
        == schema.variables_json({"a": "1", "b": "é"})
        == '{"a":"1","b":"é"}'
    )


def _nullable() -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema.CONTENT])
