"""Who stands above whom, where the file says it only by the way codes are written; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import StrEnum

SECTION = re.compile(r"[A-Z]")
NAF = re.compile(r"[A-Z]|\d\d(?:\.\d(?:\d[A-Z]?)?)?")
NAF_LEAF = re.compile(r"\d\d\.\d\d[A-Z]")
UNDOTTED_NAF_LEAF = re.compile(r"\d{4}[A-Z]")
MOST = 0.9


class Hierarchy(StrEnum):
    """How codes tell their parent."""

    NAF = "naf"
    """``A`` > ``01`` > ``01.1`` > ``01.11`` > ``01.11Z``; also NACE, which ends at ``01.11``."""
    DOTTED = "dotted"
    """``01`` > ``01.1`` > ``01.1.1``, of mixed depth."""
    PREFIX = "prefix"
    """``1`` > ``11`` > ``111``: figures that grow to the right."""
    FLAT = "flat"


def guess(codes: Collection[str]) -> Hierarchy:
    """The hierarchy that most of ``codes`` are written in; a few bad rows don't hide it."""
    dotted_naf = sum(1 for code in codes if NAF.fullmatch(code) or UNDOTTED_NAF_LEAF.fullmatch(code))
    telling = any(NAF_LEAF.fullmatch(code) or UNDOTTED_NAF_LEAF.fullmatch(code) or "." in code for code in codes)
    if telling and dotted_naf >= MOST * len(codes):
        return Hierarchy.NAF
    in_figures = sum(1 for code in codes if code.replace(".", "").isdigit()) >= MOST * len(codes)
    with_dots = [code for code in codes if "." in code]
    if with_dots and (
        in_figures or sum(code.rpartition(".")[0] in codes for code in with_dots) >= MOST * len(with_dots)
    ):
        return Hierarchy.DOTTED
    return Hierarchy.PREFIX if in_figures and len({len(code) for code in codes}) > 1 else Hierarchy.FLAT


def parent(code: str, *, hierarchy: Hierarchy, known: Collection[str]) -> str | None:
    """The nearest code of ``known`` above ``code``; a section is never told by the code alone."""
    return next((above for above in above_by_spelling(code, hierarchy) if above in known), None)


def above_by_spelling(code: str, hierarchy: Hierarchy) -> Iterable[str]:
    """Nearest first: what the spelling says stands above ``code``."""
    match hierarchy:
        case Hierarchy.NAF:
            return [code[:length] for length in (5, 4, 2) if length < len(code)]
        case Hierarchy.DOTTED:
            parts = code.split(".")
            return [".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]
        case Hierarchy.PREFIX:
            return [code[:length] for length in range(len(code) - 1, 0, -1)]
        case Hierarchy.FLAT:
            return []
