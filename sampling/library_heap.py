"""The order in which fastText gives codes of equal probability: that of the binary heap of the C++ library GCC ships.

Only for rows that hold ties; all others are ranked by whole matrices at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

Entry = tuple[float, int]


def largest(values: Sequence[float], k: int) -> list[int]:
    """Places of the k largest values, largest first, met one after the other as the library meets them."""
    heap: list[Entry] = []
    for place, value in enumerate(values):
        if len(heap) == k and value < heap[0][0]:
            continue
        heap.append((value, place))
        _raise(heap, len(heap) - 1, heap[-1])
        if len(heap) > k:
            _move_smallest_to_end(heap, len(heap))
            heap.pop()
    for length in range(len(heap), 1, -1):
        _move_smallest_to_end(heap, length)
    return [place for _, place in heap]


def _raise(heap: list[Entry], hole: int, entry: Entry) -> None:
    parent = (hole - 1) // 2
    while hole > 0 and heap[parent][0] > entry[0]:
        heap[hole] = heap[parent]
        hole, parent = parent, (parent - 1) // 2
    heap[hole] = entry


def _move_smallest_to_end(heap: list[Entry], length: int) -> None:
    """Of the first so many entries; what stood there sinks to the bottom first and rises from it."""
    entry, last = heap[length - 1], length - 1
    heap[last] = heap[0]
    hole = child = 0
    while child < (last - 1) // 2:
        child = 2 * (child + 1)
        if heap[child][0] > heap[child - 1][0]:
            child -= 1
        heap[hole] = heap[child]
        hole = child
    if last % 2 == 0 and child == (last - 2) // 2:
        heap[hole] = heap[2 * child + 1]
        hole = 2 * child + 1
    _raise(heap, hole, entry)
