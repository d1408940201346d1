"""The words keys that a version has already: cleaning a text costs more than all else about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa


class ParentWords:
    """Asked about keys in ascending order, it walks along a version's rows once."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        """``batches`` have ``text_key`` and ``words_key``, sorted by the former."""
        self._pairs = _pairs(batches)
        self._key, self._words = next(self._pairs, _END)

    def __call__(self, text_key: str) -> int | None:
        while self._key < text_key:
            self._key, self._words = next(self._pairs, _END)
        return self._words if self._key == text_key else None


# Above every key, which is hexadecimal.
_END: tuple[str, int | None] = ("\U0010ffff", None)


def _pairs(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, int | None]]:
    for batch in batches:
        yield from zip(batch["text_key"].to_pylist(), batch["words_key"].to_pylist(), strict=True)
