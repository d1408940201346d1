"""The hand-written business descriptions behind the demo's register."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class SubClass:
    """``wordings`` run from the commonest to the rarest; ``recent`` ones are those that the history has never seen."""

    code: str
    liasse_type: str
    nature: str
    cj: str
    shop: bool
    neighbours: tuple[str, ...]
    wordings: tuple[str, ...]
    recent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wordings:
    """``by_frequency`` names each sub-class once, the commonest first."""

    by_frequency: tuple[str, ...]
    sub_classes: Mapping[str, SubClass]


def read(path: Path) -> Wordings:
    """Raises InvalidInputError where a code named in the file has no sub-class in it, or the other way round."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    sub_classes = {code: _sub_class(code, table) for code, table in document["sub_classes"].items()}
    ranked = tuple(document["by_frequency"])
    named = {*ranked, *(code for each in sub_classes.values() for code in each.neighbours)}
    if strangers := named ^ sub_classes.keys():
        raise InvalidInputError(
            f"{path.name}: {', '.join(sorted(strangers))} named only once",
            cure="Give each sub-class a table, and its place in by_frequency.",
        )
    return Wordings(by_frequency=ranked, sub_classes=sub_classes)


def _sub_class(code: str, table: Mapping[str, Any]) -> SubClass:
    return SubClass(
        code=code,
        liasse_type=table["liasse_type"],
        nature=table["nature"],
        cj=table["cj"],
        shop=table.get("shop", False),
        neighbours=tuple(table["neighbours"]),
        wordings=tuple(table["wordings"]),
        recent=tuple(table.get("recent", ())),
    )
