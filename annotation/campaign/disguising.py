"""Tables that leave the office without the ledger's own pseudonyms, which others may have seen beside a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from annotation.campaign.extracting import AGREEMENT, PAIR, Extract
from annotation.domain.pseudonym import Kind, PseudonymKey

CODER = "coder"


def disguised(table: Extract, key: PseudonymKey | None) -> Extract:
    """The table with coders under keyed pseudonyms; as it is without a key."""
    return table if key is None else replace(table, rows=_rows(table, name_of(key)))


def name_of(key: PseudonymKey) -> Callable[[str], str]:
    """From the ledger's pseudonym of a coder to the keyed one."""
    return cache(lambda coder: key.of(Kind.CODER, coder))


def _rows(table: Extract, name: Callable[[str], str]) -> Iterator[Sequence[Any]]:
    columns = list(table.columns)
    coders = [place for place, column in enumerate(columns) if column == CODER]
    for row in table.rows:
        cells = list(row)
        for place in coders:
            cells[place] = name(cells[place]) if cells[place] else cells[place]
        if table.columns is AGREEMENT and cells[0] == PAIR:
            cells[1] = " ".join(map(name, cells[1].split()))
        yield cells
