"""Codes as leaves of a Huffman tree, ranked as fastText does (Mikolov et al. 2013)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sampling import output_layer
from sampling.hidden_layer import Hidden
from sampling.output_layer import Ranking
from sampling.weight_rows import Floats

_OFFSET = 1e-5
_THRESHOLD = np.float32(np.log(_OFFSET))  # the library goes down no branch less probable than this
_UNKNOWN_COUNT = 10**15


@dataclass(frozen=True, slots=True)
class _Depth:
    """Nodes at one distance from the root: ``parents`` of them, and whether they are ``right`` children."""

    nodes: npt.NDArray[np.int64]
    parents: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]


class HierarchicalSoftmax:
    """Probabilities are the library's, which adds 1e-5 at each branch and leaves out codes below 1e-5.

    The entropy is that of the tree itself, over all codes and without these additions.
    """

    def __init__(self, weights: Floats, counts: npt.NDArray[np.int64]) -> None:
        self._leaves = len(counts)
        self._weights = np.ascontiguousarray(weights[: self._leaves - 1])
        self._depths = _depths(counts.tolist())

    def rank(self, hidden: Hidden, k: int) -> Ranking:
        # One row per node, so that whole rows are read and written as the tree is gone down.
        with np.errstate(over="ignore"):
            right = 1 / (1 + np.exp(-(self._weights @ hidden.layer.T)))
        scores = np.zeros((2 * self._leaves - 1, len(hidden)), dtype=np.float32)
        shares = np.ones_like(scores)
        for depth in self._depths:
            taken = right[depth.parents - self._leaves]
            np.subtract(1, taken, out=taken, where=~depth.right[:, None])
            shares[depth.nodes] = shares[depth.parents] * taken
            below = scores[depth.parents] + np.log(taken + np.float32(_OFFSET))
            below[below < _THRESHOLD] = -np.inf
            scores[depth.nodes] = below
        labels, best = output_layer.largest(np.ascontiguousarray(scores[: self._leaves].T), k)
        entropy = output_layer.entropy(np.ascontiguousarray(shares[: self._leaves].T))
        return Ranking(np.where(best > -np.inf, labels, -1), np.minimum(np.exp(best), np.float32(1)), entropy)


def _depths(counts: list[int]) -> list[_Depth]:
    """The library's tree: leaves come sorted by falling count, so the two smallest are found without a heap."""
    leaves = len(counts)
    weights = counts + [_UNKNOWN_COUNT] * (leaves - 1)
    parents = [-1] * (2 * leaves - 1)
    right = [False] * (2 * leaves - 1)
    leaf, inner = leaves - 1, leaves
    for node in range(leaves, 2 * leaves - 1):
        pair = []
        for _ in range(2):
            if leaf >= 0 and weights[leaf] < weights[inner]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(inner)
                inner += 1
        weights[node] = weights[pair[0]] + weights[pair[1]]
        parents[pair[0]] = parents[pair[1]] = node
        right[pair[1]] = True
    return _by_depth(parents, right)


def _by_depth(parents: list[int], right: list[bool]) -> list[_Depth]:
    depth = [0] * len(parents)
    for node in range(len(parents) - 2, -1, -1):  # parents have higher numbers than their children
        depth[node] = depth[parents[node]] + 1
    levels = np.array(depth)
    return [
        _Depth(nodes, np.array(parents)[nodes], np.array(right)[nodes])
        for level in range(1, max(depth) + 1)
        if (nodes := np.flatnonzero(levels == level)).size
    ]
