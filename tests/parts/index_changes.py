"""The UK SIC activity index of 2010 to 2022 and the log of its changes, each line on one revision of the codes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from annotation.domain import text as texts

LOG: Final = "uksic/uksic_index_changelog_2010_2022.csv"
INDEX: Final = "uksic/uksic_alphabetical_index_dual_2003_2007.csv"

# Wording and code by text key.
Index = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Line:
    """``action`` is *reclassified*, *added*, *deleted* or *typo*; ``new`` is the wording after a typographic change.

    ``after`` is the code that holds from then on, empty for a deletion; ``before`` is empty for an addition.
    """

    year: int
    action: str
    activity: str
    new: str
    before: str
    after: str


@dataclass(slots=True)
class Change:
    """What a year's lines come to: codes by text key, both codes of those recoded."""

    added: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    recoded: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def counts(self) -> tuple[int, int, int]:
        return len(self.added), len(self.removed), len(self.recoded)


def lines(folder: Path, revision: str) -> list[Line]:
    """In the order of the file; ``revision`` is *sic2003* or *sic2007*."""
    return [_line(row, revision) for row in _rows(folder / LOG)]


def published(folder: Path, revision: str) -> Index:
    """The index of December 2022, of which no two wordings share a key."""
    return {texts.text_key(row["activity"]): (row["activity"], row[revision]) for row in _rows(folder / INDEX)}


def taken_back(index: Index, log: Sequence[Line]) -> Index:
    """The index before the first line of the log: the last year is taken back first."""
    state = dict(index)
    for line in sorted(log, key=lambda one: (-one.year, _PLACE[one.action])):
        key = texts.text_key(line.activity)
        if line.action == "added":
            state.pop(key, None)
            continue
        if line.action == "typo":
            state.pop(texts.text_key(line.new), None)
        state[key] = (line.activity, line.before)
    return state


def change(log: Iterable[Line]) -> Change:
    """Read off the lines alone: a typographic change is a removal and an addition, a code given again is nothing."""
    found = Change()
    for line in log:
        key = texts.text_key(line.activity)
        if line.action in ("deleted", "typo"):
            found.removed[key] = line.before
        if line.action in ("added", "typo"):
            found.added[texts.text_key(line.new or line.activity)] = line.after
        if line.action == "reclassified" and line.before != line.after:
            found.recoded[key] = (line.before, line.after)
    return found


# What stands first is taken back first, within a year.
_PLACE: Final = {"added": 0, "typo": 1, "reclassified": 2, "deleted": 3}


def _line(row: dict[str, str], revision: str) -> Line:
    former, current = row[f"prev_{revision}"], row[f"cur_{revision}"]
    # The code of an addition stands in the column of former codes.
    before, after = ("", former) if row["action"] == "added" else (former, current)
    return Line(int(row["year"]), row["action"], row["activity"], row["new_activity"], before, after)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))
