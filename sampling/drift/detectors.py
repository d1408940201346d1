"""Which shares moved between two windows, beyond what chance explains, and how far distributions lie apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NEGLIGIBLE: Final = 1e-15


@dataclass(frozen=True, slots=True)
class Limits:
    """What must hold for a move to be reported: beyond chance, and large enough to matter."""

    false_discovery_rate: float = 0.05
    least_difference: float = 0.005
    least_count: int = 10


@dataclass(frozen=True, slots=True)
class Shift:
    """A value whose share moved from ``before`` to ``after``; ``p_value`` is adjusted for the number of values."""

    value: str
    before: float
    after: float
    count: int
    p_value: float

    @property
    def rose(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True, slots=True)
class Tallies:
    """Declarations by value in two windows, arrays (values,); ``totals`` are those of the windows, before and after.

    ``effect`` is the design effect of repeats (Kish 1965): how many declarations of the value stand for one that
    arrived by itself; 1 where none repeats.
    """

    values: Sequence[str]
    before: Floats
    after: Floats
    totals: tuple[float, float]
    effect: Floats

    def of(self, rows: npt.NDArray[np.int64]) -> Tallies:
        """Of these values alone, with the totals of all."""
        values = [self.values[row] for row in rows.tolist()]
        return Tallies(values, self.before[rows], self.after[rows], self.totals, self.effect[rows])


def shifts(tallies: Tallies, limits: Limits) -> tuple[Shift, ...]:
    """The values whose share moved, largest move first.

    Fisher's exact test by value on counts divided by their design effect (Rao and Scott 1992), two-sided as twice the
    smaller tail, adjusted over all values by Benjamini and Hochberg (1995), then the smallest difference and count that
    matter.
    """
    if not all(tallies.totals) or not len(tallies.values):
        return ()
    # Slow to import, and only drift needs it.
    from scipy import stats

    adjusted = stats.false_discovery_control(p_values(tallies))
    before, after = tallies.before / tallies.totals[0], tallies.after / tallies.totals[1]
    beyond_chance = adjusted <= limits.false_discovery_rate
    enough = (tallies.after >= limits.least_count) | (after < before)
    matters = beyond_chance & enough & (np.abs(after - before) >= limits.least_difference)
    found = [
        Shift(tallies.values[row], float(before[row]), float(after[row]), int(tallies.after[row]), float(adjusted[row]))
        for row in np.flatnonzero(matters)
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.after - one.before), one.value)))


def p_values(tallies: Tallies) -> Floats:
    """Of Fisher's test by value, (values,); what a design effect leaves of a count is rounded towards no move."""
    effect = np.maximum(tallies.effect, 1.0)
    before, after = tallies.before / effect, tallies.after / effect
    totals = [np.rint(total / effect) for total in tallies.totals]
    rise = _upper(np.floor(after), np.ceil(before), totals[1], totals[0])
    fall = _upper(np.floor(before), np.ceil(after), totals[0], totals[1])
    smaller: Floats = np.minimum(1.0, 2 * np.minimum(rise, fall))
    return smaller


def _upper(here: Floats, there: Floats, all_here: Floats, all_there: Floats) -> Floats:
    """The hypergeometric chance of ``here`` or more; 1 where it does not exceed what is expected.

    By the ratio of neighbouring terms, all values at once: SciPy's law sums up to all declarations for each value.
    """
    from scipy.special import betaln

    here, there = np.minimum(here, all_here), np.minimum(there, all_there)
    count = here + there
    chance = np.ones(len(here))
    rows = np.flatnonzero(here * (all_here + all_there) > count * all_here)
    first, n, a, b = here[rows], count[rows], all_here[rows], all_there[rows]
    logarithm = -_choose(betaln, a + b, n) + _choose(betaln, a, first) + _choose(betaln, b, n - first)
    total, term, k = np.ones(len(rows)), np.ones(len(rows)), first.copy()
    left = np.arange(len(rows))
    while len(left):
        term[left] *= (n[left] - k[left]) * (a[left] - k[left]) / ((k[left] + 1) * (b[left] - n[left] + k[left] + 1))
        k[left] += 1
        total[left] += term[left]
        left = left[term[left] > _NEGLIGIBLE * total[left]]
    chance[rows] = np.minimum(1.0, np.exp(logarithm) * total)
    return chance


def _choose(betaln: Callable[[Floats, Floats], Floats], n: Floats, k: Floats) -> Floats:
    """The logarithm of a binomial coefficient."""
    logarithm: Floats = -np.log(n + 1) - betaln(n - k + 1, k + 1)
    return logarithm


def divergence(before: Floats, after: Floats) -> Floats:
    """Jensen and Shannon's divergence of two distributions of counts (…, values), in bits.

    0 where they are the same, 1 where they share nothing; 0 too where either has no count.
    """
    p, q = _normal(before), _normal(after)
    middle = (p + q) / 2
    both: Floats = (_surprise(p, middle) + _surprise(q, middle)) / 2
    there = (before.sum(axis=-1) > 0) & (after.sum(axis=-1) > 0)
    return np.where(there, np.clip(both, 0.0, 1.0), 0.0)


def stability(before: Floats, after: Floats) -> Floats:
    """The population stability index of counts (…, values), in nats; half a count is added everywhere.

    0 where either has no count.
    """
    p, q = _normal(before, 0.5), _normal(after, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where((p > 0) & (q > 0), (q - p) * np.log(q / p), 0.0)
    index: Floats = parts.sum(axis=-1)
    return index


def _normal(counts: Floats, added: float = 0.0) -> Floats:
    there = counts.sum(axis=-1, keepdims=True)
    filled = np.where(there > 0, counts + added, 0.0)
    shares: Floats = filled / np.maximum(filled.sum(axis=-1, keepdims=True), 1e-300)
    return shares


def _surprise(share: Floats, middle: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(share > 0, share * np.log2(share / middle), 0.0)
    total: Floats = parts.sum(axis=-1)
    return total


def smallest(found: Sequence[Shift]) -> float:
    """The p-value of a family of shifts taken together: its smallest one, adjusted as they are; 1 without any."""
    return min((one.p_value for one in found), default=1.0)


def either(*p_values: float) -> float:
    """The p-value of several tests taken together (Bonferroni)."""
    return min(1.0, len(p_values) * min(p_values))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that any false alarm at all has the chance that is set (Holm 1979), in the order given."""
    adjusted = [1.0] * len(p_values)
    so_far = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda one: p_values[one])):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = so_far
    return adjusted
