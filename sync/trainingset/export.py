"""A version as one file, for those who want a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from annotation.errors import InvalidInputError
from sync.storage import Storage

LINES_AT_ONCE: Final = 10_000


class Format(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    FASTTEXT = "fasttext"


class Normaliser(Protocol):
    def line(self, text: str, variables: Mapping[str, str]) -> str:
        """The text as the model reads it, its variables appended as tokens, on one line."""


def export(
    rows: pa.Table, *, storage: Storage, path: str, form: Format = Format.PARQUET, normaliser: Normaliser | None = None
) -> str:
    """The URL written. CSV is UTF-8 with commas. fastText lines are ``__label__<code> <line>``, in the order of rows.

    Raises InvalidInputError for fastText without a normaliser, or for a code with a blank in it.
    """
    if form is Format.FASTTEXT and normaliser is None:
        raise InvalidInputError("A fastText file needs the normaliser of the model that will read it.")
    with storage.writing(path) as handle:
        match form:
            case Format.PARQUET:
                pq.write_table(rows, handle, compression="zstd")
            case Format.CSV:
                pacsv.write_csv(rows, handle)
            case Format.FASTTEXT if normaliser is not None:
                _write_lines(handle, fasttext_lines(rows, normaliser))
    return storage.url_of(path)


def fasttext_lines(rows: pa.Table, normaliser: Normaliser) -> Iterator[str]:
    """Without line ends. A text of which nothing is left keeps its line, which then holds the label alone."""
    for batch in rows.select(["code", "text", "variables"]).to_batches(max_chunksize=LINES_AT_ONCE):
        for code, text, variables in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if re.search(r"\s", code):
                raise InvalidInputError(f"The code {code!r} cannot be a fastText label: it holds a blank.")
            yield f"__label__{code} {normaliser.line(text, json.loads(variables))}".rstrip()


def _write_lines(handle: BinaryIO, lines: Iterator[str]) -> None:
    for line in lines:
        handle.write(f"{line}\n".encode())
