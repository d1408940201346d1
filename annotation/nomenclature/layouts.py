"""The layouts in which offices publish nomenclatures, recognised by their header row; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.nomenclature.search import fold
from annotation.nomenclature.sheets import Sheet

HEADER_WITHIN = 20
"""Titles and blank rows stand above the header of an official file, never more than this."""

WANTED = (
    "a code column (code, code_naf …) with a title (title, libelle, intitulé …) and, if any, parent and level; or one "
    "code column per level (section, division, groupe, classe, sous-classe, or NIV1 … NIV5); or a column of labels "
    "(label, category)"
)

_TITLE = r"(?:lib|libelles?|intitules?|titles?|titres?)"
_LEVELS = {
    1: r"(?:sections?|niv(?:eau)? ?1)",
    2: r"(?:divisions?|niv(?:eau)? ?2)",
    3: r"(?:groupes?|groups?|niv(?:eau)? ?3)",
    4: r"(?:classes?|class|niv(?:eau)? ?4)",
    5: r"(?:sous[- ]?classes?|sub[- ]?class(?:es)?|niv(?:eau)? ?5)",
}
LEVEL_CODES = {
    level: re.compile(rf"(?:codes? (?:de la |du )?|naf (?:2025|rev\.? ?2) )?{words}")
    for level, words in _LEVELS.items()
}
LEVEL_TITLES = {level: re.compile(rf"{_TITLE} (?:de la |des |du |of )?{words}") for level, words in _LEVELS.items()}
NACE_CLASS = re.compile(r"nace ?rev\.? ?[\d.]+")
CODES = (re.compile(r"codes?"), re.compile(r"codes? .*"), re.compile(r"(?:naf|nace|sic|coicop|isco|naics|ape)(?: .*)?"))
TITLES = (
    re.compile(rf"{_TITLE} .*version finale"),
    re.compile(rf"{_TITLE}|label|heading|name|nom"),
    re.compile(rf"{_TITLE} (?!.*caracteres).*"),
    re.compile(r"description"),
)
LABELS = (re.compile(r"labels?|categor(?:y|ies|ie)|intents?|etiquettes?"),)
PARENT = (re.compile(r"parent|parent code|code parent"),)
LEVEL = (re.compile(r"level|niveau"),)
INCLUDES = re.compile(r"(?:this item )?includes|description|comprend")
ALSO_INCLUDES = (re.compile(r"(?:this item )?also includes|includes ?also|comprend (?:aussi|egalement)"),)
EXCLUDES = (re.compile(r"not includes|(?:this item )?excludes|ne comprend pas"),)
UK_SIC = ("description", "section", "division", "group", "class", "sub class", "level headings")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each part stands, in columns counted from 0.

    ``ancestors`` are (code, title) columns of the levels above ``code`` that stand in the same row, coarsest first.
    """

    code: int
    title: int | None = None
    ancestors: tuple[tuple[int, int | None], ...] = ()
    parent: int | None = None
    level: int | None = None
    includes: tuple[int, ...] = ()
    also_includes: int | None = None
    excludes: int | None = None


@dataclass(frozen=True, slots=True)
class UkSicColumns:
    """The structure file of the UK SIC: the deepest level that is not ``na`` is what the row speaks of."""

    title: int
    levels: tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Named:
    """Columns named by the user, which are believed before any that are recognised."""

    code: str | None = None
    title: str | None = None
    parent: str | None = None
    level: str | None = None


def header(cells: Sequence[str]) -> list[str]:
    """Cells of a header row made comparable: folded, on one line, without underscores."""
    return [fold(cell.replace("_", " ")) for cell in cells]


def find(sheet: Sheet, named: Named) -> tuple[int, Columns | UkSicColumns] | None:
    """Number of the header row, and the columns; None when no row is a header that we know."""
    for row in sheet.rows[:HEADER_WITHIN]:
        columns = recognise(header(row.cells), named)
        if columns is not None:
            return row.number, columns
    return None


def recognise(names: Sequence[str], named: Named) -> Columns | UkSicColumns | None:
    """The columns of a header row as ``header`` gives it."""
    if named.code is None and set(UK_SIC) <= set(names):
        section, division, group, klass, sub_class = (names.index(name) for name in UK_SIC[1:6])
        return UkSicColumns(title=names.index("description"), levels=(section, division, group, klass, sub_class))
    levels = {} if named.code is not None else _level_columns(names)
    code = _column(names, named.code, CODES, but=tuple(levels.values()))
    title_patterns: tuple[re.Pattern[str], ...] = TITLES
    if code is None and named.code is None and levels:
        finest = max(levels)
        code = levels.pop(finest)
        title_patterns = (LEVEL_TITLES[finest], *TITLES)
    label = _label_column(names) if code is None and named.code is None else None
    code = label if code is None else code
    if code is None:
        return None
    title = _column(names, named.title, title_patterns, but=(code,))
    title = label if title is None else title
    if named.title is not None and title is None:
        return None
    return Columns(
        code=code,
        title=title,
        ancestors=tuple((levels[level], _first(names, (LEVEL_TITLES[level],))) for level in sorted(levels)),
        parent=_column(names, named.parent, PARENT, but=(code,)),
        level=_column(names, named.level, LEVEL, but=(code,)),
        includes=tuple(at for at, name in enumerate(names) if INCLUDES.fullmatch(name) and at != title),
        also_includes=_first(names, ALSO_INCLUDES),
        excludes=_first(names, EXCLUDES),
    )


def _level_columns(names: Sequence[str]) -> dict[int, int]:
    levels = {level: at for level, one in LEVEL_CODES.items() if (at := _first(names, (one,))) is not None}
    if 5 in levels and 4 not in levels and (at := _first(names, (NACE_CLASS,))) is not None:
        levels[4] = at
    return levels


def _label_column(names: Sequence[str]) -> int | None:
    filled = [at for at, name in enumerate(names) if name]
    alone = filled[0] if len(filled) == 1 and any(one.fullmatch(names[filled[0]]) for one in TITLES) else None
    return _first(names, LABELS) if alone is None else alone


def _column(
    names: Sequence[str], named: str | None, patterns: Sequence[re.Pattern[str]], *, but: tuple[int, ...]
) -> int | None:
    if named is None:
        return _first(names, patterns, but=but)
    wanted = header([named])[0]
    return names.index(wanted) if wanted in names else None


def _first(names: Sequence[str], patterns: Sequence[re.Pattern[str]], *, but: tuple[int, ...] = ()) -> int | None:
    """The leftmost column that matches the first pattern that any column matches."""
    for pattern in patterns:
        for at, name in enumerate(names):
            if at not in but and pattern.fullmatch(name):
                return at
    return None
