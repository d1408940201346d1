"""DuckDB's digest is that of the plain one, whatever stands in the rows, and follows what goes and comes."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.trainingset import digest, schema
from sync.trainingset.digest import Digest
from tests.parts import multisethash

Texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
Numbers = st.integers(-(2**63), 2**63 - 1)
Rows = st.lists(
    st.fixed_dictionaries(
        {
            field.name: Texts
            if pa.types.is_string(field.type)
            else st.floats(0, allow_infinity=False)
            if pa.types.is_floating(field.type)
            else Numbers
            for field in schema.CONTENT
        }
        | {"coder": st.none() | Texts, "rule": st.none() | Texts, "judgement_id": st.none() | Numbers}
    ),
    max_size=4,
)


def table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema.CONTENT)


@settings(deadline=None)
@given(Rows)
def test_digest__is_that_of_plain_python(rows: list[dict[str, object]]) -> None:
    assert digest.digest(table(rows)) == multisethash.of(table(rows))


@settings(deadline=None, max_examples=50)
@given(Rows, Rows)
def test_digest__rows_taken_away_leave_no_trace(kept: list[dict[str, object]], gone: list[dict[str, object]]) -> None:
    found = Digest(digest.digest(table(kept)))
    found.add(table(gone))
    found.remove(table(gone))

    assert found.hex() == digest.digest(table(kept[::-1]))
