"""Places of text keys among sorted text keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Keys = NDArray[np.bytes_]
Places = NDArray[np.int64]


def of(column: pa.Array | pa.ChunkedArray) -> Keys:
    """The keys as bytes, whose order is that of the strings; without a copy where all are of one length."""
    keys: Any = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not len(keys):
        return np.array([], dtype="S1")
    shortest, longest = (bound.as_py() for bound in pc.min_max(pc.binary_length(keys)).values())
    if shortest != longest or not longest:
        return np.array([key.encode() for key in keys.to_pylist()])
    _, offsets, data = keys.buffers()
    start = np.frombuffer(offsets, dtype=np.int32)[keys.offset]
    return np.frombuffer(data, dtype=f"S{longest}", count=len(keys), offset=int(start))


def places(among: Keys, wanted: Keys) -> tuple[Places, NDArray[np.bool_]]:
    """Of each wanted key the place where it is or would be, and whether it is there."""
    place = np.searchsorted(among, wanted)
    inside = place < len(among)
    found = np.zeros(len(wanted), dtype=bool)
    found[inside] = among[place[inside]] == wanted[inside]
    return place, found


def up_to(among: Keys, key: str) -> int:
    """How many keys are not behind this one."""
    return int(np.searchsorted(among, np.bytes_(key.encode()), side="right"))
