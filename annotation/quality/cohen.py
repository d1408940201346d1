"""Cohen's kappa, which knows what each of two coders tends to say."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotation.quality.coefficients import Disagreement
from annotation.quality.ratings import Ints, Ratings
from annotation.quality.samples import Floats

# Of ratings of one unit by two coders; a table of so many coders per unit has no use for it.
_MOST_PAIRS: Final = 20_000_000


def cohen(table: Ratings) -> Disagreement | None:
    """Cohen (1960) for two coders; for more, the mean of the pairs' kappas (Light 1971), weighted by shared units.

    Pairs of coders whose kappa has no value, since both gave one and the same code alone, do not count. The expected
    disagreement is the pairs' mean, and the observed one is what gives their mean kappa with it. None where units have
    too many ratings for all pairs to be held in memory.
    """
    size = table.of_unit
    if (size * (size - 1)).sum() / 2 > _MOST_PAIRS:
        return None
    unit, pair, one, other = _pairs(table)
    if not len(unit):
        return Disagreement(np.nan, 0.0, np.zeros(0), np.zeros(0))
    shared = np.bincount(pair).astype(float)
    apart = np.bincount(pair, one != other).astype(float)
    own, others = _count(pair, one, table.codes), _count(pair, other, table.codes)
    # What the second coder of the pair gave the first one's code, and the other way round.
    given = _look_up(others, pair, one, table.codes)
    taken = _look_up(own, pair, other, table.codes)
    same = np.bincount(pair, given).astype(float)
    ratio, expected = _ratios(apart, same, shared)
    without, _ = _ratios(
        apart[pair] - (one != other), same[pair] - given - taken + (one == other), shared[pair] - 1
    )  # fmt: skip
    counts = np.isfinite(ratio)
    if not counts.any():
        return Disagreement(np.nan, 0.0, np.zeros(0), np.zeros(0))
    scale = float(np.average(expected[counts], weights=shared[counts]))
    left = _mean_without(unit, pair, ratio, shared, without)
    value = float(np.average(ratio[counts], weights=shared[counts]))
    return Disagreement(value * scale, scale, left * scale, np.full(len(left), scale))


def _pairs(table: Ratings) -> tuple[Ints, Ints, Ints, Ints]:
    """Every two ratings of a unit: its number, the pair's number, the code of the lower coder and of the higher one."""
    size = table.of_unit.astype(np.int64)
    start = np.cumsum(size) - size
    # Ratings are sorted by unit: each one is paired with those that follow it there.
    rank = np.arange(len(table.unit)) - start[table.unit]
    following = size[table.unit] - rank - 1
    first = np.repeat(np.arange(len(table.unit)), following)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(following) - following, following)
    swapped = table.coder[first] > table.coder[second]
    low, high = np.where(swapped, second, first), np.where(swapped, first, second)
    pair = np.unique(table.coder[low] * table.coders + table.coder[high], return_inverse=True)[1]
    return table.unit[first], pair.astype(np.int64), table.code[low], table.code[high]


def _count(pair: Ints, code: Ints, codes: int) -> tuple[Ints, Floats]:
    place, count = np.unique(pair * codes + code, return_counts=True)
    return place, count.astype(float)


def _look_up(counted: tuple[Ints, Floats], pair: Ints, code: Ints, codes: int) -> Floats:
    place, count = counted
    wanted = pair * codes + code
    at = np.minimum(np.searchsorted(place, wanted), len(place) - 1)
    return np.where(place[at] == wanted, count[at], 0.0)


def _ratios(apart: Floats, same: Floats, shared: Floats) -> tuple[Floats, Floats]:
    """Observed by expected disagreement, NaN where none is expected; and the latter."""
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = 1 - same / shared**2
        ratio = np.where(expected > 1e-12, apart / shared / expected, np.nan)
    return ratio, expected


def _mean_without(unit: Ints, pair: Ints, ratio: Floats, shared: Floats, without: Floats) -> Floats:
    """The weighted mean over pairs with each unit left out, (units that anybody shares,)."""
    numbered = np.unique(unit, return_inverse=True)[1]
    total, weight = np.nansum(ratio * shared), shared[np.isfinite(ratio)].sum()
    was, now = np.isfinite(ratio[pair]), np.isfinite(without)
    change = np.where(now, without * (shared[pair] - 1), 0.0) - np.where(was, ratio[pair] * shared[pair], 0.0)
    lighter = np.where(now, shared[pair] - 1, 0.0) - np.where(was, shared[pair], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        left: Floats = (total + np.bincount(numbered, change)) / (weight + np.bincount(numbered, lighter))
    return left
