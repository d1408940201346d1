"""The order in which fastText gives codes of equal probability, which is that of the heap it keeps the best ones in.

Only for rows that hold ties; all others are ranked by whole matrices at a time.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf

import numpy as np
import numpy.typing as npt


def largest(values: npt.NDArray[np.float32], k: int) -> list[int]:
    """Places of the k largest values, largest first, met one after the other as the library meets them.

    Python's heap moves its entries as that of the C++ library does. Not ``heappushpop``, which leaves ties where they
    are; nor pairs of value and place, which would not tie.
    """
    entries: list[float] = values.tolist()
    heap: list[float] = []
    least = -inf
    for value in entries:
        if value >= least:
            heappush(heap, value)
            if len(heap) > k:
                heappop(heap)
            if len(heap) == k:
                least = heap[0]
    # Equal values are separate objects, so each tells the place it came from.
    places = {id(entries[place]): place for place in np.flatnonzero(values >= heap[0]).tolist()}
    return [places[id(heappop(heap))] for _ in range(len(heap))][::-1]
