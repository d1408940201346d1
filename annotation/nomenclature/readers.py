"""Reads nomenclatures and correspondences from files as their offices publish them.

What a file looks like is told by its header row (``layouts``); who stands above whom by columns, by the order of rows
or by the codes themselves (``hierarchy``). A row that cannot be taken stops the strict readers (``read_…``) and
is handed back, for the quarantine, by the lenient ones (``collect_…``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

from annotation.errors import InvalidInputError, InvalidRowError
from annotation.nomenclature import assembly, drafts, layouts, sheets
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.correspondence import Correspondence
from annotation.nomenclature.drafts import Draft, RejectedRow
from annotation.nomenclature.hierarchy import Hierarchy
from annotation.nomenclature.layouts import Columns, Named, UkSicColumns
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.nomenclature.search import fold
from annotation.nomenclature.sheets import Row, Sheet

LEVEL_SHEET = re.compile(r"sections?|divisions?|groupes?|groups?|classes|sous-classes|sub-?classes")
OLD = re.compile(
    r"(?:code )?(?:old|source|ancien)(?: code)?|naf ?old-code.*"
    r"|(?:codes? )?(?:naf|nace) ?(?:rev\.? ?2(?!\.1)|2008)(?: .*)?"
)
NEW = re.compile(
    r"(?:code )?(?:new|target|nouveau)(?: code)?|naf ?new-code.*|(?:codes? )?(?:naf ?2025|nace ?rev\.? ?2\.1)(?: .*)?"
)
WORDING = re.compile(r"\b(?:intitules?|libelles?|titles?|descriptions?|types?)\b")
PAIR_WANTED = "the old codes (naf_rev2, old, source …) and the new ones (naf_2025, new, target …)"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user may say of a file that does not say it itself.

    Columns in ``named`` are believed before recognised ones. With ``repeated``, a code that stands again is the same
    code and its first title is kept: a file of coded texts then gives its codes, sorted. With ``every_code_a_leaf``,
    a text may be given any code, not only those with nothing below. ``without`` leaves codes out with all below.
    """

    sheet: str | None = None
    named: Named = field(default_factory=Named)
    hierarchy: Hierarchy | None = None
    repeated: bool = False
    every_code_a_leaf: bool = False
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadNomenclature:
    nomenclature: Nomenclature
    rejected: tuple[RejectedRow, ...]


@dataclass(frozen=True, slots=True)
class ReadCorrespondence:
    correspondence: Correspondence
    rejected: tuple[RejectedRow, ...]


def read_nomenclature(
    source: Path | str, *, key: str, title: str = "", options: ReadOptions | None = None
) -> Nomenclature:
    """Errors: NotFoundError, InvalidInputError for an unknown layout, InvalidRowError for the first bad row."""
    result = collect_nomenclature(source, key=key, title=title, options=options)
    _refuse(Path(source), result.rejected)
    return result.nomenclature


def collect_nomenclature(
    source: Path | str, *, key: str, title: str = "", options: ReadOptions | None = None
) -> ReadNomenclature:
    """As ``read_nomenclature``, with the bad rows, in the order of rows, beside what could be read.

    The structure file of the UK SIC gives every class twice: as class (``0111``), and as the five figures that texts
    are coded with (``01110``), a leaf also where the class has sub-classes: the index codes some texts no further.
    """
    path, options = Path(source), options or ReadOptions()
    read: list[Draft] = []
    rejected: list[RejectedRow] = []
    for sheet, start, columns in _recognised(path, options.sheet, options.named):
        for draft in drafts.of(_below(sheet, start), columns, sheet=sheet.name):
            if isinstance(draft, Draft):
                read.append(draft)
            else:
                rejected.append(draft)
    built = assembly.assemble(
        read,
        shape=options.hierarchy,
        repeated=options.repeated,
        every_code_a_leaf=options.every_code_a_leaf,
        without=options.without,
    )
    rejected = sorted([*rejected, *built.rejected], key=lambda one: one.row)
    if not built.codes:
        _refuse(path, rejected)
    return ReadNomenclature(Nomenclature(key=key, title=title or key, codes=built.codes), tuple(rejected))


def merge_notes(nomenclature: Nomenclature, source: Path | str, *, sheet: str | None = None) -> Nomenclature:
    """``nomenclature`` with the explanatory notes of the file; its titles stay.

    Errors: InvalidRowError, also for a code that the nomenclature does not have.
    """
    path = Path(source)
    notes: dict[str, tuple[str, str, str]] = {}
    for one, start, columns in _recognised(path, sheet, Named()):
        if isinstance(columns, UkSicColumns) or not columns.includes:
            raise InvalidInputError(f"{path.name} holds no notes.", cure="Wanted: a column includes, or comprend.")
        for row in _below(one, start):
            raw = row.cell(columns.code)
            try:
                notes[nomenclature.parse(raw)] = drafts.notes(row, columns)
            except UnknownCodeError as error:
                _refuse(path, [_unknown(error, row, one)])
    kept = (
        one
        if (found := notes.get(one.code)) is None
        else replace(one, includes=found[0], also_includes=found[1], excludes=found[2])
        for one in nomenclature
    )
    return Nomenclature(key=nomenclature.key, title=nomenclature.title, codes=kept)


def read_correspondence(
    source: Path | str,
    *,
    key: str,
    old: Nomenclature,
    new: Nomenclature,
    columns: tuple[str, str] | None = None,
    sheet: str | None = None,
    repeated: bool = False,
) -> Correspondence:
    """Errors: NotFoundError, InvalidInputError for an unknown layout, InvalidRowError for the first bad row."""
    result = collect_correspondence(source, key=key, old=old, new=new, columns=columns, sheet=sheet, repeated=repeated)
    _refuse(Path(source), result.rejected)
    return result.correspondence


def collect_correspondence(
    source: Path | str,
    *,
    key: str,
    old: Nomenclature,
    new: Nomenclature,
    columns: tuple[str, str] | None = None,
    sheet: str | None = None,
    repeated: bool = False,
) -> ReadCorrespondence:
    """Pairs of leaves in published order, and the bad rows.

    ``columns`` name the old and the new code where the header does not tell. With ``repeated``, a pair may stand again,
    as in a file of texts coded in both nomenclatures.
    """
    one, start, (old_at, new_at) = _pair_columns(Path(source), sheet, columns)
    pairs: dict[tuple[str, str], int] = {}
    rejected: list[RejectedRow] = []
    for row in _below(one, start):
        before, after = row.cell(old_at), row.cell(new_at)
        if not before and not after:
            continue
        try:
            pair = old.parse(before, leaf=True), new.parse(after, leaf=True)
        except UnknownCodeError as error:
            rejected.append(_unknown(error, row, one))
            continue
        first = pairs.setdefault(pair, row.number)
        if first != row.number and not repeated:
            reason = f"{pair[0]} -> {pair[1]} stands already in row {first}"
            rejected.append(RejectedRow(row.number, before, reason, "Remove one of the two rows.", one.name))
    table = Correspondence(key=key, source=old.key, target=new.key, pairs=tuple(pairs))
    return ReadCorrespondence(table, tuple(rejected))


def _recognised(path: Path, sheet: str | None, named: Named) -> list[tuple[Sheet, int, Columns | UkSicColumns]]:
    """The sheets to read: all that we know of a workbook with one sheet per level, else the first that we know."""
    read = sheets.read(path, sheet=sheet)
    known = [(one, *found) for one in read if (found := layouts.find(one, named)) is not None]
    if not known:
        raise InvalidInputError(f"{path.name} {_shown(read)}.", cure=f"Wanted: {layouts.WANTED}.")
    by_level = sum(1 for one, *_ in known if LEVEL_SHEET.fullmatch(fold(one.name))) > 1
    return known if by_level else known[:1]


def _pair_columns(path: Path, sheet: str | None, named: tuple[str, str] | None) -> tuple[Sheet, int, tuple[int, int]]:
    read = sheets.read(path, sheet=sheet)
    for one in read:
        headers = [layouts.header(row.cells) for row in one.rows[: layouts.HEADER_WITHIN]]
        for above, names, below in zip([[], *headers], headers, [*headers[1:], []], strict=False):
            for candidate in (names, _under(above, names)):
                found = _pair(candidate, named)
                if found is not None and not _heads(below, found):
                    return one, headers.index(names) + 1, found
    wanted = " and ".join(named) if named else PAIR_WANTED
    raise InvalidInputError(f"{path.name} {_shown(read)}.", cure=f"Wanted: {wanted}.")


def _heads(names: Sequence[str], columns: tuple[int, int]) -> bool:
    return all(at < len(names) and names[at].startswith("code") for at in columns)


def _under(above: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names of a header in two rows, whose upper cells span several columns: ``NAF 2025`` over ``Code, Intitulé``."""
    spread: Iterator[str] = accumulate(above, lambda left, cell: cell or left)
    return [f"{upper} {name}" if name else "" for upper, name in zip(spread, names, strict=False)]


def _pair(names: Sequence[str], named: tuple[str, str] | None) -> tuple[int, int] | None:
    if named is not None:
        old, new = layouts.header(named)
        return (names.index(old), names.index(new)) if old in names and new in names else None
    found = [_matching(names, OLD.fullmatch), _matching(names, NEW.fullmatch)]
    return (found[0][0], found[1][0]) if all(found) else None


def _matching(names: Sequence[str], matches: Callable[[str], object]) -> list[int]:
    return [at for at, name in enumerate(names) if matches(name) and not WORDING.search(name)]


def _below(sheet: Sheet, header: int) -> Iterator[Row]:
    return (row for row in sheet.filled if row.number > header)


def _shown(read: Sequence[Sheet]) -> str:
    first = next((row for sheet in read for row in sheet.filled), None)
    if first is None:
        return "is empty"
    return f"has the columns {', '.join(repr(name) for cell in first.cells if (name := ' '.join(cell.split())))}"


def _unknown(error: UnknownCodeError, row: Row, sheet: Sheet) -> RejectedRow:
    return RejectedRow(row.number, error.raw, error.message.rstrip("."), error.cure, sheet.name)


def _refuse(path: Path, rejected: Sequence[RejectedRow]) -> None:
    if rejected:
        first, more = rejected[0], len(rejected) - 1
        file = f"{path.name} ({first.sheet})" if first.sheet else path.name
        reason = f"{first.reason} (and {more} more bad rows)." if more else f"{first.reason}."
        raise InvalidRowError(file=file, row=first.row, reason=reason, cure=first.cure)
