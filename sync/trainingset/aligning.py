"""Two streams sorted by text key, cut into pieces that cover the same ranges of keys."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from sync.trainingset import keyorder


def aligned(old: Iterator[pa.Table], new: Iterator[pa.Table]) -> Iterator[tuple[pa.Table | None, pa.Table | None]]:
    """Pairs of rows between the same keys, in order; None where a stream has none there."""
    left, right = next(old, None), next(new, None)
    while left is not None and right is not None:
        last = min(left["text_key"][-1].as_py(), right["text_key"][-1].as_py())
        (a, left), (b, right) = _cut(left, last, old), _cut(right, last, new)
        yield a, b
    while left is not None:
        yield left, None
        left = next(old, None)
    while right is not None:
        yield None, right
        right = next(new, None)


def until(rows: Iterator[pa.Table], last: str) -> Iterator[pa.Table]:
    """The rows up to this key."""
    for table in rows:
        here = keyorder.up_to(keyorder.of(table["text_key"]), last)
        if here:
            yield table.slice(0, here)
        if here < table.num_rows:
            return


def _cut(table: pa.Table, last: str, following: Iterator[pa.Table]) -> tuple[pa.Table | None, pa.Table | None]:
    """What is up to the key, and what is behind it."""
    here = keyorder.up_to(keyorder.of(table["text_key"]), last)
    rest = table.slice(here) if here < table.num_rows else next(following, None)
    return (table.slice(0, here) if here else None), rest
