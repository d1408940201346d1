"""One probability design for all components of a draw.

Held here: each component is drawn independently of the others with its own exact chances, so that a text's chance of
being asked at all is one minus the product of its chances of being passed over. A text that several components draw is
asked once, for the first of them. Sizes are raised until the tasks expected of each component, those already drawn by
an earlier one not counted, are its budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.domain.task import Component
from sampling.chances import Candidates, Chances, Floats, Rows
from sampling.pool import Pool
from sampling.strategies.base import Strategy
from sampling.strategies.probability import Audit, AuditPlan
from sampling.units import Units

# Who asks a text that several components have drawn; the last takes over what the others could not fill.
PRIORITY: Final = (
    Component.AUDIT,
    Component.CLAIM,
    Component.REVISION,
    Component.DRIFTING,
    Component.RARE,
    Component.DISAGREEMENT,
    Component.VALUE,
    Component.UNCERTAIN,
)
_ENOUGH: Final = 0.005

# One generator by name: that of another component takes nothing from it.
Generators = Callable[[str], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Shape:
    """How scores become chances, see ``inclusion.probabilities``; ``cap`` is the most tasks per predicted code."""

    floor: float
    softness: float
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A component but the audit. ``wanted`` tasks are expected of it beyond what earlier ones take; for that it draws
    ``size`` of its ``candidates``."""

    component: Component
    strategy: Strategy
    wanted: float
    size: float
    candidates: int
    chances: Chances


@dataclass(frozen=True, slots=True)
class Sample:
    """Units that were drawn, in ascending order, each with the component that asks it."""

    chosen: Rows
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """``chances`` (units,) are those of being asked at all; ``unfilled`` is what no component could take."""

    units: Units
    audit: AuditPlan
    parts: tuple[Part, ...]
    chances: Floats
    unfilled: float

    def sample(self, generators: Generators) -> Sample:
        drawn = [(Component.AUDIT, self.audit.sample(generators(Component.AUDIT.value)))]
        drawn += [
            (part.component, part.chances.sample(generators(part.component.value), self.units.code))
            for part in self.parts
        ]
        chosen: dict[int, Component] = {}
        for component, rows in drawn:
            for row in rows.tolist():
                chosen.setdefault(row, component)
        ordered = sorted(chosen)
        return Sample(np.array(ordered, dtype=np.intp), tuple(chosen[row] for row in ordered))


def plan(
    pool: Pool,
    *,
    units: Units,
    audit: Audit,
    budgets: Mapping[Component, float],
    strategies: Mapping[Component, Strategy],
    shapes: Mapping[Component, Shape],
    generators: Generators,
) -> Plan:
    """The chances of all units. What a component without strategy or candidates cannot fill goes to the uncertain."""
    audited = audit.plan(units, int(budgets.get(Component.AUDIT, 0)))
    passed = 1 - audited.chances
    parts: list[Part] = []
    unfilled = 0.0
    for component in PRIORITY[1:]:
        wanted = budgets.get(component, 0) + (unfilled if component is Component.UNCERTAIN else 0.0)
        if component is Component.UNCERTAIN:
            unfilled = 0.0
        strategy = strategies.get(component)
        if wanted <= 0 or strategy is None or not len(units):
            unfilled += wanted
            continue
        scores = units.best(np.asarray(strategy.score(pool, generators(f"{component} scores")), dtype=float))
        part = _part(component, strategy, scores, wanted, passed, units, shapes[component])
        unfilled += wanted - part.wanted
        part.chances.pass_over(passed)
        parts.append(part)
    return Plan(units, audited, tuple(parts), np.subtract(1, passed, out=passed), unfilled)


def _part(
    component: Component,
    strategy: Strategy,
    scores: Floats,
    wanted: float,
    passed: Floats,
    units: Units,
    shape: Shape,
) -> Part:
    candidates = Candidates(scores, units.code, shape.cap)
    total = candidates.chances(0, floor=shape.floor, softness=shape.softness).total(passed)

    def gained(size: float) -> float:
        return candidates.chances(size, floor=shape.floor, softness=shape.softness).expected(passed, total)

    size = _size(gained, wanted, len(candidates))
    found = candidates.chances(size, floor=shape.floor, softness=shape.softness)
    return Part(component, strategy, min(wanted, gained(size)), size, len(candidates), found)


def _size(gained: Callable[[float], float], wanted: float, candidates: int) -> float:
    """The size from which ``wanted`` units are gained that no earlier component takes; all, where they are too few."""
    low = high = min(wanted, float(candidates))
    if wanted - gained(low) < _ENOUGH:
        return low
    from scipy import optimize

    while high < candidates:
        low, high = high, min(1.25 * high, float(candidates))
        if gained(high) >= wanted:
            return float(optimize.brentq(lambda size: gained(size) - wanted, low, high, xtol=_ENOUGH))
    return high
