from __future__ import annotations

import pyarrow as pa
import pytest

from sync.trainingset import digest, schema
from sync.trainingset.digest import Digest
from tests.parts import multisethash
from tests.parts.trainingrows import rows

FORMER = "f4e342abc0d5b6a510a729aa6d638be9afaa97da2178dea07d6ca93510d8bd09"


def test_digest__order_chunks_and_columns_of_storage_do_not_matter() -> None:
    one = rows({"a": "1", "b": "2", "c": "3"})
    chunked = pa.concat_tables([one.slice(2), one.slice(0, 1), one.slice(1, 1)])
    stored = chunked.append_column("added_in", pa.array(["v1", "v2", "v3"]))

    assert digest.digest(one) == digest.digest(chunked) == digest.digest(stored)


@pytest.mark.parametrize("column", schema.CONTENT.names)
def test_digest__every_column_of_the_content_matters(column: str) -> None:
    other = {"words_key": 1, "weight": 0.5, "judgement_id": None, "label_id": 6, "split": "validation"}.get(
        column, "other"
    )

    assert digest.digest(rows({"a": "1"})) != digest.digest(rows({"a": "1"}, **{column: other}))


def test_digest__null_and_empty_or_zero_differ() -> None:
    assert digest.digest(rows({"a": "1"}, coder=None)) != digest.digest(rows({"a": "1"}, coder=""))
    assert digest.digest(rows({"a": "1"}, judgement_id=None)) != digest.digest(rows({"a": "1"}, judgement_id=0))


def test_digest__zero_and_minus_zero_are_one_weight() -> None:
    assert digest.digest(rows({"a": "1"}, weight=0.0)) == digest.digest(rows({"a": "1"}, weight=-0.0))


def test_digest__as_documented() -> None:
    """Computed anew from the docstring, without Arrow and DuckDB."""
    table = rows({"é": "1", "b": "23"}, coder=None, judgement_id=None)

    assert digest.digest(table) == multisethash.of(table)
    assert digest.digest(table.slice(0, 0)) == multisethash.of(table.slice(0, 0)) == "0" * 64


def test_digest__follows_the_rows_that_go_and_come() -> None:
    old, new = rows({"a": "1", "b": "2", "c": "3"}), rows({"a": "1", "b": "4", "d": "5"})
    found = Digest(digest.digest(old))

    found.remove(rows({"b": "2", "c": "3"}))
    found.add(rows({"b": "4", "d": "5"}))

    assert found.hex() == digest.digest(new)


def test_digest__of_the_former_form() -> None:
    """As the versions of that time recorded it; the columns that came later do not count."""
    table = rows({"a": "1", "b": "2"})

    assert digest.digest(table, form=schema.FORMER) == FORMER
    assert digest.digest(table.drop_columns(["words_key", "rule"]), form=schema.FORMER) == FORMER
