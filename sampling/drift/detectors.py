"""Which shares moved between two windows, beyond what chance explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import jensenshannon


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


def shifts(
    before: Mapping[str, int],
    after: Mapping[str, int],
    *,
    before_total: int,
    after_total: int,
    limits: Limits,
) -> list[Shift]:
    """The values whose share moved, largest move first.

    Fisher's exact test by value, two-sided as twice the smaller tail, adjusted over all values by Benjamini and
    Hochberg (1995), then the smallest difference and count that matter.
    """
    if not before_total or not after_total:
        return []
    values = sorted(set(before) | set(after))
    counts = np.array([[before.get(v, 0), after.get(v, 0)] for v in values])
    p_values = _fisher(counts, before_total, after_total)
    # Slow to import, and only drift needs it.
    from scipy import stats

    adjusted = stats.false_discovery_control(p_values) if len(p_values) else p_values
    found = [
        Shift(value, int(b) / before_total, int(a) / after_total, int(a), float(p))
        for value, (b, a), p in zip(values, counts, adjusted, strict=True)
        if p <= limits.false_discovery_rate
    ]
    kept = [s for s in found if _matters(s, limits)]
    return sorted(kept, key=lambda s: (-abs(s.after - s.before), s.value))


def _matters(shift: Shift, limits: Limits) -> bool:
    enough = shift.count >= limits.least_count or not shift.rose
    return enough and abs(shift.after - shift.before) >= limits.least_difference


def divergence(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """Jensen-Shannon divergence of the two distributions, in bits, from 0 (the same) to 1 (nothing in common)."""
    values = sorted(set(before) | set(after))
    if not values or not sum(before.values()) or not sum(after.values()):
        return 0.0
    distance = jensenshannon([before.get(v, 0) for v in values], [after.get(v, 0) for v in values], base=2)
    return float(np.nan_to_num(distance)) ** 2


def _fisher(counts: npt.NDArray[np.int_], before_total: int, after_total: int) -> npt.NDArray[np.float64]:
    after = counts[:, 1]
    successes = counts.sum(axis=1)
    from scipy import stats

    law = stats.hypergeom(before_total + after_total, successes, after_total)
    p_values: npt.NDArray[np.float64] = np.minimum(1.0, 2 * np.minimum(law.cdf(after), law.sf(after - 1)))
    return p_values
