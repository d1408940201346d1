"""The nomenclature as the file that Label Studio's tree of codes reads."""

from __future__ import annotations

import json
from typing import Any

from annotation.nomenclature.code import compact
from annotation.nomenclature.nomenclature import Code, Nomenclature
from annotation.nomenclature.search import fold

# The browser shows the first line of a label and searches them all.
NEXT_LINE = "\n"
MOST_OF_A_HINT = 400


def tree(nomenclature: Nomenclature) -> bytes:
    """Levels that tell nothing are left out: without a title, or with that of their only child."""
    items = [node for code in nomenclature.children(None) for node in _nodes(nomenclature, code)]
    return json.dumps({"items": items}, ensure_ascii=False, separators=(",", ":")).encode()


def path(nomenclature: Nomenclature, code: str) -> tuple[str, ...]:
    """From the top of the tree down to the code, as the tree gives it back when the code is chosen."""
    above = reversed(nomenclature.ancestors(code))
    return (*(one.code for one in above if _tells(nomenclature, one)), code)


def _tells(nomenclature: Nomenclature, code: Code) -> bool:
    below = nomenclature.children(code.code)
    repeated = len(below) == 1 and fold(below[0].title) == fold(code.title)
    return code.leaf or not below or (bool(code.title) and not repeated)


def _nodes(nomenclature: Nomenclature, code: Code) -> list[dict[str, Any]]:
    children = [node for child in nomenclature.children(code.code) for node in _nodes(nomenclature, child)]
    if not _tells(nomenclature, code):
        return children
    node: dict[str, Any] = {"value": _label(code), "alias": code.code, "isLeaf": not children}
    if hint := _hint(code):
        node["hint"] = hint
    return [node | {"children": children} if children else node]


def _label(code: Code) -> str:
    # The search is one accent-sensitive substring of this label: it holds every way of writing that people use.
    shown = f"{code.code} {code.title}".strip()
    straight = shown.replace("’", "'")
    bare = f"{compact(code.code)} {fold(code.title)}".strip()
    lines = [shown]
    for other in (straight, bare):
        if all(other.casefold() not in line.casefold() for line in lines):
            lines.append(other)
    return NEXT_LINE.join(lines)


def _hint(code: Code) -> str:
    note = " ".join(part for part in (code.includes, code.also_includes) if part)
    return note if len(note) <= MOST_OF_A_HINT else note[:MOST_OF_A_HINT].rsplit(" ", 1)[0] + " …"
