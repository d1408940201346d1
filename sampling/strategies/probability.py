"""The audit: a stratified random sample that reaches every text, the only one that compares models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.campaign.measurement import UNSCORED
from sampling import inclusion
from sampling.chances import Floats, Rows
from sampling.units import Units

# Strata are cut on a grid of confidences, which makes their making linear in the pool.
_GRID: Final = 2_000


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """``names`` of the strata, from the least sure to the surest; ``stratum`` (units,) numbers them.

    ``chances`` (units,) are those of the audit alone, ``drawn`` (strata,) how many units each stratum gives.
    """

    names: tuple[str, ...]
    stratum: npt.NDArray[np.int16]
    chances: Floats
    drawn: npt.NDArray[np.int_]

    def sample(self, random: np.random.Generator) -> Rows:
        """Units at random within each stratum, whose sizes never vary."""
        drawn: list[Rows] = [np.empty(0, dtype=np.intp)]
        for number, size in enumerate(self.drawn.tolist()):
            here = np.flatnonzero(self.stratum == number)
            chances = self.chances[here]
            even = bool((chances == chances[:1]).all())
            places = random.choice(len(here), size, replace=False) if even else inclusion.systematic(chances, random)
            drawn.append(here[places])
        return np.sort(np.concatenate(drawn))


@dataclass(frozen=True, slots=True)
class Audit:
    """Up to ``strata`` strata by the confidence that the model's first code is right.

    They are cut where the spread of being right, sqrt(p (1 - p)), adds up to equal parts (Dalenius and Hodges 1959),
    and sizes follow Neyman (1934), in proportion to it. Spreads below ``least_spread`` count as that: a confidence may
    flatter. Each stratum gets two units at least, or all it has; a small audit has fewer strata. Within a stratum
    every *text* has the same chance, unless it is certain: a unit's is in proportion to its texts.
    """

    strata: int
    least_spread: float

    def plan(self, units: Units, size: int) -> AuditPlan:
        names, stratum = self._strata(units, max(1, min(self.strata, size // 2)) if size else self.strata)
        room = np.bincount(stratum, minlength=len(names))
        measures = np.bincount(stratum, units.texts * self._spread(units), len(names))
        drawn = allocate(room, measures.astype(float), size)
        chances = np.zeros(len(units))
        for number, drawn_here in enumerate(drawn.tolist()):
            here = np.flatnonzero(stratum == number)
            chances[here] = inclusion.proportional(units.texts[here], drawn_here)
        return AuditPlan(names, stratum, chances, drawn)

    def _spread(self, units: Units) -> npt.NDArray[np.float32]:
        spread = np.sqrt(units.confidence * (1 - units.confidence))
        return np.asarray(np.maximum(spread, self.least_spread), dtype=np.float32)

    def _strata(self, units: Units, number: int) -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
        if not len(units):
            return (), np.empty(0, dtype=np.int16)
        unscored = units.code < 0
        apart = bool(number > 1 and unscored.any())
        cells = np.minimum(units.confidence * _GRID, _GRID - 1).astype(np.int16)
        weight = units.texts * self._spread(units)
        totals = np.bincount(cells, np.where(unscored, 0, weight) if apart else weight, _GRID)
        cut = max(1, number - apart)
        place = np.minimum((np.cumsum(totals) - totals / 2) * cut / max(totals.sum(), 1e-12), cut - 1).astype(int)
        # Where confidences are alike, fewer strata are made than were asked for.
        used, numbered = np.unique(place[totals > 0], return_inverse=True)
        of_cell = np.zeros(_GRID, dtype=np.int16)
        of_cell[totals > 0] = numbered + apart
        stratum = of_cell[cells]
        if apart:
            stratum[unscored] = 0
        names = [UNSCORED] * apart + [f"confidence {k + 1} of {len(used)}" for k in range(len(used))]
        return tuple(names), stratum


def allocate(room: npt.NDArray[np.int_], measures: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.int_]:
    """Sizes (strata,) that sum to ``size``, or to all there is, in proportion to ``measures`` and at most ``room``."""
    size = min(size, int(room.sum()))
    sizes = np.minimum(room, 2)
    while sizes.sum() > size:
        sizes[np.argmax(sizes)] -= 1
    while (left := size - int(sizes.sum())) > 0:
        wanted = np.where(room > sizes, measures, 0.0)
        ideal = size * wanted / wanted.sum() - np.where(room > sizes, sizes, 0)
        add = np.minimum(room - sizes, np.floor(np.clip(ideal, 0, None)).astype(int))
        if not 0 < add.sum() <= left:
            add = np.zeros_like(sizes)
            add[np.argmax(np.where(room > sizes, ideal, -np.inf))] = 1
        sizes = sizes + add
    return sizes
