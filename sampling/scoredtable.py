"""A partition's rows as lines for a model, and scores as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from annotation.domain.text import Normaliser
from annotation.errors import InvalidInputError, InvalidRowError
from sampling.scorer import Scores

ROW = "row"
_BUFFER_BYTES = 2**20
_RESULTS = (
    pa.field("code", pa.string()),
    pa.field("probability", pa.float32()),
    pa.field("margin", pa.float32()),
    pa.field("entropy", pa.float32()),
    pa.field("known", pa.float32()),
    pa.field("codes", pa.list_(pa.string())),
    pa.field("probabilities", pa.list_(pa.float32())),
    pa.field("model_version", pa.dictionary(pa.int32(), pa.string())),
)
_OURS = frozenset({ROW, *(field.name for field in _RESULTS)})


@dataclass(frozen=True, slots=True)
class Columns:
    """Of a partition: the text, the variables that the model is told, and what goes unchanged into the result.

    ``kept`` pairs a column with its name in the result.
    """

    text: str
    variables: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def read(self) -> list[str]:
        return list(dict.fromkeys([self.text, *self.variables, *(name for name, _ in self.kept)]))

    @property
    def passed_on(self) -> dict[str, str]:
        """Columns of the result that come from the partition, by their name there."""
        return {**{new: old for old, new in self.kept}, self.text: self.text}


def open_parquet(handle: BinaryIO, file: str) -> pq.ParquetFile:
    """Read as it is needed: a row group is never held whole."""
    try:
        return pq.ParquetFile(handle, buffer_size=_BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(file, error) from error


def schema(there: pa.Schema, columns: Columns, file: str) -> pa.Schema:
    """Of the result: ``row`` counts the partition's rows from 1. Raises InvalidInputError that names the column."""
    for name in columns.read:
        if there.names.count(name) != 1:
            raise InvalidInputError(
                f"{file} has {'no' if name not in there.names else 'more than one'} column {name!r};"
                f" it has {', '.join(there.names)}.",
                cure="Name the columns with --text-column, --variable and --keep.",
            )
    taken = _OURS & columns.passed_on.keys()
    if taken:
        raise InvalidInputError(
            f"The result has a column {min(taken)!r} of its own.", cure=f"Rename it: --keep {min(taken)}=ANOTHER_NAME"
        )
    if not _is_text(there.field(columns.text).type):
        raise InvalidInputError(
            f"{file}: the column {columns.text!r} holds {there.field(columns.text).type}, no text.",
            cure="Name the column of the texts with --text-column.",
        )
    passed = [pa.field(new, there.field(old).type) for new, old in columns.passed_on.items()]
    return pa.schema([pa.field(ROW, pa.int64()), *passed, *_RESULTS])


def batches(file: pq.ParquetFile, columns: Columns, rows: int, name: str) -> Iterator[pa.RecordBatch]:
    remaining = file.iter_batches(batch_size=rows, columns=columns.read, use_threads=False)
    while True:
        try:
            batch = next(remaining, None)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(name, error) from error
        if batch is None:
            return
        yield batch


def lines(batch: pa.RecordBatch, columns: Columns, normaliser: Normaliser, file: str, before: int) -> list[str]:
    """What the model reads of each row; equal rows are cleaned once. ``before`` rows of the file came before."""
    texts = batch.column(columns.text).to_pylist()
    if batch.column(columns.text).null_count:
        raise InvalidRowError(
            file=file,
            row=before + texts.index(None) + 1,
            reason=f"has no text in {columns.text!r}",
            cure="Fill missing texts with an empty one, which gets no code, or leave the rows out.",
        )
    variables = [_strings(batch.column(name)) for name in columns.variables]
    rows = list(zip(texts, *variables, strict=True))
    made = {row: normaliser.line(row[0], dict(zip(columns.variables, row[1:], strict=True))) for row in set(rows)}
    return [made[row] for row in rows]


def result(
    batch: pa.RecordBatch, scores: Scores, columns: Columns, schema: pa.Schema, before: int, model_version: str
) -> pa.RecordBatch:
    """Rows of the result. A text without a known token has neither code nor probabilities, and the margin 0."""
    scored = scores.known > 0
    named = (scores.codes != "") & scored[:, None]
    ends = pa.array(np.concatenate([[0], np.cumsum(named.sum(axis=1))]), pa.int32())
    count = len(scores)
    ours = [
        pa.array(scores.codes[:, 0], pa.string(), mask=~scored),
        pa.array(scores.probabilities[:, 0], pa.float32(), mask=~scored),
        pa.array(np.where(scored, scores.margin, 0), pa.float32()),
        pa.array(scores.entropy, pa.float32()),
        pa.array(scores.known, pa.float32()),
        pa.ListArray.from_arrays(ends, pa.array(scores.codes[named], pa.string())),
        pa.ListArray.from_arrays(ends, pa.array(scores.probabilities[named], pa.float32())),
        pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([model_version])),
    ]
    numbers = pa.array(np.arange(before + 1, before + count + 1), pa.int64())
    passed = [batch.column(old) for old in columns.passed_on.values()]
    return pa.RecordBatch.from_arrays([numbers, *passed, *ours], schema=schema)


def _strings(column: pa.Array) -> list[str]:
    """As the intake of declarations reads them, so that a model is told the same of both."""
    return ["" if value is None or value != value else str(value) for value in column.to_pylist()]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    # A column without any value has no type.
    return any(
        test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    )


def _unreadable(file: str, error: Exception) -> InvalidInputError:
    return InvalidInputError(
        f"{file} cannot be read as Parquet: {error}", cure="Write the file again, or take it out of the folder."
    )
