"""Whether the auxiliary variables of the declarations changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sampling.drift import categories, detectors
from sampling.drift.categories import Distance, Settings
from sampling.drift.detectors import Shift, Tallies
from sampling.drift.flow import Flow

_MOST_VALUES: Final = 200
REST: Final = "…"
NONE: Final = "-"


@dataclass(frozen=True, slots=True)
class Variable:
    """``p_value`` is adjusted for the number of variables (Holm 1979); a value is written ``name=value``."""

    name: str
    divergence: Distance
    p_value: float
    shifts: tuple[Shift, ...]
    tallies: Tallies | None = None


def compare(arrived: Flow, *, random: np.random.Generator, settings: Settings, together: float) -> tuple[Variable, ...]:
    """The variables that any text carries, the one that moved most first; rare values of long lists count as one."""
    names = sorted({name for variables in arrived.variables for name in variables})
    found = []
    for name in names:
        values = [f"{name}={value}" for value in _values(name, arrived.variables)]
        compared = categories.compare(
            values, arrived.split, above=[{}], random=random, settings=settings, together=together
        )
        if compared.levels:
            p_value = detectors.either(compared.p_value, detectors.smallest(compared.shifts))
            found.append(Variable(name, compared.levels[0].divergence, p_value, compared.shifts, compared.tallies))
    adjusted = detectors.holm([one.p_value for one in found])
    found = [replace(one, p_value=p) for one, p in zip(found, adjusted, strict=True)]
    return tuple(sorted(found, key=lambda one: (one.p_value, one.name)))


def _values(name: str, variables: Sequence[Mapping[str, str]]) -> list[str]:
    given = [str(one.get(name) or NONE) for one in variables]
    if len(counted := Counter(given)) <= _MOST_VALUES:
        return given
    kept = {value for value, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_MOST_VALUES]}
    return [value if value in kept else REST for value in given]
