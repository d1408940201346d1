"""What series of stored changes come to between their ends; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import comparison, keyorder, schema
from sync.trainingset.keyorder import Keys

_STATES: Final = (*schema.STATE, "added_in")
_FIXED: Final = tuple(name for name in schema.CONTENT.names if name not in schema.STATE)


def differences(back: pa.Table, forth: pa.Table) -> pa.Table:
    """``schema.DIFFERENCE`` from the version that ``back`` leads to, to the one that ``forth`` leads to.

    Both are ``schema.CHANGE`` from one common ancestor on: a text that is in neither stands in both versions as in
    the ancestor, and the first former state of a text is its state there.
    """
    one, other = _Series.of(back), _Series.of(forth)
    keys = np.union1d(one.keys, other.keys)
    old = _picked(keys, (one.keys, one.end), (other.keys, other.start))
    new = _picked(keys, (other.keys, other.end), (one.keys, one.start))
    fixed = _picked(keys, (other.keys, other.fixed), (one.keys, one.fixed))
    was, stands = _valid(old["code"]), _valid(new["code"])
    differs = comparison.differing(old, new, schema.STATE)
    kept = pa.array((was | stands) & (False if differs is None else np.asarray(differs, dtype=bool)))
    kind = np.where(was & stands, schema.CHANGED, np.where(stands, schema.ADDED, schema.REMOVED))
    columns: dict[str, Any] = {name: fixed[name] for name in _FIXED}
    columns |= {name: pc.if_else(pa.array(stands), new[name], old[name]) for name in schema.STATE}
    columns |= {"added_in": new["added_in"], "kind": pa.array(kind, pa.string())}
    columns |= {f"{name}_before": old[name] for name in _STATES}
    table = pa.table([columns[name] for name in schema.DIFFERENCE.names], names=schema.DIFFERENCE.names)
    return table.filter(kept).cast(schema.DIFFERENCE)


@dataclass(frozen=True, slots=True)
class _Series:
    """Of each text its state before the first change and after the last; all null where it was or is not there."""

    keys: Keys
    start: pa.Table
    end: pa.Table
    fixed: pa.Table

    @classmethod
    def of(cls, stored: pa.Table) -> _Series:
        keys = keyorder.of(stored["text_key"])
        order = np.lexsort((stored["sequence"].to_numpy(), keys))
        edge = keys[order][1:] != keys[order][:-1]
        opens, closes = np.append(True, edge)[: len(keys)], np.append(edge, True)[: len(keys)]
        first, last = stored.take(pa.array(order[opens])), stored.take(pa.array(order[closes]))
        stands = pc.equal(last["change"], schema.UPSERT)
        end = [pc.if_else(stands, last[name], pa.scalar(None, last[name].type)) for name in _STATES]
        return cls(
            keys=keys[order][closes],
            start=first.select([f"{name}_before" for name in _STATES]).rename_columns(list(_STATES)),
            end=pa.table(end, names=list(_STATES)),
            fixed=last.select(_FIXED),
        )


def _picked(keys: Keys, preferred: tuple[Keys, pa.Table], otherwise: tuple[Keys, pa.Table]) -> pa.Table:
    place, found = keyorder.places(preferred[0], keys)
    second, _ = keyorder.places(otherwise[0], keys)
    index = np.where(found, place, preferred[1].num_rows + second)
    return pa.concat_tables([preferred[1], otherwise[1].cast(preferred[1].schema)]).take(pa.array(index))


def _valid(column: pa.ChunkedArray) -> Any:
    return np.asarray(pc.is_valid(column), dtype=bool)
