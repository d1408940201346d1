"""Chances of being asked, and samples that keep them exactly.

A score says how much a text is worth asking; here it becomes the chance of being asked, and chances become a sample.
Every candidate keeps a chance above zero, so that labels asked for learning can estimate, too.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


def probabilities(
    scores: Floats,
    size: float,
    *,
    floor: float,
    softness: float,
    codes: npt.NDArray[np.integer] | None = None,
    cap: float | None = None,
) -> Floats:
    """The chance (n,) of each text in a sample of ``size``, to which the chances sum.

    A smooth step on the ranks of the scores, near 1 for the best, on top of a floor for all: ``floor`` is the share of
    the sample that is spread evenly, ``softness`` the half-width of the step as a share of the sample (0: a hard one).
    Equal scores have equal chances, so constant ones give simple random sampling. NaN is no candidate and gets 0. All
    candidates get 1 when there are no more of them than ``size``.

    With ``codes`` (n,) and ``cap``, what a code has beyond its best ``cap`` candidates ranks behind the others; equal
    scores then share their chances within their code.
    """
    chances = np.zeros(len(scores))
    candidates = np.flatnonzero(~np.isnan(scores))
    if size >= len(candidates):
        chances[candidates] = 1.0
        return chances
    least = floor * size / len(candidates)
    chances[candidates] = least
    level = size * (1 - floor) / (1 - least)
    if level <= 0:
        return chances
    width = min(softness * level, len(candidates) - level)
    values = np.asarray(scores, dtype=float)[candidates]
    kept_codes = codes[candidates] if codes is not None and cap is not None else None
    ranked = _ranked(values, kept_codes, cap, math.ceil(level + width))
    shares = _step(len(ranked), level, width)
    groups = None if kept_codes is None else kept_codes[ranked]
    chances[candidates[ranked]] = least + (1 - least) * _shared(shares, values[ranked], groups)
    return chances


def proportional(measures: npt.NDArray[np.number], size: float) -> Floats:
    """Chances (n,) in proportion to the measures, summing to ``size``; what would go above 1 is certain."""
    if size >= len(measures):
        return np.ones(len(measures))
    chances = np.asarray(measures, dtype=float) * (size / max(float(measures.sum()), 1e-300))
    while (above := chances > 1).any():
        certain = above | (chances == 1)
        chances[certain] = 1.0
        chances[~certain] *= (size - certain.sum()) / chances[~certain].sum()
    return chances


def systematic(chances: Floats, random: np.random.Generator, order: Rows | None = None) -> Rows:
    """A sample with exactly these chances of inclusion: its row numbers, in ascending order.

    Randomised systematic sampling (Hartley and Rao 1962): the chances are laid end to end in a random order, or in
    ``order``, and points one apart mark the sample. Its size is their sum; where that is not whole, one of the two
    whole numbers beside it.
    """
    certain = chances >= 1
    order = random.permutation(len(chances)) if order is None else order
    order = order[~certain[order]]
    ends = np.cumsum(chances[order])
    if len(ends) and abs(ends[-1] - round(ends[-1])) < 1e-6:
        # Rounding must not turn a whole size into one that varies.
        ends[-1] = round(ends[-1])
    marks = np.ceil(ends - random.random())
    hit = np.diff(marks, prepend=0.0) > 0
    return np.sort(np.concatenate([np.flatnonzero(certain), order[hit]]))


def _ranked(values: Floats, codes: npt.NDArray[np.integer] | None, cap: float | None, wanted: int) -> Rows:
    """Rows from the best down, ``wanted`` of them at least, and with any row all that equal it."""
    ahead = wanted
    while True:
        rows = _best(values, ahead)
        if codes is None or cap is None:
            return rows
        within = _rank_in_code(codes[rows]) < max(1, math.floor(cap))
        if within.sum() >= wanted or len(rows) == len(values):
            return np.concatenate([rows[within], rows[~within]])
        ahead = 4 * len(rows)


def _best(values: Floats, number: int) -> Rows:
    if number < len(values):
        threshold = np.partition(values, len(values) - number)[len(values) - number]
        rows = np.flatnonzero(values >= threshold)
    else:
        rows = np.arange(len(values))
    return rows[np.argsort(-values[rows], kind="stable")]


def _rank_in_code(codes: npt.NDArray[np.integer]) -> Rows:
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=codes[order[:1]] - 1))
    lengths = np.diff(starts, append=len(codes))
    ranks = np.empty(len(codes), dtype=np.intp)
    ranks[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return ranks


def _step(number: int, level: float, width: float) -> Floats:
    """The mean height of the step over each of the ranks; it sums to ``level`` since the step is symmetric about it."""
    edges = np.arange(number + 1, dtype=float)
    begin = level - width
    area = np.minimum(edges, begin)
    if width > 1e-9:
        z = np.clip((edges - begin) / (2 * width), 0, 1)
        area += 2 * width * (z - z**3 + z**4 / 2)
    return np.clip(np.diff(area), 0.0, 1.0)


def _shared(shares: Floats, values: Floats, codes: npt.NDArray[np.integer] | None) -> Floats:
    """The mean share of those with the same value, and the same code where codes count."""
    order = np.lexsort((values,) if codes is None else (values, codes))
    changes = np.diff(values[order], prepend=np.nan) != 0
    if codes is not None:
        changes |= np.diff(codes[order], prepend=codes[order[:1]]) != 0
    starts = np.flatnonzero(changes)
    lengths = np.diff(starts, append=len(order))
    means = np.empty_like(shares)
    means[order] = np.repeat(np.add.reduceat(shares[order], starts) / lengths, lengths)
    return means
