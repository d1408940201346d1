"""Chances are checked by drawing: what the plan promises must be what 20,000 draws give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from annotation.domain.task import Component
from sampling import design, lineup
from sampling.design import Generators, Plan, Shape
from sampling.pool import Pool
from sampling.strategies.base import Strategy
from sampling.strategies.chance import Random
from sampling.strategies.diverse import Capped
from sampling.strategies.probability import Audit
from sampling.strategies.uncertain import BreakingTies, Entropy
from sampling.units import Units
from tests.parts import pools

DRAWS = 20_000


def flow() -> Pool:
    """24 texts of three codes, with near copies, of which the model knows nothing of two, and six that are named."""
    rows = [pools.row(n, 0.04 * n, code=f"c{n % 3}", frequency=1 + n % 4) for n in range(18)]
    rows += [pools.row(n, 0, code=None) for n in (18, 19)]
    rows += [pools.row(n, 0.1 * (n - 20), line="meme texte") for n in range(20, 24)]
    return pools.pool_of(rows)


def clusters() -> np.ndarray[tuple[int], np.dtype[np.int_]]:
    """The last four texts are near copies, and so are the first two."""
    return np.array([0, 0, *range(2, 20), 20, 20, 20, 20])


def seeded(seed: int) -> Generators:
    return lambda name: np.random.default_rng([seed, *name.encode()])


def plan(
    pool: Pool,
    budgets: Mapping[Component, float],
    *,
    strategies: Mapping[Component, Strategy] | None = None,
    cap: float | None = None,
    floor: float = 0.5,
    copies: bool = True,
) -> Plan:
    named = lineup.Named(frozenset(pool.frame["text_key"].iloc[3:9]))
    shape = Shape(floor, 0.5)
    return design.plan(
        pool,
        units=Units.of(pool.frame, clusters() if copies else None),
        audit=Audit(3, 0.2),
        budgets=budgets,
        strategies=strategies
        or {Component.UNCERTAIN: BreakingTies(), Component.CLAIM: named, Component.VALUE: Entropy()},
        shapes=dict.fromkeys(Component, shape) | {Component.UNCERTAIN: Shape(floor, 0.5, cap)},
        generators=seeded(0),
    )


BUDGETS = {Component.AUDIT: 9, Component.CLAIM: 2, Component.VALUE: 3, Component.UNCERTAIN: 4}


@pytest.mark.parametrize("cap", [None, 1])
def test_sample__every_text_is_asked_as_often_as_its_chance_says(cap: float | None) -> None:
    """With strata, a cap, near copies of which one is asked, and components that draw the same texts."""
    pool = flow()
    planned = plan(pool, BUDGETS, cap=cap)
    chances = planned.chances[clusters_to_units(planned)] / planned.units.texts[clusters_to_units(planned)]
    audited = planned.audit.chances[clusters_to_units(planned)] / planned.units.texts[clusters_to_units(planned)]
    asked, by_audit, tasks = np.zeros(len(pool)), np.zeros(len(pool)), 0
    rng = np.random.default_rng(17)
    for _ in range(DRAWS):
        sample = planned.sample(lambda _name: rng)
        rows = planned.units.pick(sample.chosen, rng)
        asked[rows] += 1
        by_audit[rows[[c is Component.AUDIT for c in sample.components]]] += 1
        tasks += len(rows)

    # The chance of a near copy is small, so that 20,000 draws leave it a larger relative error.
    tolerance = np.maximum(0.03, 4 * np.sqrt((1 - chances) / (DRAWS * chances)))
    assert np.all(np.abs(asked / DRAWS / chances - 1) < tolerance)
    assert np.all(np.abs(asked / DRAWS / chances - 1)[2:20] < 0.03)
    assert by_audit / DRAWS == pytest.approx(audited, rel=0.06)
    assert tasks / DRAWS == pytest.approx(sum(BUDGETS.values()), rel=0.005)


def clusters_to_units(planned: Plan) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    assert planned.units.of_text is not None
    return planned.units.of_text


def test_sample__components_are_drawn_independently() -> None:
    """The chance that two components both pass a text over is the product of their chances of doing so."""
    pool = flow()
    planned = plan(pool, BUDGETS)
    passed = 1 - planned.audit.chances
    for part in planned.parts:
        passed = passed * (1 - part.chances.dense())

    assert planned.chances == pytest.approx(1 - passed)


def test_plan__each_component_is_expected_to_bring_its_budget() -> None:
    planned = plan(flow(), BUDGETS)

    assert planned.chances.sum() == pytest.approx(sum(BUDGETS.values()), abs=0.02)
    assert {part.component: round(part.wanted, 2) for part in planned.parts} == {
        Component.CLAIM: 2,
        Component.VALUE: 3,
        Component.UNCERTAIN: 4,
    }
    assert all(part.size > part.wanted for part in planned.parts)


def test_plan__no_text_is_without_a_chance() -> None:
    for budgets in ({Component.AUDIT: 1}, {Component.UNCERTAIN: 1}, {Component.AUDIT: 2, Component.CLAIM: 5}):
        assert np.all(plan(flow(), budgets).chances > 0)


def test_plan__what_a_component_cannot_fill_goes_to_the_uncertain() -> None:
    planned = plan(flow(), {Component.CLAIM: 9, Component.RARE: 2, Component.UNCERTAIN: 1})

    assert {part.component: round(part.wanted, 2) for part in planned.parts} == {
        Component.CLAIM: 6,
        Component.UNCERTAIN: 6,
    }
    assert planned.unfilled == pytest.approx(0, abs=0.01)


def test_plan__more_wanted_than_there_is() -> None:
    planned = plan(flow(), {Component.AUDIT: 5, Component.UNCERTAIN: 100})

    assert planned.chances.tolist() == [1.0] * 20
    assert planned.unfilled == pytest.approx(85)
    assert len(planned.sample(seeded(1)).chosen) == 20


def test_plan__an_empty_pool() -> None:
    pool = pools.pool_of([])
    planned = plan(pool, BUDGETS, copies=False)

    assert len(planned.sample(seeded(1)).chosen) == 0
    assert planned.unfilled == 9


def test_plan__an_audit_of_all_leaves_nothing_to_the_others() -> None:
    planned = plan(flow(), {Component.AUDIT: 50, Component.UNCERTAIN: 5})

    assert set(planned.sample(seeded(3)).components) == {Component.AUDIT}
    assert planned.unfilled == pytest.approx(5)


def test_sample__another_component_changes_no_other_sample() -> None:
    pool = flow()
    drawn = []
    for budgets in ({Component.AUDIT: 6, Component.UNCERTAIN: 4}, {Component.AUDIT: 6, Component.CLAIM: 3}):
        sample = plan(pool, budgets).sample(seeded(5))
        audited = [c is Component.AUDIT for c in sample.components]
        drawn.append(sample.chosen[audited].tolist())

    assert drawn[0] == drawn[1]


def test_sample__chance_alone_is_a_simple_random_sample() -> None:
    planned = plan(flow(), {Component.UNCERTAIN: 6}, strategies={Component.UNCERTAIN: Random()}, copies=False)

    assert planned.chances.tolist() == pytest.approx([6 / 24] * 24)
    assert len(planned.sample(seeded(1)).chosen) == 6


def test_plan__a_capped_strategy_keeps_its_cap() -> None:
    rows = [pools.row(n, 0.001 * n, code="frequent") for n in range(60)]
    rows += [pools.row(n, 0.5 + 0.001 * n, code=f"c{n % 9}") for n in range(60, 120)]
    pool = pools.pool_of(rows)
    strategies: dict[Component, Strategy] = {Component.UNCERTAIN: Capped(BreakingTies(), 0.2)}

    planned = plan(pool, {Component.UNCERTAIN: 20}, strategies=strategies, floor=0.05, copies=False)

    assert planned.chances[:60].sum() < 20 * (0.2 + 0.1)
