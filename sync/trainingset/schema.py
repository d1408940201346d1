"""Columns of a training set, and what a table must satisfy to be one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from annotation.errors import CheckFailedError, InvalidInputError

TRAIN: Final = "train"
VALIDATION: Final = "validation"
UPSERT: Final = "upsert"
REMOVE: Final = "remove"

CONTENT: Final = pa.schema(
    [
        pa.field("text_key", pa.string(), nullable=False),
        pa.field("group_key", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("variables", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("nomenclature", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("coder", pa.string()),
        pa.field("judgement_id", pa.int64()),
        pa.field("label_id", pa.int64(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
    ]
)
"""What a version says: one row per text key.

``variables`` is a JSON object of strings (``variables_json``), which pandas, DuckDB and CSV all read; ``coder`` is a
pseudonym; ``group_key`` is the same for texts that must not be separated by the split.
"""

ROW: Final = CONTENT.append(pa.field("added_in", pa.string(), nullable=False))
"""A resolved row: ``added_in`` is the tag of the version that brought the row as it now stands."""

CHANGE: Final = ROW.append(pa.field("change", pa.string(), nullable=False)).append(
    pa.field("sequence", pa.int64(), nullable=False)
)
"""A stored row: of those with one ``text_key`` the highest ``sequence`` holds; if it is a removal, the text is out."""


def variables_json(variables: Mapping[str, str]) -> str:
    """Equal mappings give equal strings, whatever their order."""
    return json.dumps(dict(variables), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content(rows: pa.Table) -> pa.Table:
    """The content columns in their order and types, sorted by text key, in one chunk; other columns are left out.

    Raises InvalidInputError for a missing column, an impossible value or a null where none may be, and
    CheckFailedError for a text key that occurs twice.
    """
    missing = [name for name in CONTENT.names if name not in rows.column_names]
    if missing:
        raise InvalidInputError(f"The training set's rows lack {', '.join(missing)}.")
    table = _sorted(_cast(rows.select(CONTENT.names)).combine_chunks())
    _check_nulls(table)
    _check_values(table)
    _check_unique(table)
    return table


def empty() -> pa.Table:
    return ROW.empty_table()


def _cast(rows: pa.Table) -> pa.Table:
    try:
        return rows.cast(pa.schema([field.with_nullable(True) for field in CONTENT]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidInputError(f"The training set's rows do not fit their schema: {error}") from error


def _sorted(table: pa.Table) -> pa.Table:
    """Looking whether it is sorted already costs a hundredth of sorting it again."""
    keys = table["text_key"].combine_chunks()
    if pc.all(pc.less_equal(keys[:-1], keys[1:]), min_count=0).as_py():
        return table
    return table.sort_by("text_key").combine_chunks()


def _check_nulls(table: pa.Table) -> None:
    for field in CONTENT:
        if not field.nullable and table[field.name].null_count:
            key = table.filter(pc.is_null(table[field.name]))["text_key"][0].as_py()
            raise InvalidInputError(f"The training set's row of text {key} has no {field.name}.")


def _check_values(table: pa.Table) -> None:
    valid = {
        "split": pc.is_in(table["split"], pa.array([TRAIN, VALIDATION])),
        "weight": pc.and_(pc.is_finite(table["weight"]), pc.greater_equal(table["weight"], 0)),
    }
    for name, mask in valid.items():
        wrong = table.filter(pc.invert(mask))
        if wrong.num_rows:
            key, value = wrong["text_key"][0].as_py(), wrong[name][0].as_py()
            raise InvalidInputError(f"The training set's row of text {key} has the {name} {value!r}.")


def _check_unique(table: pa.Table) -> None:
    keys = table["text_key"].combine_chunks()
    again = pc.equal(keys[1:], keys[:-1])
    if pc.any(again).as_py():
        key = keys[1:].filter(again)[0].as_py()
        raise CheckFailedError(
            f"Text {key} occurs twice in the training set.", cure="Settle one label per text before the build."
        )
