"""The chance of a difference between two windows when declarations of one wording tend to arrive together.

Nothing drifts, and yet a shop that sends the same line thirty times in March makes March differ from the year before.
So the unit that chance acts on is neither the declaration nor the wording: a wording moves as one with probability
``together`` (all its declarations then fall into the same window), else each of its declarations falls by itself. This
``together`` is the correlation between two declarations of one wording, and is estimated from the windows themselves:
0 where repeats are spread like independent arrivals, 1 where every wording stands in one window only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Where hardly any wording repeats, nothing is known of repeats: they count as arriving together.
_PRIOR_WORDINGS: Final = 1.0
_PRIOR_TRIPLES: Final = 2.0
_HEAVIEST: Final = 300
_BLOCK: Final = 4_000_000


@dataclass(frozen=True)
class Split:
    """How texts fell into two windows; arrays (n,) run in parallel, ``group`` numbers the wordings from 0."""

    before: Counts
    after: Counts
    group: Counts

    @cached_property
    def total(self) -> Counts:
        return self.before + self.after

    @cached_property
    def share(self) -> float:
        """Of the declarations, those of the current window."""
        return float(self.after.sum() / max(1, self.total.sum()))

    @cached_property
    def empty(self) -> bool:
        """Whether a window holds nothing, so that there is nothing to compare."""
        return not self.before.sum() or not self.after.sum()

    @cached_property
    def together(self) -> float:
        """See the module; from pairs of declarations of one wording of which one at least is in the reference window.

        Wordings that only the current window holds take no part, so that a new vocabulary isn't taken for repeats. Nor
        is the room that it takes from the others: how often a known wording falls into the current window is seen from
        those that stand in both, by triples of declarations (two here and one there, or one here and two there).
        """
        if self.empty:
            return 1.0
        size = int(self.group.max(initial=-1)) + 1
        before = np.bincount(self.group, self.before, size)
        after = np.bincount(self.group, self.after, size)
        total = np.maximum(before + after, 1)
        earlier = float((before * (before - 1) * after / total**2).sum()) + _PRIOR_TRIPLES * (1 - self.share)
        later = float((before * after * (after - 1) / total**2).sum()) + _PRIOR_TRIPLES * self.share
        alike = float((before * (before - 1) / total).sum())
        apart = float((before * after / total).sum())
        expected = later / (earlier + later) * (alike + apart + _PRIOR_WORDINGS)
        return float(np.clip(1 - apart / expected, 0.0, 1.0))

    def of(self, rows: npt.NDArray[np.bool_]) -> Split:
        """The texts of these rows alone."""
        return Split(self.before[rows], self.after[rows], self.group[rows])


@dataclass(frozen=True, slots=True)
class Move:
    """A mean before and after; ``p_value`` is two-sided; ``score`` is the move in standard errors."""

    before: float
    after: float
    low: float
    high: float
    score: float
    p_value: float


def mean(values: Floats, split: Split, *, random: np.random.Generator, replicates: int, together: float) -> Move:
    """Whether the mean of ``values`` (n,), weighted by declarations, moved; ``low`` to ``high`` hold the move at 95 %.

    The wordings that weigh most are dealt out anew ``replicates`` times, the many others follow the normal law.
    """
    if split.empty:
        return Move(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    before, after = float(np.average(values, weights=split.before)), float(np.average(values, weights=split.after))
    away = values - float(np.average(values, weights=split.total))
    share, declared = split.share, float(split.total.sum())
    observed = float((split.after * away).sum())
    grouped = np.bincount(split.group, split.total * away)
    alone = (1 - together) * float((split.total * away**2).sum())
    heaviest = np.argsort(-np.abs(grouped))[:_HEAVIEST]
    rest = alone + together * float((grouped**2).sum() - (grouped[heaviest] ** 2).sum())
    spread = share * (1 - share)
    deviation = float(np.sqrt(spread * (alone + together * (grouped**2).sum())))
    if deviation <= 1e-12 * declared:
        return Move(before, after, 0.0, 0.0, 0.0, 1.0)
    fell = random.random((replicates, len(heaviest))) < share
    moved = random.random((replicates, len(heaviest))) < together
    null = ((fell - share) * moved) @ grouped[heaviest]
    null += random.normal(0.0, np.sqrt(max(0.0, spread * rest)), replicates)
    reach = 1.96 * deviation / (declared * spread)
    return Move(
        before, after, after - before - reach, after - before + reach, observed / deviation,
        tail(abs(observed), np.abs(null)),
    )  # fmt: skip


def deal(
    split: Split, category: Counts, categories: int, *, random: np.random.Generator, replicates: int, together: float
) -> Floats:
    """Declarations of the current window by category, (replicates, categories), dealt anew as if nothing drifted."""
    counts = np.bincount(category, split.total, categories).astype(np.int64)
    if not together:
        return random.binomial(counts, split.share, (replicates, categories)).astype(float)
    blocks = [_deal(split, category, counts, rows, random, together) for rows in _blocks(split, replicates)]
    return np.concatenate(blocks)


def _deal(
    split: Split, category: Counts, counts: Counts, replicates: int, random: np.random.Generator, together: float
) -> Floats:
    from scipy import sparse

    repeated = np.flatnonzero(np.bincount(split.group, split.total)[split.group] > 1)
    numbers, group = np.unique(split.group[repeated], return_inverse=True)
    cells = sparse.csr_matrix(
        (split.total[repeated].astype(float), (group, category[repeated])), shape=(len(numbers), len(counts))
    )
    moved = random.random((replicates, len(numbers)), dtype=np.float32) < together
    fell = moved & (random.random((replicates, len(numbers)), dtype=np.float32) < split.share)
    held: Floats = np.asarray(moved.astype(float) @ cells)
    as_one: Floats = np.asarray(fell.astype(float) @ cells)
    return as_one + random.binomial(np.rint(counts - held).astype(np.int64), split.share)


def _blocks(split: Split, replicates: int) -> Iterator[int]:
    size = max(1, _BLOCK // max(1, len(split.group)))
    for start in range(0, replicates, size):
        yield min(size, replicates - start)


def tail(observed: float, null: Floats) -> float:
    """The chance of a figure as large as ``observed`` under the null's replicates (n,).

    Beyond the largest replicate, that of a gamma law with the replicates' mean and variance, so that a large drift
    stays apart from a middling one among many tests; never above 1 / (n + 1), which counting alone would give.
    """
    reached = int((null >= observed * (1 - 1e-12)).sum())
    counted = (1 + reached) / (1 + len(null))
    centre, spread = float(null.mean()), float(null.var())
    if reached or centre <= 0 or spread <= 0:
        return counted
    from scipy import special

    return float(min(counted, max(1e-300, special.gammaincc(centre**2 / spread, observed * centre / spread))))
