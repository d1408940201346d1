"""What differs between two versions of a training set; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import schema

WEIGHING = ("source", "weight")
CODING = ("nomenclature", "code")


@dataclass(frozen=True, slots=True)
class Diff:
    """``added`` and ``removed`` have the columns of ``schema.CONTENT``.

    ``changed`` holds every text of both versions whose content differs, in the new state; ``recoded`` and
    ``reweighted`` are views of it that also hold the former values (``code_before``, ``source_before``,
    ``weight_before``): another code (or nomenclature), and another source or weight with the same code. A text
    whose other columns alone differ (its split, its coder, its label) is in ``changed`` only.
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


def diff(a: pa.Table, b: pa.Table) -> Diff:
    """From ``a`` to ``b``; both are put into the form of ``schema.content`` first. Output is sorted by text key."""
    old, new = schema.content(a), schema.content(b)
    # Both sides are sorted by their unique key, so the position in the other is found without a join.
    position = pc.index_in(new["text_key"], old["text_key"].combine_chunks())
    kept = pc.is_valid(position)
    matched, former = new.filter(kept), old.take(position.filter(kept))
    differs = _differs(matched, former, schema.CONTENT.names)
    changed, before = matched.filter(differs), former.filter(differs)
    recodes = _differs(changed, before, CODING)
    reweighs = pc.and_(pc.invert(recodes), _differs(changed, before, WEIGHING))
    both = _with_former(changed, before)
    return Diff(
        added=new.filter(pc.invert(kept)),
        removed=old.filter(pc.invert(pc.is_in(old["text_key"], new["text_key"].combine_chunks()))),
        changed=changed,
        recoded=both.filter(recodes),
        reweighted=both.filter(reweighs),
    )


def by_code(change: Diff) -> list[CodeCount]:
    """Codes that won or lost texts, those with most movement first."""
    added, removed = _tally(change.added, "code"), _tally(change.removed, "code")
    entered, left = _tally(change.recoded, "code"), _tally(change.recoded, "code_before")
    codes = added.keys() | removed.keys() | entered.keys() | left.keys()
    counts = [CodeCount(code, added[code], removed[code], entered[code], left[code]) for code in codes]
    return sorted(counts, key=lambda one: (-(one.added + one.removed + one.entered + one.left), one.code))


def _tally(rows: pa.Table, column: str) -> Counter[str]:
    return Counter(rows[column].to_pylist())


def _differs(a: pa.Table, b: pa.Table, columns: tuple[str, ...] | list[str]) -> pa.ChunkedArray:
    mask = pa.chunked_array([pa.repeat(False, a.num_rows)])
    for name in columns:
        same = pc.fill_null(pc.equal(a[name], b[name]), False)
        neither = pc.and_(pc.is_null(a[name]), pc.is_null(b[name]))
        mask = pc.or_(mask, pc.invert(pc.or_(same, neither)))
    return mask


def _with_former(changed: pa.Table, before: pa.Table) -> pa.Table:
    for name in ("nomenclature", "code", "source", "weight"):
        changed = changed.append_column(f"{name}_before", before[name])
    return changed
