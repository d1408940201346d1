"""The digest of versions of the former form, which they are still verified by."""

from __future__ import annotations

import hashlib
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import schema

COLUMNS: Final = tuple(name for name in schema.CONTENT.names if name not in ("words_key", "rule"))


def digest(rows: pa.Table) -> str:
    """SHA-256 in hexadecimal over ``COLUMNS``, rows sorted by text key.

    For each column: its name and a zero byte; then for text the lengths in bytes as little-endian int64, -1 for null,
    and the UTF-8 bytes one after the other; for numbers one validity byte per row and the little-endian values, zero
    for null.
    """
    table = schema.content(rows, form=schema.FORMER)
    found = hashlib.sha256()
    for name in COLUMNS:
        found.update(name.encode() + b"\0")
        for part in _parts(table[name].combine_chunks()):
            found.update(part)
    return found.hexdigest()


def _parts(column: pa.Array) -> tuple[bytes, bytes]:
    if pa.types.is_string(column.type):
        lengths = pc.fill_null(pc.binary_length(column), -1).to_numpy(zero_copy_only=False)
        return lengths.astype("<i8").tobytes(), "".join(pc.fill_null(column, "").to_pylist()).encode()
    valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
    # 0.0 and -0.0 are equal and must not give two digests.
    values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False) + 0
    return valid.astype("u1").tobytes(), values.astype(values.dtype.newbyteorder("<")).tobytes()
