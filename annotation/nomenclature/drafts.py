"""What the rows of a published nomenclature say, before it is known whether they agree; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from annotation.nomenclature import hierarchy
from annotation.nomenclature.code import trim
from annotation.nomenclature.layouts import Columns, UkSicColumns
from annotation.nomenclature.sheets import Row

SECTION_ROW = re.compile(r"SECTION\s+([A-Z])", re.IGNORECASE)
NO_CODE = "na"
CLASS_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """``own`` tells the code that a row is about from the codes above it that the row repeats.

    ``section`` is the section letter under which the row stands, where the file shows one.
    """

    sheet: str
    row: int
    code: str
    title: str
    parent: str | None = None
    level: int | None = None
    section: str | None = None
    own: bool = True
    includes: str = ""
    also_includes: str = ""
    excludes: str = ""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be taken; ``row`` counts as a spreadsheet does, ``sheet`` is empty for a .csv."""

    row: int
    raw: str
    reason: str
    cure: str = ""
    sheet: str = ""


def of(rows: Iterable[Row], columns: Columns | UkSicColumns, *, sheet: str) -> Iterator[Draft | RejectedRow]:
    """Drafts in the order of the rows, codes above before those below; ``rows`` without the header."""
    return _uk_sic(rows, columns, sheet) if isinstance(columns, UkSicColumns) else _listed(rows, columns, sheet)


def notes(row: Row, columns: Columns) -> tuple[str, str, str]:
    """What the code includes, also includes and excludes."""
    includes = " ".join(note for at in columns.includes if (note := row.cell(at)))
    return includes, row.cell(columns.also_includes), row.cell(columns.excludes)


def _listed(rows: Iterable[Row], columns: Columns, sheet: str) -> Iterator[Draft | RejectedRow]:
    section = None
    for row in rows:
        raw, title = trim(row.cell(columns.code)), row.cell(columns.title)
        if not raw:
            if title:
                yield RejectedRow(row.number, title, "there is no code", "Give the code, or remove the row.", sheet)
            continue
        level = row.cell(columns.level)
        if level and not level.isdigit():
            yield RejectedRow(row.number, raw, f"the level {level!r} is not a whole number", "Count from 1.", sheet)
            continue
        if headed := SECTION_ROW.fullmatch(raw):
            raw = headed[1]
        if hierarchy.SECTION.fullmatch(raw):
            section = raw
        above = list(_above(row, columns, sheet))
        yield from above
        parent = trim(row.cell(columns.parent)) or (above[-1].code if above else None)
        shown = [one.code for one in above] + ([parent] if parent else [])
        includes, also_includes, excludes = notes(row, columns)
        yield Draft(
            sheet=sheet,
            row=row.number,
            code=raw,
            title=title,
            parent=parent,
            level=int(level) if level else None,
            section=next((code for code in shown if hierarchy.SECTION.fullmatch(code)), section),
            includes=includes,
            also_includes=also_includes,
            excludes=excludes,
        )


def _above(row: Row, columns: Columns, sheet: str) -> Iterator[Draft]:
    parent = None
    for code_at, title_at in columns.ancestors:
        if code := trim(row.cell(code_at)):
            yield Draft(sheet, row.number, code, row.cell(title_at), parent=parent, own=False)
            parent = code


def _uk_sic(rows: Iterable[Row], columns: UkSicColumns, sheet: str) -> Iterator[Draft | RejectedRow]:
    for row in rows:
        chain = [code for at in columns.levels if (code := trim(row.cell(at))) and code != NO_CODE]
        title = row.cell(columns.title)
        if not chain:
            yield RejectedRow(row.number, title, "there is no code", "Give the code, or remove the row.", sheet)
            continue
        code, parent = chain[-1], chain[-2] if len(chain) > 1 else None
        yield Draft(sheet, row.number, code, title, parent=parent)
        if len(chain) == CLASS_DEPTH:
            yield Draft(sheet, row.number, f"{code}0", title, parent=code)
