"""What moved between two versions: kinds of change, and totals by code and by coder, in one pass over the changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import schema

KIND: Final = "kind"
RULED: Final = "ruled"


class Kind(StrEnum):
    """The first that fits. OTHERWISE: same code, source and weight, with another split, coder, label or rule."""

    ADDED = "added"
    REMOVED = "removed"
    RECODED = "recoded"
    REWEIGHTED = "reweighted"
    OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True)
class Moves:
    """How many texts a code or a coder won and lost; a recoded text leaves one code and enters another.

    ``name`` is None for labels that no coder gave.
    """

    name: str | None
    added: int = 0
    removed: int = 0
    entered: int = 0
    left: int = 0

    @property
    def net(self) -> int:
        return self.added - self.removed + self.entered - self.left

    @property
    def total(self) -> int:
        return self.added + self.removed + self.entered + self.left

    def as_dict(self, name: str) -> dict[str, Any]:
        counts = {one: getattr(self, one) for one in ("added", "removed", "entered", "left", "net")}
        return {name: self.name} | counts


@dataclass(frozen=True, slots=True)
class Movement:
    """``ruled`` rows are counted under their kind too: a rule edits them since, or no longer.

    Of ``codes`` and ``coders`` those with most movement come first. ``rows`` are the first of each kind, by text key.
    """

    counts: Mapping[Kind, int]
    ruled: int
    codes: tuple[Moves, ...]
    coders: tuple[Moves, ...]
    rows: Mapping[Kind, tuple[Mapping[str, Any], ...]]


@dataclass(frozen=True, slots=True)
class Filter:
    """``code`` is a code or the beginning of one. A row fits by its new state or by its former one."""

    code: str = ""
    coder: str = ""

    def apply(self, table: pa.Table) -> pa.Table:
        if self.code:
            table = table.filter(_either(table, "code", lambda column: pc.starts_with(column, self.code)))
        if self.coder:
            table = table.filter(_either(table, "coder", lambda column: pc.equal(column, self.coder)))
        return table


def classified(changes: Iterable[pa.RecordBatch], chosen: Filter = Filter()) -> Iterator[pa.Table]:
    """Of ``schema.DIFFERENCE`` what fits, its ``kind`` told more finely, and a column ``ruled``; none of them empty."""
    for batch in changes:
        table = chosen.apply(pa.Table.from_batches([batch]))
        if table.num_rows:
            removed = pc.equal(table[KIND], schema.REMOVED)
            ruled = pc.and_(pc.invert(removed), _differs(table, "rule"))
            finer = _kinds(table, removed)
            yield table.drop_columns([KIND]).append_column(KIND, finer).append_column(RULED, ruled)


def tally(tables: Iterable[pa.Table], *, rows: int = 0) -> Movement:
    """Of classified changes; ``rows`` of each kind are kept."""
    counts: Counter[Kind] = Counter()
    codes, coders = _Ledger("code"), _Ledger("coder")
    shown: dict[Kind, list[Mapping[str, Any]]] = {kind: [] for kind in Kind}
    ruled = 0
    for table in tables:
        for kind, number in _grouped(table, KIND):
            counts[Kind(kind)] += number
        ruled += pc.sum(table[RULED]).as_py() or 0
        codes.add(table)
        coders.add(table)
        for kind, kept in shown.items():
            if len(kept) < rows:
                kept += table.filter(pc.equal(table[KIND], kind.value)).slice(0, rows - len(kept)).to_pylist()
    return Movement(
        {kind: counts[kind] for kind in Kind},
        ruled,
        codes.moves(),
        coders.moves(),
        {kind: tuple(kept) for kind, kept in shown.items()},
    )


class _Ledger:
    """Counts of one column's values."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._counts: dict[str | None, Counter[str]] = defaultdict(Counter)

    def add(self, table: pa.Table) -> None:
        for kind, now, before, number in _grouped(table, KIND, self._column, f"{self._column}_before"):
            if kind == Kind.RECODED:
                self._counts[now]["entered"] += number
                self._counts[before]["left"] += number
            elif kind in (Kind.ADDED, Kind.REMOVED):
                self._counts[now][kind] += number

    def moves(self) -> tuple[Moves, ...]:
        found = [Moves(name, **counted) for name, counted in self._counts.items()]
        return tuple(sorted(found, key=lambda one: (-one.total, one.name or "")))


def _grouped(table: pa.Table, *columns: str) -> Iterator[tuple[Any, ...]]:
    counted = table.group_by(list(columns)).aggregate([([], "count_all")])
    return zip(*(counted[name].to_pylist() for name in (*columns, "count_all")), strict=True)


def _kinds(table: pa.Table, removed: pa.ChunkedArray) -> pa.ChunkedArray:
    tests = {
        Kind.ADDED: pc.equal(table[KIND], schema.ADDED),
        Kind.REMOVED: removed,
        Kind.RECODED: pc.or_(_differs(table, "code"), _differs(table, "nomenclature")),
        Kind.REWEIGHTED: pc.or_(_differs(table, "source"), _differs(table, "weight")),
    }
    conditions = pc.make_struct(*(test.combine_chunks() for test in tests.values()))
    return pc.case_when(conditions, *(kind.value for kind in tests), Kind.OTHERWISE.value)


def _differs(table: pa.Table, column: str) -> pa.ChunkedArray:
    """Null equals null."""
    now, before = table[column], table[f"{column}_before"]
    same = pc.fill_null(pc.equal(now, before), False)
    return pc.invert(pc.or_(same, pc.and_(pc.is_null(now), pc.is_null(before))))


def _either(table: pa.Table, column: str, test: Any) -> pa.ChunkedArray:
    now, before = test(table[column]), test(table[f"{column}_before"])
    return pc.or_(pc.fill_null(now, False), pc.fill_null(before, False))
