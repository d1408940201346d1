"""Texts with their codes, from a table or a workbook of a user's making."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from annotation.errors import InvalidInputError
from annotation.nomenclature import sheets
from annotation.nomenclature.sheets import Row, Sheet
from sync import declarations
from sync.settings import IntakeSource
from sync.storage import Storage

WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsm", ".ods")


def read(storage: Storage, path: str, *, text: str, code: str, now: datetime) -> Iterator[tuple[str, str]]:
    """Pairs of text and code, in the order of the file; either may be empty.

    In a workbook, the header is the first row that holds both column names. Raises InvalidInputError that names the
    columns there are where one is missing.
    """
    if path.lower().endswith(WORKBOOK_SUFFIXES):
        yield from _workbook(Path(path), text, code)
        return
    source = IntakeSource(path=path, text=text, code=code)
    for batch in declarations.read(storage, source, now=now):
        yield from ((arrival.text, arrival.code) for arrival in batch)


def _workbook(path: Path, text: str, code: str) -> Iterator[tuple[str, str]]:
    found = sheets.read(path)
    for sheet in found:
        for position, row in enumerate(sheet.rows):
            names = _names(row)
            if text in names and code in names:
                below = sheet.rows[position + 1 :]
                columns = names.index(text), names.index(code)
                yield from ((one.cell(columns[0]), one.cell(columns[1])) for one in below if not one.blank)
                return
    raise InvalidInputError(
        f"{path.name} has no row with the columns {text!r} and {code!r}; its sheets begin with {_begin(found)}.",
        cure="Check --text-column and --code-column.",
    )


def _names(row: Row) -> list[str]:
    return [row.cell(column) for column in range(len(row.cells))]


def _begin(found: list[Sheet]) -> str:
    first = (next(sheet.filled, None) for sheet in found)
    return "; ".join(", ".join(filter(None, _names(row))) for row in first if row is not None) or "nothing"
