"""A draw as it was made: what was wanted of each component, what was found, and the strata it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.campaign import progress
from annotation.domain.campaign import Draw
from annotation.domain.declaration import Window
from annotation.domain.task import Component
from annotation.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Part:
    """``found`` are the draw's own questions, ``further`` the seats added to them: second answers, arbitrations.

    ``strategy`` and ``candidates`` (what it chose among) are empty and None where the recipe does not say.
    """

    component: Component
    wanted: int | None
    found: int
    further: int
    strategy: str
    candidates: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Layer:
    """A stratum of the audit: ``units`` to be drawn from, ``texts`` and declarations that they stand for."""

    name: str
    units: int | None
    drawn: int | None
    texts: int | None
    declarations: int | None


@dataclass(frozen=True, slots=True)
class DrawDetails:
    """``foreseen`` and ``half_width`` are shares, as the draw foresaw them for the audit's estimate."""

    draw: Draw
    tasks: int
    parts: tuple[Part, ...]
    layers: tuple[Layer, ...]
    reference: Window | None
    current: Window | None
    pool: int | None
    left_out: Mapping[str, int]
    calibrated: bool | None
    foreseen: float | None
    half_width: float | None


def describe(work: UnitOfWork, draw_id: int) -> DrawDetails:
    """NotFoundError where there is no such draw. Draws of other programs and former versions tell less."""
    draw = work.draws.get(draw_id)
    found, further = progress.by_component(work.tasks.of_draw(draw_id))
    recipe, foreseen = draw.recipe, draw.recipe.get("foreseen") or {}
    return DrawDetails(
        draw=draw,
        tasks=sum(found.values()) + sum(further.values()),
        parts=_parts(draw, found, further, work.questions.example_reasons(draw_id)),
        layers=_layers(recipe),
        reference=_window(draw.reference_window),
        current=_window(draw.current_window),
        pool=recipe.get("pool"),
        left_out={str(why): int(number) for why, number in (recipe.get("left_out") or {}).items() if number},
        calibrated=recipe.get("calibrated"),
        foreseen=foreseen.get("accuracy"),
        half_width=foreseen.get("half_width"),
    )


def _parts(
    draw: Draw,
    found: Mapping[Component, int],
    further: Mapping[Component, int],
    reasons: Mapping[Component, str],
) -> tuple[Part, ...]:
    wanted, selections = progress.budget(draw), draw.recipe.get("selections") or {}
    parts = []
    for component in Component:
        if not any(component in numbers for numbers in (wanted, found, further)):
            continue
        told = selections.get(component.value) or {}
        number = told.get("candidates", told.get("frame"))
        strategy, reason = str(told.get("strategy", "")), reasons.get(component, "")
        seats = found.get(component, 0), further.get(component, 0)
        parts.append(Part(component, wanted.get(component), *seats, strategy, number, reason))
    return tuple(parts)


def _layers(recipe: Mapping[str, Any]) -> tuple[Layer, ...]:
    """The least sure first, as the draw stored them."""
    audit = ((recipe.get("selections") or {}).get(Component.AUDIT.value) or {}).get("strata") or {}
    population = recipe.get("population") or {}
    return tuple(
        Layer(
            name,
            audit.get(name, {}).get("units"),
            audit.get(name, {}).get("drawn"),
            population.get(name, audit.get(name, {})).get("texts"),
            population.get(name, {}).get("declarations"),
        )
        for name in dict.fromkeys((*audit, *population))
    )


def _window(text: str) -> Window | None:
    start, _, end = text.partition("/")
    try:
        return Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
    except ValueError:
        return None
