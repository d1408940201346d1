"""Codes each by itself, ranked as fastText does with the losses ``ova`` and ``ns``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sampling import library_heap, output_layer
from sampling.hidden_layer import Hidden
from sampling.output_layer import Ranking
from sampling.weight_rows import Floats

_LIMIT = 8
_STEPS = 512
_PER_UNIT = _STEPS / (2 * _LIMIT)
# In steps. Nearer to the edge of a step than that, rounding decides on which side a code lies.
_NEAR = 1e-3


class OneVersusAll:
    """The library looks the sigmoid up in a table of 512 steps, so codes tie often, and it has an order for them.

    Where rounding decides between two steps, which are up to 0.008 apart, a row is computed as the library rounds.
    """

    def __init__(self, weights: Floats) -> None:
        self._weights = np.ascontiguousarray(weights.T)
        edges = np.arange(_STEPS + 1, dtype=np.float32) / np.float32(_PER_UNIT) - _LIMIT
        self._table = (1 / (1 + np.exp(-edges))).astype(np.float32)

    def rank(self, hidden: Hidden, k: int) -> Ranking:
        logits = hidden.layer @ self._weights
        for row in self._doubtful(logits, k).tolist():
            logits[row] = self._in_order(hidden.in_order(row))
        shares = self._sigmoid(logits)
        labels, best = output_layer.largest(shares.copy(), min(k + 1, shares.shape[1]))
        tied = np.flatnonzero((best[:, 1:] == best[:, :-1]).any(axis=1))
        labels, best = labels[:, :k], best[:, :k]
        for row in tied.tolist():
            labels[row] = library_heap.largest(shares[row], k)
        return Ranking(labels, output_layer.as_the_library(best), output_layer.entropy(shares))

    def _sigmoid(self, logits: Floats) -> Floats:
        steps = (np.clip(logits, -_LIMIT, _LIMIT) + _LIMIT) * np.float32(_PER_UNIT)
        shares: Floats = self._table[steps.astype(np.int32)]
        shares[logits < -_LIMIT] = 0
        shares[logits > _LIMIT] = 1
        return shares

    def _doubtful(self, logits: Floats, k: int) -> npt.NDArray[np.int64]:
        """Rows of which a code near the best k, or among them, lies at the edge of a step."""
        steps = (logits + _LIMIT) * np.float32(_PER_UNIT)
        number = steps.shape[1]
        worst = np.partition(steps, number - k, axis=1)[:, number - k, None]
        near = np.abs(steps - np.rint(steps)) < _NEAR
        near &= (steps > -_NEAR) & (steps < _STEPS + _NEAR) & (steps > worst - 1)
        return np.flatnonzero(near.any(axis=1))

    def _in_order(self, hidden: Floats) -> Floats:
        """The logits of one row: products added one after the other, each rounded to float32."""
        total = np.zeros(self._weights.shape[1], dtype=np.float32)
        for weights, value in zip(self._weights, hidden, strict=True):
            total += weights * value
        return total
