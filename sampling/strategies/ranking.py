"""New orders made of scores and of groups that should take turns. Chance decides between equal scores."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sampling.strategies.base import Floats

Rows = npt.NDArray[np.intp]
Groups = npt.NDArray[np.integer]

# How far down a new order goes: far beyond any budget, so that a pool of millions is not sorted.
DEPTH = 100_000


def best(scores: Floats, random: np.random.Generator, depth: int = DEPTH) -> Rows:
    """At most ``depth`` rows, largest score first; NaN is left out."""
    rows = np.flatnonzero(~np.isnan(scores))
    lots = random.random(len(rows))
    if depth < len(rows):
        threshold = np.partition(scores[rows], len(rows) - depth)[len(rows) - depth]
        reached = scores[rows] >= threshold
        rows, lots = rows[reached], lots[reached]
    return np.asarray(rows[np.lexsort((lots, -scores[rows]))][:depth])


def ahead(scores: Floats, order: Rows) -> Floats:
    """Scores (n,) that put the rows of ``order`` first, in that order, and all others behind as they stood."""
    found = np.array(scores, dtype=float)
    found[order] = np.nan
    floor = np.nanmax(found) if not np.isnan(found).all() else 0.0
    found[order] = floor + np.arange(len(order), 0, -1)
    return found


def in_turn(
    scores: Floats, groups: Groups, random: np.random.Generator, *, rounds: Groups | None = None, depth: int = DEPTH
) -> Floats:
    """Scores (n,) by which the best of each group come first, then the second ones, and so on.

    ``rounds`` (n,) are those that the row's group lets pass before its first turn.
    """
    order = best(scores, random, depth)
    turns = places(groups[order]) + (0 if rounds is None else rounds[order])
    return ahead(scores, order[np.argsort(turns, kind="stable")])


def capped(scores: Floats, groups: Groups, share: float, random: np.random.Generator, depth: int = DEPTH) -> Floats:
    """Scores (n,) by which no group holds more than ``share`` of the first k, rounded up, whatever k.

    Where all groups are used up, the least served gives first.
    """
    order = best(scores, random, depth)
    return ahead(scores, order[list(_fair(groups[order].tolist(), share))])


def places(groups: Groups) -> Rows:
    """How many of the same group stand before each row (n,)."""
    order = np.argsort(groups, kind="stable")
    first = np.flatnonzero(np.r_[True, groups[order][1:] != groups[order][:-1]]) if len(order) else order
    found = np.empty(len(order), dtype=np.intp)
    found[order] = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    return found


def _fair(groups: list[int], share: float) -> Iterator[int]:
    """Places in ``groups``, which stands best first, in an order that keeps the share."""
    queues: dict[int, list[int]] = {}
    for place, group in enumerate(groups):
        queues.setdefault(group, []).append(place)
    ready = [(queue[0], group) for group, queue in queues.items()]
    heapq.heapify(ready)
    waiting: list[tuple[int, int, int]] = []
    taken = dict.fromkeys(queues, 0)
    for number in range(len(groups)):
        while waiting and (waiting[0][0] <= number or not ready):
            _, place, group = heapq.heappop(waiting)
            heapq.heappush(ready, (place, group))
        place, group = heapq.heappop(ready)
        yield place
        taken[group] += 1
        if taken[group] < len(queues[group]):
            free_from = math.floor(taken[group] / share)
            heapq.heappush(waiting, (free_from, queues[group][taken[group]], group))
