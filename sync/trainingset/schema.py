"""Columns of a training set, and what rows must satisfy to be one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from annotation.errors import CheckFailedError, InvalidInputError

TRAIN: Final = "train"
VALIDATION: Final = "validation"
UPSERT: Final = "upsert"
REMOVE: Final = "remove"

FORMER: Final = 1
FORM: Final = 2
"""What a version's rows hold: those of the former form have neither ``words_key`` nor ``rule``, and another digest."""

CONTENT: Final = pa.schema(
    [
        pa.field("text_key", pa.string(), nullable=False),
        pa.field("group_key", pa.string(), nullable=False),
        # Null in versions of the former form alone.
        pa.field("words_key", pa.int64()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("variables", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("nomenclature", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("coder", pa.string()),
        pa.field("judgement_id", pa.int64()),
        pa.field("label_id", pa.int64(), nullable=False),
        pa.field("rule", pa.string()),
        pa.field("split", pa.string(), nullable=False),
    ]
)
"""What a version says: one row per text key.

``variables`` is a JSON object of strings (``variables_json``), which pandas, DuckDB and CSV all read; ``coder`` is a
pseudonym; ``group_key`` is the same for texts that must not be separated by the split, ``words_key`` for texts that
the model would read alike; ``rule`` is the rule that edited the label, null for none.
"""

STATE: Final = ("words_key", *CONTENT.names[CONTENT.get_field_index("code") :])
"""What may differ between two versions' rows of one text; the other columns follow from its key."""

ROW: Final = CONTENT.append(pa.field("added_in", pa.string(), nullable=False))
"""A resolved row: ``added_in`` is the tag of the version that brought the row as it now stands."""

BEFORE: Final = pa.schema([pa.field(f"{name}_before", ROW.field(name).type) for name in (*STATE, "added_in")])
"""The state of the row in the version before: all null when the text was not in it."""

CHANGE: Final = pa.schema(
    [
        *ROW,
        pa.field("change", pa.string(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
        *BEFORE,
    ]
)
"""A stored row: of those with one ``text_key`` the highest ``sequence`` holds; if it is a removal, the text is out.

A removal repeats the state that the row had, and its ``added_in`` is the version that removed it. ``added_in_before``
is null where the writer did not know it.
"""

DIFFERENCE: Final = pa.schema(
    [*CONTENT, pa.field("added_in", pa.string()), pa.field("kind", pa.string(), nullable=False), *BEFORE]
)
"""A text in which two versions differ: in its new state, or, if it is gone, in its last; ``kind`` is one of KINDS.

``added_in`` is null for a text that is gone.
"""

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
KINDS: Final = (ADDED, REMOVED, CHANGED)


def words_key(cleaned: str) -> int:
    """Equal for texts that the model reads alike: the first 8 bytes of the SHA-256 of the cleaned words, signed."""
    return int.from_bytes(hashlib.sha256(cleaned.encode()).digest()[:8], "big", signed=True)


def variables_json(variables: Mapping[str, str]) -> str:
    """Equal mappings give equal strings, whatever their order."""
    return json.dumps(dict(variables), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content(rows: pa.Table, *, form: int = FORM) -> pa.Table:
    """The content columns in their order and types, sorted by text key, in one chunk; other columns are left out.

    Raises InvalidInputError for a missing column, an impossible value or a null where none may be, and
    CheckFailedError for a text key that occurs twice.
    """
    table = _sorted(typed(rows, form=form))
    check(table, form=form)
    return table.cast(CONTENT)


def ascending(batches: Iterable[pa.RecordBatch], *, form: int = FORM) -> Iterator[pa.Table]:
    """Each batch in the form of ``content``; raises as it does, and InvalidInputError where the order breaks."""
    last: str | None = None
    for batch in batches:
        if not batch.num_rows:
            continue
        table = typed(pa.Table.from_batches([batch]), form=form)
        check(table, form=form)
        first = table["text_key"][0].as_py()
        if last is not None and first <= last:
            if first == last:
                raise _twice(first)
            raise _unsorted(first)
        last = table["text_key"][-1].as_py()
        yield table.cast(CONTENT)


def typed(rows: pa.Table, *, form: int = FORM) -> pa.Table:
    """The content columns in one chunk, of their types, unchecked; rows of the former form get nulls for the new."""
    if form == FORMER:
        for name in ("words_key", "rule"):
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(rows.num_rows, CONTENT.field(name).type))
    missing = [name for name in CONTENT.names if name not in rows.column_names]
    if missing:
        raise InvalidInputError(f"The training set's rows lack {', '.join(missing)}.")
    try:
        return rows.select(CONTENT.names).cast(_NULLABLE).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidInputError(f"The training set's rows do not fit their schema: {error}") from error


def check(table: pa.Table, *, form: int = FORM) -> None:
    """Refuses impossible values, and text keys that do not ascend."""
    _check_nulls(table, form)
    _check_values(table)
    _check_order(table)


def empty() -> pa.Table:
    return ROW.empty_table()


_NULLABLE: Final = pa.schema([field.with_nullable(True) for field in CONTENT])


def _sorted(table: pa.Table) -> pa.Table:
    """Looking whether it is sorted already costs a hundredth of sorting it again."""
    keys = table["text_key"].combine_chunks()
    if pc.all(pc.less_equal(keys[:-1], keys[1:]), min_count=0).as_py():
        return table
    return table.sort_by("text_key").combine_chunks()


def _check_nulls(table: pa.Table, form: int) -> None:
    needed = [field.name for field in CONTENT if not field.nullable]
    for name in needed if form == FORMER else [*needed, "words_key"]:
        if table[name].null_count:
            key = table.filter(pc.is_null(table[name]))["text_key"][0].as_py()
            raise InvalidInputError(f"The training set's row of text {key} has no {name}.")


def _check_values(table: pa.Table) -> None:
    valid = {
        "split": pc.is_in(table["split"], pa.array([TRAIN, VALIDATION])),
        "weight": pc.and_(pc.is_finite(table["weight"]), pc.greater_equal(table["weight"], 0)),
    }
    for name, mask in valid.items():
        if pc.all(mask, min_count=0).as_py():
            continue
        wrong = table.filter(pc.invert(mask))
        key, value = wrong["text_key"][0].as_py(), wrong[name][0].as_py()
        raise InvalidInputError(f"The training set's row of text {key} has the {name} {value!r}.")


def _check_order(table: pa.Table) -> None:
    keys = table["text_key"].combine_chunks()
    if pc.all(pc.less(keys[:-1], keys[1:]), min_count=0).as_py():
        return
    again = pc.equal(keys[1:], keys[:-1])
    if pc.any(again).as_py():
        raise _twice(keys[1:].filter(again)[0].as_py())
    raise _unsorted(keys[1:].filter(pc.less(keys[1:], keys[:-1]))[0].as_py())


def _twice(key: str) -> CheckFailedError:
    return CheckFailedError(
        f"Text {key} occurs twice in the training set.", cure="Settle one label per text before the build."
    )


def _unsorted(key: str) -> InvalidInputError:
    return InvalidInputError(f"The training set's rows are not sorted by text key: {key} comes too late.")
