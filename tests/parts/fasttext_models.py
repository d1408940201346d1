"""Models in fastText's own format, written without training: any size in seconds, the same bytes for the same seed."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

MAGIC = 793712314
LOSSES = {"hs": 1, "ns": 2, "softmax": 3, "ova": 4}
SUPERVISED, SKIPGRAM = 3, 2
_ROWS_AT_ONCE = 100_000


def write(
    path: Path,
    *,
    words: Sequence[str],
    labels: Sequence[str],
    dim: int,
    bucket: int,
    word_ngrams: int = 1,
    minn: int = 0,
    maxn: int = 0,
    loss: str = "softmax",
    version: int = 12,
    kind: int = SUPERVISED,
    scale: float = 1.0,
    seed: int = 0,
) -> Path:
    """Words come in the order of the rows; put ``</s>`` first, as training does. Weights are normal, sd ``scale``.

    ``labels`` carry their prefix and get falling counts, as in a trained model.
    """
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write(struct.pack("<2i", MAGIC, version))
        numbers = (dim, 5, 5, 1, 5, word_ngrams, LOSSES[loss], kind, bucket, minn, maxn, 100)
        file.write(struct.pack("<12id", *numbers, 1e-4))
        file.write(struct.pack("<3i2q", len(words) + len(labels), len(words), len(labels), 10 * len(words), -1))
        file.writelines(word.encode() + b"\0" + struct.pack("<qb", 10, 0) for word in words)
        file.writelines(
            label.encode() + b"\0" + struct.pack("<qb", 10 + len(labels) - rank, 1) for rank, label in enumerate(labels)
        )
        for rows in (len(words) + bucket, len(labels)):
            file.write(struct.pack("<b2q", 0, rows, dim))
            for start in range(0, rows, _ROWS_AT_ONCE):
                shape = (min(_ROWS_AT_ONCE, rows - start), dim)
                (random.standard_normal(shape, dtype=np.float32) * np.float32(scale)).tofile(file)
    return path
