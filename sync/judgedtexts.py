"""Tables of one row per judgement, from files of a user's making."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from annotation.errors import InvalidInputError
from annotation.quality.longtable import Judged
from sync import tablefiles
from sync.storage import Storage


def read(storage: Storage, path: str, *, text: str, coder: str, code: str) -> Iterator[Judged]:
    """In the order of files and rows; cells without the blanks around them, empty ones as empty strings.

    Raises InvalidInputError that names the columns there are where one is missing.
    """
    for batch in tablefiles.read(storage, path):
        names = batch.rows.schema.names
        missing = [name for name in (text, coder, code) if name not in names]
        if missing:
            raise InvalidInputError(
                f"{batch.file} has no column {', '.join(map(repr, missing))}; it has {', '.join(names)}.",
                cure="Name the columns with --text-column, --coder-column and --code-column.",
            )
        columns = [_cells(batch.rows.column(name)) for name in (text, coder, code)]
        for number, cells in enumerate(zip(*columns, strict=True)):
            yield Judged(batch.file, batch.row(number) + 1, *cells)


def _cells(column: pa.Array) -> list[str]:
    return ["" if cell is None or cell != cell else str(cell).strip() for cell in column.to_pylist()]
