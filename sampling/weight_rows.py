"""Rows of a large matrix of weights, fetched when a text needs them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.integer]


class Rows(Protocol):
    @property
    def shape(self) -> tuple[int, int]: ...

    def take(self, rows: Integers) -> Floats:
        """(len(rows), dim), a copy; the caller sees to it that the rows exist."""
        ...


class MappedRows:
    """Rows of a file. They may begin at any byte: seen as floats, NumPy would copy the whole matrix to align it."""

    def __init__(self, content: npt.NDArray[np.uint8]) -> None:
        self._content = content
        self.shape = (content.shape[0], content.shape[1] // 4)

    def take(self, rows: Integers) -> Floats:
        # ``clip`` spares a pass over the row numbers, which the reader of the file has checked once for all.
        return self._content.take(rows, axis=0, mode="clip").view("<f4")


class QuantisedRows:
    """Rows of a product quantiser (Jégou et al. 2011): ``codes`` (rows, parts) name the centroid of each part.

    ``centroids`` is (parts, 256, dimensions of a part); ``norms`` (rows,) multiplies the rows, if they are scaled.
    """

    def __init__(self, codes: npt.NDArray[np.uint8], centroids: Floats, dim: int, norms: Floats | None = None) -> None:
        self._codes = codes
        self._centroids = centroids
        self._parts = np.arange(len(centroids))
        self._norms = norms
        self.shape = (len(codes), dim)

    def take(self, rows: Integers) -> Floats:
        found: Floats = self._centroids[self._parts, self._codes[rows]].reshape(len(rows), -1)[:, : self.shape[1]]
        if self._norms is not None:
            found = found * self._norms[rows][:, None]
        return found


_SLICE = 16384


def sums(rows: Rows, numbers: Integers, counts: Integers) -> Floats:
    """(len(counts), dim): the sum of the first ``counts[0]`` numbered rows, of the next ``counts[1]``, and so on.

    Fetches so many rows at a time that they stay in the cache, however many there are in all.
    """
    bounds = np.concatenate([[0], np.cumsum(counts)])
    total = np.zeros((len(counts), rows.shape[1]), dtype=np.float32)
    for start in range(0, len(numbers), _SLICE):
        end = min(start + _SLICE, len(numbers))
        low = int(np.searchsorted(bounds, start, side="right")) - 1
        high = int(np.searchsorted(bounds, end, side="left"))
        pointers = (np.clip(bounds[low : high + 1], start, end) - start).astype(np.int32)
        shape = (high - low, end - start)
        ones = np.ones(end - start, dtype=np.float32)
        picked = csr_array((ones, np.arange(end - start, dtype=np.int32), pointers), shape=shape)
        total[low:high] += picked @ rows.take(numbers[start:end])
    return total


def sum_in_order(rows: Rows, numbers: Integers) -> Floats:
    """(dim,): the sum of the numbered rows, added one after the other in float32, with the rounding that brings."""
    total = np.zeros(rows.shape[1], dtype=np.float32)
    for start in range(0, len(numbers), _SLICE):
        added = rows.take(numbers[start : start + _SLICE])
        added[0] += total
        total = np.add.accumulate(added, axis=0)[-1]
    return total
