"""How far coders agree who answered the same texts, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import coefficients, cohen, intervals, ratings
from annotation.quality.coefficients import Disagreement
from annotation.quality.ratings import Ratings
from annotation.quality.samples import Floats

_NOTHING: Final = 1e-12
_LEAST_UNITS: Final = 2
# While few units show any disagreement, its variance is hardly seen: what it says beyond one pair per unit counts less.
_UNSEEN: Final = 2.0


@dataclass(frozen=True, slots=True)
class Coefficient:
    """``units`` are the texts with two answers and more. ``low`` and ``high`` are None where there is only one."""

    value: float
    low: float | None
    high: float | None
    units: int

    def as_dict(self) -> dict[str, float | int | None]:
        return {"value": self.value, "low": self.low, "high": self.high, "units": self.units}


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient is None where it has no value: nothing was answered twice, or one code is all that was given,
    so that agreement by chance is complete.

    ``levels`` holds the same for codes cut to each level of the nomenclature, from 1; ``krippendorff_hierarchical`` is
    of the whole codes alone.
    """

    units: int
    coders: int
    judgements: int
    percent: Coefficient | None
    cohen: Coefficient | None
    fleiss: Coefficient | None
    krippendorff: Coefficient | None
    gwet: Coefficient | None
    krippendorff_hierarchical: Coefficient | None = None
    levels: Mapping[int, Agreement] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON, with nulls for what has no value."""
        return {
            **{name: _shown(getattr(self, name)) for name in NAMES},
            "units": self.units,
            "coders": self.coders,
            "judgements": self.judgements,
            "levels": {str(level): one.as_dict() for level, one in self.levels.items()},
        }


NAMES: Final = ("percent", "cohen", "fleiss", "krippendorff", "krippendorff_hierarchical", "gwet")


def measure(
    units: Sequence[Hashable],
    coders: Sequence[Hashable],
    codes: Sequence[Hashable],
    *,
    nomenclature: Nomenclature | None = None,
    confidence: float = 0.95,
) -> Agreement:
    """From a long table, one entry per judgement, in any order; a coder's last word on a unit counts.

    Percent is the share of agreeing pairs; see ``coefficients`` and ``cohen`` for the others. Alpha's hierarchical
    distance between two codes is the share of the nomenclature's levels on which they differ, a code being its own on
    the levels below it. Codes are in the published spelling; one that the nomenclature lacks is its own on each level.

    The interval is over units, the coders being these: the jackknife's variance says how many independent pairs would
    be as sure, and with so many the binomial interval of the observed disagreement, divided by the expected one, holds
    for few texts and for agreement near 1, too.
    """
    table, known = ratings.number(units, coders, codes)
    if nomenclature is None:
        return _measured(table, confidence)
    cut = {level: table.recoded(_cut(known, nomenclature, level)) for level in range(1, nomenclature.levels + 1)}
    distance = coefficients.mean([coefficients.krippendorff(one) for one in cut.values()])
    levels = {level: _measured(one, confidence) for level, one in cut.items()}
    return _measured(table, confidence, hierarchical=distance, levels=levels)


def _measured(
    table: Ratings,
    confidence: float,
    *,
    hierarchical: Disagreement | None = None,
    levels: Mapping[int, Agreement] | None = None,
) -> Agreement:
    shared, apart = int((table.of_unit >= _LEAST_UNITS).sum()), coefficients.apart(table)

    def told(measure: Callable[[Ratings], Disagreement | None]) -> Coefficient | None:
        found = measure(table) if shared else None
        return None if found is None else coefficient(found, units=shared, apart=apart, confidence=confidence)

    return Agreement(
        units=shared,
        coders=table.coders,
        judgements=len(table.unit),
        percent=told(coefficients.observed),
        cohen=told(cohen.cohen),
        fleiss=told(coefficients.fleiss),
        krippendorff=told(coefficients.krippendorff),
        gwet=told(coefficients.gwet),
        krippendorff_hierarchical=told(lambda _: hierarchical),
        levels=levels or {},
    )


def coefficient(found: Disagreement, *, units: int, apart: int, confidence: float) -> Coefficient | None:
    """None where no disagreement is to be expected by chance; on ``apart`` of the units there is some."""
    if not found.expected > _NOTHING:
        return None
    value = 1 - found.observed / found.expected
    if units < _LEAST_UNITS:
        return Coefficient(value, None, None, units)
    variance = _jackknife(found) * found.expected**2
    spread = found.observed * (1 - found.observed)
    effective = spread / variance if variance > _NOTHING and spread > _NOTHING else float(units)
    if effective > units:
        effective = units + (effective - units) * apart / (apart + _UNSEEN)
    reach = intervals.quantile(confidence, math.inf) / intervals.quantile(confidence, units - 1)
    least, most = intervals.mid_p(found.observed, max(1.0, effective * reach**2), confidence)
    return Coefficient(value, max(-1.0, 1 - most / found.expected), 1 - least / found.expected, units)


def _jackknife(found: Disagreement) -> float:
    """The variance of observed by expected disagreement (Quenouille 1956, Tukey 1958)."""
    defined = found.expected_without > _NOTHING
    ratio: Floats = found.observed_without[defined] / found.expected_without[defined]
    ratio = ratio[np.isfinite(ratio)]
    n = len(ratio)
    return float((n - 1) / n * ((ratio - ratio.mean()) ** 2).sum()) if n > 1 else 0.0


def _cut(codes: Sequence[Hashable], nomenclature: Nomenclature, level: int) -> list[int]:
    """The number of each code's ancestor on the level, by the code's own number."""
    known: dict[object, int] = {}
    above = (nomenclature.at_level(str(code), level) if code in nomenclature else code for code in codes)
    return [known.setdefault(one, len(known)) for one in above]


def _shown(found: Coefficient | None) -> dict[str, float | int | None]:
    return found.as_dict() if found else {"value": None, "low": None, "high": None, "units": 0}
