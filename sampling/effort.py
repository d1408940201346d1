"""What questions cost: coders' seconds, from the answers of the campaign so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from annotation.domain.task import Component
from annotation.ledger.unit_of_work import UnitOfWork
from sampling.settings import DrawSettings

UNKNOWN_SECONDS: Final = 60.0
# Fewer timed answers say little of a component.
_ENOUGH: Final = 20


@dataclass(frozen=True, slots=True)
class Effort:
    """Median seconds per judgement; of a component where it has enough of them. ``judgements`` were timed."""

    seconds: float = UNKNOWN_SECONDS
    by_component: Mapping[Component, float] = field(default_factory=dict)
    judgements: int = 0

    def of(self, component: Component) -> float:
        return self.by_component.get(component, self.seconds)

    def minutes(self, tasks: Mapping[Component, int]) -> float:
        return sum(number * self.of(component) for component, number in tasks.items()) / 60


def spent(work: UnitOfWork, campaign_key: str) -> Effort:
    """What judgements took so far; a minute each where none was timed."""
    component = {mark.key: mark.component for mark in work.tasks.marks(campaign_key)}
    times: dict[Component, list[float]] = {}
    for mark in work.judgements.marks(campaign_key):
        if mark.lead_time and mark.outcome.settles and mark.task_key in component:
            times.setdefault(component[mark.task_key], []).append(mark.lead_time)
    everything = [time for some in times.values() for time in some]
    if not everything:
        return Effort()
    enough = {one: median(some) for one, some in times.items() if len(some) >= _ENOUGH}
    return Effort(median(everything), enough, len(everything))


def fitted(settings: DrawSettings, effort: Effort) -> DrawSettings:
    """The budgets that fill ``minutes``, in the same shares, with the least time left over; as they were without it."""
    if settings.minutes is None:
        return settings
    budgets = settings.budgets
    scale = settings.minutes / max(effort.minutes(budgets), 1e-9)
    wanted = {component: scale * number for component, number in budgets.items()}
    whole = {component: int(number) for component, number in wanted.items()}
    left = settings.minutes * 60 - sum(number * effort.of(component) for component, number in whole.items())
    for component in sorted(whole, key=lambda one: whole[one] - wanted[one]):
        if wanted[component] > whole[component] and effort.of(component) <= left:
            whole[component] += 1
            left -= effort.of(component)
    return settings.model_copy(update={component.value: number for component, number in whole.items()})
