"""From the hidden layer to ranked codes, as the losses of fastText have it (Joulin et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sampling.hidden_layer import Hidden
from sampling.weight_rows import Floats

_OFFSET = 1e-5  # fastText gives exp(log(p + 1e-5))
# Up to here, one search for each rank is faster than sorting.
_SEARCHED = 40


@dataclass(frozen=True, slots=True)
class Ranking:
    """One row per line: the most probable first. ``labels`` (n, k) holds -1 where the library gives no label."""

    labels: npt.NDArray[np.int64]
    probabilities: Floats
    entropy: Floats


class OutputLayer(Protocol):
    def rank(self, hidden: Hidden, k: int) -> Ranking: ...


class Softmax:
    def __init__(self, weights: Floats) -> None:
        self._weights = np.ascontiguousarray(weights.T)
        self._ones = np.ones(len(weights), dtype=np.float32)

    def rank(self, hidden: Hidden, k: int) -> Ranking:
        logits = hidden.layer @ self._weights
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        total = shares @ self._ones
        # -sum(p log p) = log Z - sum(e^l l) / Z, which takes no second exponential
        nats = np.log(total) - np.vecdot(shares, logits) / total
        labels, best = largest(logits, k)
        best = np.exp(best) / total[:, None]
        return Ranking(labels, as_the_library(best), np.maximum(nats, 0))


def largest(values: Floats, k: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Columns and values of the k largest of each row, largest first; of equal ones the lower column comes first.

    Overwrites values.
    """
    if k > _SEARCHED:
        columns = np.argsort(-values, axis=1, kind="stable")[:, :k]
        return columns, np.take_along_axis(values, columns, axis=1)
    rows = np.arange(len(values))
    columns = np.empty((len(values), k), dtype=np.int64)
    best = np.empty(columns.shape, dtype=np.float32)
    for rank in range(k):
        columns[:, rank] = found = values.argmax(axis=1)
        best[:, rank] = values[rows, found]
        values[rows, found] = -np.inf
    return columns, best


def as_the_library(probabilities: Floats) -> Floats:
    # In steps of float32, as the library has it.
    logarithms = np.log(probabilities.astype(np.float64) + _OFFSET).astype(np.float32)
    return np.asarray(np.minimum(np.exp(logarithms), 1), dtype=np.float32)


def entropy(shares: Floats) -> Floats:
    """In nats, of each row divided by its sum; that of even shares where the sum is 0."""
    total = shares.sum(axis=1, dtype=np.float64)
    safe = np.where(total > 0, total, 1)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    nats = np.log(safe) - (shares * logarithms).sum(axis=1, dtype=np.float64) / safe
    nats[total <= 0] = np.log(shares.shape[1])
    return np.asarray(nats, dtype=np.float32)
