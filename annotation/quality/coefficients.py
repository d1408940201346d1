"""Observed against expected disagreement, each also with every unit left out in turn.

Every coefficient of agreement is 1 - observed / expected. Both are sums over units, so that leaving one out is a
subtraction: the jackknife costs as much as the coefficient itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.quality import ratings
from annotation.quality.ratings import Cells, Ratings
from annotation.quality.samples import Floats


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Shares of pairs that differ. ``observed_without`` and ``expected_without`` (n,) leave out one unit each."""

    observed: float
    expected: float
    observed_without: Floats
    expected_without: Floats


def apart(table: Ratings) -> int:
    """The number of units on which not all say the same."""
    return int((np.bincount(ratings.cells(table).unit, minlength=table.units) > 1).sum())


def observed(table: Ratings) -> Disagreement:
    """Against nothing expected: 1 less it is the share of agreeing pairs, averaged over the units of two ratings.

    A unit counts once, however many rated it.
    """
    paired = table.paired()
    differing = _differing(paired)
    value, without = _mean(differing)
    return Disagreement(value, 1.0, without, np.ones(len(differing)))


def fleiss(table: Ratings) -> Disagreement:
    """Fleiss (1971), for differing numbers of ratings as by Gwet (2014).

    Agreement is averaged over the units with two ratings and more; the shares of the codes are averaged over all
    units, of which each counts once.
    """
    pairs, same = _against_shares(table)
    return Disagreement(pairs.observed, 1 - same.observed, pairs.observed_without, 1 - same.observed_without)


def gwet(table: Ratings) -> Disagreement:
    """AC1 of Gwet (2008); units as for ``fleiss``. The codes of the scale are those that somebody gave."""
    pairs, same = _against_shares(table)
    others = max(1, len(np.unique(table.code)) - 1)
    expected = 1 - (1 - same.observed) / others
    without = 1 - (1 - same.observed_without) / others
    if len(np.unique(table.code)) < 2:
        expected, without = 0.0, np.zeros_like(without)
    return Disagreement(pairs.observed, expected, pairs.observed_without, without)


def krippendorff(table: Ratings) -> Disagreement:
    """Alpha for nominal codes (Krippendorff 2011); units with a single rating do not count."""
    paired = table.paired()
    size, found = paired.of_unit, ratings.cells(paired)
    if not paired.units:
        return Disagreement(np.nan, 0.0, np.zeros(0), np.zeros(0))
    total, differing = size.sum(), size * _differing(paired)
    of_code = np.bincount(found.code, found.count, minlength=paired.codes)
    square = float((of_code**2).sum())
    without = square - 2 * _summed(found, of_code[found.code] * found.count, paired.units)
    without += _summed(found, found.count**2, paired.units)
    left = total - size
    with np.errstate(divide="ignore", invalid="ignore"):
        observed_without = (differing.sum() - differing) / left
        expected_without = 1 - (without - left) / (left * (left - 1))
    return Disagreement(
        float(differing.sum() / total), float(1 - (square - total) / (total * (total - 1))), observed_without,
        expected_without,
    )  # fmt: skip


def mean(found: Sequence[Disagreement]) -> Disagreement:
    """Of the same units on several levels: two codes are as far apart as the share of levels on which they differ."""
    return Disagreement(
        float(np.mean([one.observed for one in found])),
        float(np.mean([one.expected for one in found])),
        np.mean([one.observed_without for one in found], axis=0),
        np.mean([one.expected_without for one in found], axis=0),
    )


def _against_shares(table: Ratings) -> tuple[Disagreement, Disagreement]:
    """Observed disagreement, and the chance that two codes drawn from the shares are the same one; all units of the
    table are left out in turn."""
    size, found = table.of_unit, ratings.cells(table)
    paired = size >= 2
    differing = np.zeros(table.units)
    differing[paired] = _differing(table.paired())
    number = paired.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = Disagreement(
            float(differing.sum() / number),
            1.0,
            (differing.sum() - differing) / (number - paired),
            np.ones(table.units),
        )
        share = found.count / size[found.unit]
        of_code = np.bincount(found.code, share, minlength=table.codes)
        square = float((of_code**2).sum())
        without = square - 2 * _summed(found, of_code[found.code] * share, table.units)
        without += _summed(found, share**2, table.units)
        same = without / (table.units - 1) ** 2
    return pairs, Disagreement(square / table.units**2, 1.0, same, np.ones(table.units))


def _differing(paired: Ratings) -> Floats:
    """The share of each unit's pairs of ratings that differ, (units,)."""
    size, found = paired.of_unit, ratings.cells(paired)
    agreeing = _summed(found, found.count * (found.count - 1), paired.units)
    differing: Floats = 1 - agreeing / (size * (size - 1))
    return differing


def _mean(values: Floats) -> tuple[float, Floats]:
    n = len(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (values.sum() - values) / (n - 1)
    return (float(values.mean()) if n else np.nan), without


def _summed(found: Cells, values: Floats, units: int) -> Floats:
    summed: Floats = np.bincount(found.unit, values, minlength=units).astype(float)
    return summed
