"""Chances of being asked that are the same for all but the best: what millions of units need fits in a few pages."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Codes = npt.NDArray[np.integer]

# A size that is whole but for rounding is whole.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Chances:
    """Of ``number`` units: ``values`` for ``rows``, ``least`` for the other candidates, 0 for those that are none.

    ``candidates`` are row numbers in ascending order, None for all units.
    """

    number: int
    candidates: Rows | None
    least: float
    rows: Rows
    values: Floats

    def dense(self) -> Floats:
        """One chance (units,) each."""
        chances = np.zeros(self.number)
        chances[slice(None) if self.candidates is None else self.candidates] = self.least
        chances[self.rows] = self.values
        return chances

    def total(self, weights: Floats) -> float:
        """The weights (units,) of all candidates added up."""
        return float(weights.sum() if self.candidates is None else weights[self.candidates].sum())

    def expected(self, weights: Floats, total: float) -> float:
        """The weights of a sample, as they add up on average; ``total`` is that of the weights."""
        return self.least * total + float((weights[self.rows] * (self.values - self.least)).sum())

    def pass_over(self, passed: Floats) -> None:
        """Multiply the chances (units,) of having been passed over by those of being so once more."""
        best = passed[self.rows] * (1 - self.values)
        passed[slice(None) if self.candidates is None else self.candidates] *= 1 - self.least
        passed[self.rows] = best

    def sample(self, random: np.random.Generator, codes: Codes | None = None) -> Rows:
        """Randomised systematic sampling as by ``inclusion.systematic``, with the equal chances at the end.

        Equal chances in random order are simple random sampling. The best are spread over ``codes`` (units,).
        """
        certain = self.values >= 1
        places = random.permutation(np.flatnonzero(~certain))
        if codes is not None:
            places = places[np.argsort(codes[self.rows[places]], kind="stable")]
        ends = np.cumsum(self.values[places])
        others = self._count - len(self.rows)
        best = float(ends[-1]) if len(ends) else 0.0
        size = _snapped(best + self.least * others)
        if len(ends) and not self.least * others:
            ends[-1] = size
        start = random.random()
        marks = np.maximum(np.ceil(ends - start), 0)
        hits = int(marks[-1]) if len(marks) else 0
        left = min(others, max(0, math.ceil(size - start) - hits))
        drawn = [
            self.rows[certain],
            self.rows[places[np.diff(marks, prepend=0.0) > 0]],
            self._others(left, others, random),
        ]
        return np.sort(np.concatenate(drawn))

    @property
    def _count(self) -> int:
        return self.number if self.candidates is None else len(self.candidates)

    def _others(self, size: int, among: int, random: np.random.Generator) -> Rows:
        """Units at random of those that have the least chance."""
        places = np.arange(among) if size == among else random.choice(among, size, replace=False)
        best = np.sort(self.rows if self.candidates is None else np.searchsorted(self.candidates, self.rows))
        places = places + np.searchsorted(best - np.arange(len(best)), places, side="right")
        return places if self.candidates is None else self.candidates[places]


@dataclass(slots=True)
class Candidates:
    """Units by what they are worth: ``scores`` (units,), NaN for those that are no candidates.

    What a code, of ``codes`` (units,), has beyond its best ``cap`` ranks behind the others; where all scores are the
    same, all candidates have the same chance.
    """

    scores: Floats
    codes: Codes | None = None
    cap: float | None = None
    rows: Rows | None = field(init=False)
    _flat: bool = field(init=False)
    _ranked: Rows = field(init=False)
    _groups: Rows = field(init=False)

    def __post_init__(self) -> None:
        missing = np.isnan(self.scores)
        self.rows = np.flatnonzero(~missing) if missing.any() else None
        # Nothing tells them apart, so that neither ranks nor a cap have a say.
        self._flat = len(self) == 0 or bool(np.fmin.reduce(self.scores) == np.fmax.reduce(self.scores))
        self._ranked = np.empty(0, dtype=np.intp)
        self._groups = np.empty(0, dtype=np.intp)
        if self.cap is None:
            self.codes = None

    def __len__(self) -> int:
        return len(self.scores) if self.rows is None else len(self.rows)

    def chances(self, size: float, *, floor: float, softness: float) -> Chances:
        """See ``inclusion.probabilities``."""
        number = len(self)
        none = np.empty(0, dtype=np.intp)
        if size >= number or size <= 0:
            return Chances(len(self.scores), self.rows, 1.0 if size > 0 else 0.0, none, np.empty(0))
        least = floor * size / number
        level = size * (1 - floor) / (1 - least)
        if level <= 0 or self._flat:
            return Chances(len(self.scores), self.rows, size / number, none, np.empty(0))
        width = min(softness * level, number - level)
        self._rank(math.ceil(level + width))
        shares = _shared(_step(len(self._ranked), level, width), self._groups)
        above = shares > 0
        return Chances(len(self.scores), self.rows, least, self._ranked[above], least + (1 - least) * shares[above])

    def _rank(self, wanted: int) -> None:
        """Rows from the best down, ``wanted`` of them at least, and with any row all that equal it."""
        if len(self._ranked) >= wanted:
            return
        ahead = min(len(self), 2 * wanted)
        while True:
            rows = self._best(ahead)
            if self.codes is None:
                break
            within = _rank_in_code(self.codes[rows]) < max(1, math.floor(self.cap or 1))
            if within.sum() >= wanted or len(rows) == len(self):
                rows = np.concatenate([rows[within], rows[~within]])
                break
            ahead = 4 * len(rows)
        self._ranked = rows
        self._groups = _groups(self.scores[rows], None if self.codes is None else self.codes[rows])

    def _best(self, number: int) -> Rows:
        values = self.scores if self.rows is None else self.scores[self.rows]
        if number < len(values):
            threshold = np.partition(values, len(values) - number)[len(values) - number]
            places = np.flatnonzero(values >= threshold)
        else:
            places = np.arange(len(values))
        places = places[np.argsort(-values[places], kind="stable")]
        return places if self.rows is None else self.rows[places]


def _snapped(size: float) -> float:
    return float(round(size)) if abs(size - round(size)) < _ROUNDING else size


def _rank_in_code(codes: Codes) -> Rows:
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=codes[order[:1]] - 1))
    ranks = np.empty(len(codes), dtype=np.intp)
    ranks[order] = np.arange(len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes)))
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


def _groups(values: Floats, codes: Codes | None) -> Rows:
    """A number for each row, the same for those with the same value, and the same code where codes count."""
    order = np.lexsort((values,) if codes is None else (values, codes))
    changes = np.diff(values[order], prepend=np.nan) != 0
    if codes is not None:
        changes |= np.diff(codes[order], prepend=codes[order[:1]]) != 0
    groups = np.empty(len(order), dtype=np.intp)
    groups[order] = np.cumsum(changes) - 1
    return groups


def _shared(shares: Floats, groups: Rows) -> Floats:
    """The mean share of each row's group."""
    means = np.bincount(groups, shares) / np.bincount(groups)
    return np.asarray(means[groups])
