"""What differs between two versions of a training set; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import comparison, schema

WEIGHING = ("source", "weight")
CODING = ("nomenclature", "code")


@dataclass(frozen=True, slots=True)
class Diff:
    """``added`` and ``removed`` have the columns of ``schema.CONTENT``.

    ``changed`` holds every text of both versions whose content differs, in the new state, with the columns of
    ``schema.BEFORE`` for the former; ``recoded`` and ``reweighted`` are views of it: another code (or nomenclature),
    and another source or weight with the same code. A text whose other columns alone differ (its split, its coder,
    its label) is in ``changed`` only.
    """

    added: pa.Table
    removed: pa.Table
    changed: pa.Table
    recoded: pa.Table
    reweighted: pa.Table

    @property
    def is_empty(self) -> bool:
        return not (self.added.num_rows or self.removed.num_rows or self.changed.num_rows)


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How many texts a code won and lost; a recoded text leaves one code and enters another."""

    code: str
    added: int = 0
    removed: int = 0
    entered: int = 0
    left: int = 0

    @property
    def net(self) -> int:
        return self.added - self.removed + self.entered - self.left


def of(differences: Iterable[pa.RecordBatch]) -> Diff:
    """From rows of ``schema.DIFFERENCE``, whose order is kept."""
    table = pa.Table.from_batches(differences, schema=schema.DIFFERENCE)
    kinds = {kind: table.filter(pc.equal(table["kind"], kind)) for kind in schema.KINDS}
    changed = kinds[schema.CHANGED].select([*schema.CONTENT.names, *schema.BEFORE.names])
    recodes, reweighs = _differs(changed, CODING), _differs(changed, WEIGHING)
    return Diff(
        added=kinds[schema.ADDED].select(schema.CONTENT.names),
        removed=kinds[schema.REMOVED].select(schema.CONTENT.names),
        changed=changed,
        recoded=changed.filter(recodes),
        reweighted=changed.filter(pc.and_(reweighs, pc.invert(recodes))),
    )


def diff(a: pa.Table, b: pa.Table) -> Diff:
    """From ``a`` to ``b``; both are put into the form of ``schema.content`` first. Output is sorted by text key."""
    old = schema.content(a)
    found = comparison.between(old.append_column("added_in", pa.nulls(old.num_rows, pa.string())), schema.content(b))
    return of(found.differences().to_batches())


def by_code(change: Diff) -> list[CodeCount]:
    """Codes that won or lost texts, those with most movement first."""
    added, removed = _tally(change.added, "code"), _tally(change.removed, "code")
    entered, left = _tally(change.recoded, "code"), _tally(change.recoded, "code_before")
    codes = added.keys() | removed.keys() | entered.keys() | left.keys()
    counts = [CodeCount(code, added[code], removed[code], entered[code], left[code]) for code in codes]
    return sorted(counts, key=lambda one: (-(one.added + one.removed + one.entered + one.left), one.code))


def _tally(rows: pa.Table, column: str) -> Counter[str]:
    return Counter(rows[column].to_pylist())


def _differs(changed: pa.Table, names: Sequence[str]) -> Any:
    """None of these columns is ever null."""
    mask = pa.chunked_array([pa.repeat(False, changed.num_rows)])
    for name in names:
        mask = pc.or_(mask, pc.not_equal(changed[name], changed[f"{name}_before"]))
    return mask
