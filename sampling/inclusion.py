"""Chances of being asked, and samples that keep them exactly.

A score says how much a text is worth asking; here it becomes the chance of being asked, and chances become a sample.
Every candidate keeps a chance above zero, so that labels asked for learning can estimate, too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sampling.chances import Candidates, Codes, Floats, Rows


def probabilities(
    scores: Floats,
    size: float,
    *,
    floor: float,
    softness: float,
    codes: Codes | None = None,
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
    candidates = Candidates(np.asarray(scores, dtype=float), codes, cap)
    return candidates.chances(size, floor=floor, softness=softness).dense()


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
