"""Published files as rows of text: .csv, .xls and .xlsx alike."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_calamine

from annotation.errors import InvalidInputError, NotFoundError
from annotation.nomenclature import bounds
from annotation.nomenclature.code import INVISIBLE

ENCODINGS = ("utf-8-sig", "cp1252")
SEPARATORS = ",;\t|"
WITHOUT_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class Row:
    """``number`` counts as a spreadsheet does: from 1, blank rows included."""

    number: int
    cells: tuple[str, ...]

    def cell(self, column: int | None) -> str:
        """With single blanks inside and none around, nor anything invisible; empty for a column that is not there."""
        if column is None or column >= len(self.cells):
            return ""
        return " ".join(self.cells[column].translate(WITHOUT_INVISIBLE).split())

    @property
    def blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """``file`` and ``name`` are for messages; a .csv has one sheet, without a name."""

    file: str
    name: str
    rows: tuple[Row, ...]

    @property
    def filled(self) -> Iterator[Row]:
        return (row for row in self.rows if not row.blank)


def read(path: Path, *, sheet: str | None = None) -> list[Sheet]:
    """All sheets of the file, or the named one; told by its first bytes, since downloads lose their extension.

    Errors: NotFoundError for a missing file or sheet, InvalidInputError for one that is neither sheet nor table.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.", cure="Check the path.")
    if path.stat().st_size > bounds.MOST_BYTES:
        raise InvalidInputError(
            f"{path.name} has {path.stat().st_size} bytes, more than {bounds.MOST_BYTES}.", cure="Is it the right file?"
        )
    content = path.read_bytes()
    sheets = _workbook(path, content) if content.startswith(WORKBOOKS) else [_table(path, content)]
    if sheet is None:
        return sheets
    chosen = [one for one in sheets if one.name == sheet]
    if not chosen:
        names = ", ".join(one.name for one in sheets)
        raise NotFoundError(f"{path.name} has no sheet {sheet!r}.", cure=f"It has: {names}.")
    return chosen


def _workbook(path: Path, content: bytes) -> list[Sheet]:
    bounds.check(path.name, content)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        tables = [(name, _cells(path, workbook, name)) for name in _names(workbook)]
    except (python_calamine.CalamineError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{path.name} cannot be read as a workbook: {error}.", cure="Save it anew.") from error
    return [
        Sheet(path.name, name, tuple(Row(i, tuple(map(_text, cells))) for i, cells in enumerate(table, start=1)))
        for name, table in tables
    ]


def _cells(path: Path, workbook: python_calamine.CalamineWorkbook, name: str) -> list[list[Any]]:
    sheet = workbook.get_sheet_by_name(name)
    bounds.check_cells(path.name, sheet.total_height * sheet.total_width)
    return sheet.to_python(skip_empty_area=False)


def _names(workbook: python_calamine.CalamineWorkbook) -> list[str]:
    kind = python_calamine.SheetTypeEnum.WorkSheet
    return [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == kind]


def _text(value: object) -> str:
    """A cell as it is shown: numbers without the fraction that they do not have."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _table(path: Path, content: bytes) -> Sheet:
    text = _decode(path, content)
    rows: list[Row] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text)), start=1):
            rows.append(Row(number, tuple(cells)))
    except csv.Error as error:
        raise InvalidInputError(
            f"{path.name}, row {len(rows) + 1}: {error}.", cure="Is a quotation mark left open? Save it as UTF-8 CSV."
        ) from error
    return Sheet(path.name, "", tuple(rows))


def _decode(path: Path, content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace").replace("\0", "")
    if b"\0" in content:
        raise InvalidInputError(f"{path.name} is not text.", cure="Give a .csv, .xls or .xlsx file.")
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInputError(f"{path.name} is neither UTF-8 nor Windows-1252.", cure="Save it as UTF-8.")


def _separator(text: str) -> str:
    """The separator that the first records hold most often; quotes are honoured, so commas in titles do not count."""
    sample = "".join(text.splitlines(keepends=True)[:30])
    if text.startswith("sep=") and len(text) > 4:
        return text[4]

    def columns(separator: str) -> tuple[int, int]:
        try:
            widths = [len(cells) for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if cells]
        except csv.Error:
            return (0, 0)
        return (min(widths, default=0), widths[0] if widths else 0)

    return max(SEPARATORS, key=lambda separator: (columns(separator)[0] > 1, columns(separator)))
