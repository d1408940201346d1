"""Base rows and the changes laid over them; pure.

Most changes are to labels of texts that stay: then the columns that do not differ are handed on without a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import keyorder, schema
from sync.trainingset.keyorder import Keys, Places


def latest(stored: pa.Table) -> pa.Table:
    """Of each text the stored row with the highest sequence, removals among them, sorted by text key."""
    if not stored.num_rows:
        return stored
    keys = keyorder.of(stored["text_key"])
    order = np.lexsort((stored["sequence"].to_numpy(), keys))
    last = np.append(keys[order][1:] != keys[order][:-1], True)
    return stored.take(pa.array(order[last])).combine_chunks()


def holding(stored: pa.Table) -> pa.Table:
    """The stored rows that hold, sorted by text key: the latest of each text, unless it is a removal."""
    found = latest(stored)
    return found.filter(pc.equal(found["change"], schema.UPSERT))


def merged(base: Iterable[pa.RecordBatch], changes: pa.Table, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows that hold, these columns of them; ``base`` has them and ``text_key``, in order of the key.

    ``changes`` are ``latest``, with the columns and ``text_key`` and ``change``.
    """
    overlay = _Overlay(changes, columns)
    for batch in base:
        if batch.num_rows:
            yield from overlay.over(batch)
    yield from overlay.rest()


class _Overlay:
    def __init__(self, changes: pa.Table, columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._keys: Keys = keyorder.of(changes["text_key"])
        self._stays = np.asarray(pc.equal(changes["change"], schema.UPSERT), dtype=bool)
        self._rows = changes.select(self._columns).combine_chunks()
        self._done = 0

    def over(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        start, stop = self._done, keyorder.up_to(self._keys, batch["text_key"][-1].as_py())
        self._done = max(start, stop)
        rows = batch.select(self._columns)
        if start >= stop:
            yield rows
            return
        place, found = keyorder.places(keyorder.of(batch["text_key"]), self._keys[start:stop])
        stays = self._stays[start:stop]
        changed = self._rows.slice(start, stop - start)
        if bool(np.all(found & stays)):
            yield _replaced(rows, place, changed)
        else:
            yield from _interleaved(rows, place, found, changed.filter(pa.array(stays)), place[stays])

    def rest(self) -> Iterator[pa.RecordBatch]:
        left = self._rows.slice(self._done).filter(pa.array(self._stays[self._done :]))
        yield from (batch for batch in left.to_batches() if batch.num_rows)


def _replaced(rows: pa.RecordBatch, place: Places, changed: pa.Table) -> pa.RecordBatch:
    mask = np.zeros(rows.num_rows, dtype=bool)
    mask[place] = True
    replaced, indices = pa.array(mask), pa.array(place)
    columns: list[Any] = []
    for name in rows.schema.names:
        column, new = rows[name], _one(changed[name])
        same = column.take(indices).equals(new)
        columns.append(column if same else pc.replace_with_mask(column, replaced, new))
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)


def _interleaved(
    rows: pa.RecordBatch, place: Places, found: Any, coming: pa.Table, at: Places
) -> Iterator[pa.RecordBatch]:
    """The rows without those found, and ``coming`` rows put in at their places."""
    order = np.insert(np.arange(rows.num_rows), at, rows.num_rows + np.arange(len(at)))
    gone = np.zeros(rows.num_rows + len(at), dtype=bool)
    gone[place[found]] = True
    order = order[~gone[order]]
    both = pa.concat_tables([pa.Table.from_batches([rows]), coming.cast(rows.schema)]).combine_chunks()
    yield from both.take(pa.array(order)).to_batches()


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
