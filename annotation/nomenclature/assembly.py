"""From what single rows say to codes that agree: one spelling, one parent, one level each; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from annotation.nomenclature import hierarchy
from annotation.nomenclature.code import compact, dotted
from annotation.nomenclature.drafts import Draft, RejectedRow
from annotation.nomenclature.hierarchy import Hierarchy
from annotation.nomenclature.nomenclature import Code

NAF_LEVEL_BY_LENGTH = {1: 1, 2: 2, 4: 3, 5: 4, 6: 5}


@dataclass(frozen=True, slots=True)
class Assembled:
    codes: tuple[Code, ...]
    rejected: tuple[RejectedRow, ...]


def assemble(
    drafts: Sequence[Draft], *, shape: Hierarchy | None, repeated: bool, every_code_a_leaf: bool, without: Sequence[str]
) -> Assembled:
    """Codes in published order (NAF: sections as they come, then by code), and the rows that cannot be taken.

    Codes above that the file does not give are derived from the spelling, the section letter of NAF excepted. No text
    may be given a derived code; it has the title of its only child, as offices publish it, and none where it has more.
    """
    shape = shape or hierarchy.guess({draft.code for draft in drafts})
    rejected: list[RejectedRow] = []
    if shape is Hierarchy.NAF:
        drafts = _spelled_as_naf(drafts, rejected)
    merged = _merged(drafts, repeated=repeated, rejected=rejected)
    if shape is Hierarchy.DOTTED and not any(draft.parent for draft in merged.values()):
        merged = _with_missing_above(merged)
    if repeated:
        merged = dict(sorted(merged.items(), key=lambda item: _in_numbers(item[0])))
    placed = _placed_as_naf(merged) if shape is Hierarchy.NAF else _placed(merged, shape, rejected)
    kept = _without(placed, without)
    assignable = {code for code, draft in merged.items() if draft.own} if every_code_a_leaf else set()
    return Assembled(_finished(kept, assignable), tuple(rejected))


def _spelled_as_naf(drafts: Iterable[Draft], rejected: list[RejectedRow]) -> list[Draft]:
    taken = []
    for draft in drafts:
        undotted = compact(draft.code)
        code = dotted(undotted) if hierarchy.UNDOTTED_NAF_LEAF.fullmatch(undotted) else draft.code
        if hierarchy.NAF.fullmatch(code):
            taken.append(replace(draft, code=code))
        else:
            rejected.append(_rejected(draft, "is not written as the other codes are", _naf_cure(draft.code)))
    return taken


def _naf_cure(raw: str) -> str:
    upper = dotted(compact(raw).upper())
    return next(
        (f"Write {code}." for code in (upper, f"0{raw}") if hierarchy.NAF.fullmatch(code)),
        "Correct the code, or remove the row.",
    )


def _merged(drafts: Iterable[Draft], *, repeated: bool, rejected: list[RejectedRow]) -> dict[str, Draft]:
    """One draft per code: what the row that is about it says, completed by what other rows say of it."""
    merged: dict[str, Draft] = {}
    owners: dict[tuple[str, str], int] = {}
    for draft in drafts:
        if draft.own:
            first = owners.setdefault((draft.sheet, draft.code), draft.row)
            if first != draft.row and not repeated:
                rejected.append(
                    _rejected(
                        draft,
                        f"stands already in row {first}",
                        "Remove one of the two rows, or say that codes are repeated.",
                    )
                )
                continue
        known = merged.get(draft.code)
        merged[draft.code] = draft if known is None else _completed(known, draft)
    return merged


def _completed(known: Draft, other: Draft) -> Draft:
    first, second = (other, known) if other.own and not known.own else (known, other)
    return replace(
        first,
        title=first.title or second.title,
        parent=first.parent or second.parent,
        level=first.level or second.level,
        section=first.section or second.section,
        includes=first.includes or second.includes,
        also_includes=first.also_includes or second.also_includes,
        excludes=first.excludes or second.excludes,
    )


def _with_missing_above(merged: Mapping[str, Draft]) -> dict[str, Draft]:
    completed: dict[str, Draft] = {}
    for code, draft in merged.items():
        for above in reversed(list(hierarchy.above_by_spelling(code, Hierarchy.DOTTED))):
            if above not in merged:
                completed.setdefault(above, Draft("", draft.row, above, "", own=False))
        completed[code] = draft
    return completed


def _in_numbers(code: str) -> tuple[tuple[int, str], ...]:
    """Sorts ``09.2.2.10`` after ``09.2.2.9``, and ``01`` before ``1``."""
    return tuple((int(part) if part.isascii() and part.isdigit() else -1, part) for part in code.split("."))


def _placed_as_naf(merged: Mapping[str, Draft]) -> list[Code]:
    sections = [code for code in merged if hierarchy.SECTION.fullmatch(code)]
    section_of = {code[:2]: one.section for code, one in merged.items() if one.section and len(code) > 1}
    codes = set(merged).union(*(hierarchy.above_by_spelling(code, Hierarchy.NAF) for code in merged))

    def order(code: str) -> tuple[int, bool, str]:
        section = code if len(code) == 1 else section_of.get(code[:2])
        return (sections.index(section) if section in sections else len(sections)), len(code) > 1, code

    placed = []
    for code in sorted(codes, key=order):
        section = section_of.get(code) if len(code) == 2 else None
        above = hierarchy.parent(code, hierarchy=Hierarchy.NAF, known=codes)
        level = NAF_LEVEL_BY_LENGTH[len(code)] - (0 if sections else 1)
        draft = merged.get(code) or Draft("", 0, code, "", own=False)
        placed.append(_code(draft, level=level, parent=above or (section if section in sections else None)))
    return placed


def _placed(merged: dict[str, Draft], shape: Hierarchy, rejected: list[RejectedRow]) -> list[Code]:
    parents = _parents(merged, shape)
    while orphans := [code for code, parent in parents.items() if parent is not None and parent not in parents]:
        for code in orphans:
            reason = f"its parent {parents.pop(code)} is not in the file"
            rejected.append(
                RejectedRow(merged[code].row, code, reason, "Add a row for the parent.", merged[code].sheet)
            )
    lengths = sorted({len(code) for code in parents})
    by_columns = any(merged[code].parent for code in parents)
    placed: list[Code] = []
    for code, parent in parents.items():
        depth = _depth(code, parents)
        if depth is None:
            reason = "stands above itself"
            rejected.append(_rejected(merged[code], reason, "Correct the parents; they go round in a circle."))
            continue
        level = merged[code].level
        if level is None and not by_columns and shape is Hierarchy.DOTTED:
            level = code.count(".") + 1
        elif level is None and not by_columns and shape is Hierarchy.PREFIX:
            level = lengths.index(len(code)) + 1
        placed.append(_code(merged[code], level=level or depth, parent=parent))
    return placed


def _parents(merged: Mapping[str, Draft], shape: Hierarchy) -> dict[str, str | None]:
    """By column, else by the spelling, else the last code above in the file that is on a higher level."""
    parents: dict[str, str | None] = {}
    latest: dict[int, str] = {}
    for code, draft in merged.items():
        parent = draft.parent or hierarchy.parent(code, hierarchy=shape, known=merged)
        if draft.level is not None:
            higher = [level for level in latest if level < draft.level]
            parent = parent or (latest[max(higher)] if higher else None)
            latest = {level: one for level, one in latest.items() if level < draft.level} | {draft.level: code}
        parents[code] = parent
    return parents


def _depth(code: str, parents: Mapping[str, str | None]) -> int | None:
    """1 for a code without a parent; None when it stands above itself."""
    depth, parent = 1, parents[code]
    while parent is not None:
        depth, parent = depth + 1, parents.get(parent)
        if depth > len(parents):
            return None
    return depth


def _without(codes: Sequence[Code], without: Sequence[str]) -> list[Code]:
    gone = set(without)
    while below := {one.code for one in codes if one.parent in gone} - gone:
        gone |= below
    return [one for one in codes if one.code not in gone]


def _finished(codes: Sequence[Code], assignable: Collection[str]) -> tuple[Code, ...]:
    children: dict[str, list[str]] = {}
    for one in codes:
        if one.parent is not None:
            children.setdefault(one.parent, []).append(one.code)
    titles = {one.code: one.title for one in codes}
    for one in sorted(codes, key=lambda one: -one.level):
        below = children.get(one.code, [])
        if not one.title and len(below) == 1:
            titles[one.code] = titles[below[0]]
    return tuple(
        replace(one, title=titles[one.code], leaf=one.code in assignable or one.code not in children) for one in codes
    )


def _code(draft: Draft, *, level: int, parent: str | None) -> Code:
    return Code(
        code=draft.code,
        level=level,
        parent=parent,
        title=draft.title,
        includes=draft.includes,
        also_includes=draft.also_includes,
        excludes=draft.excludes,
    )


def _rejected(draft: Draft, reason: str, cure: str) -> RejectedRow:
    return RejectedRow(draft.row, draft.code, f"{draft.code} {reason}", cure, draft.sheet)
