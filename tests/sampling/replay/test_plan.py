from __future__ import annotations

import numpy as np
import pytest

from annotation.errors import InvalidInputError
from sampling.replay.plan import Plan


def test_marks__go_from_the_initial_share_to_the_last_one() -> None:
    assert Plan(0.06, 0.06, 0.6).marks(1000) == (60, 120, 180, 240, 300, 360, 420, 480, 540, 600)


def test_marks__the_last_step_is_shorter_where_the_batches_do_not_fit() -> None:
    assert Plan(0.1, 0.2, 0.6).marks(100) == (10, 30, 50, 60)


@pytest.mark.parametrize("plan", [Plan(0.06, 0.06, 0.6), Plan(0.1, 0.5, 0.6)])
def test_marks__steps_that_are_too_few_or_too_small_are_refused(plan: Plan) -> None:
    with pytest.raises(InvalidInputError, match="too few to compare"):
        plan.marks(10)


@pytest.mark.parametrize("shares", [(0.6, 0.06, 0.6), (0.1, 0, 0.6), (0.1, 0.1, 1.2), (0, 0.1, 0.5)])
def test_plan__shares_that_lead_nowhere_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidInputError, match="cannot go from"):
        Plan(*shares)


def test_split__parts_are_disjoint_and_whole_and_differ_by_seed_alone() -> None:
    plan = Plan()
    evaluation, learnable = plan.split(500, seed=3)

    assert sorted([*evaluation, *learnable]) == list(range(500))
    assert len(evaluation) == 100
    np.testing.assert_array_equal(evaluation, plan.split(500, seed=3)[0])
    assert not np.array_equal(evaluation, plan.split(500, seed=4)[0])


def test_start__is_among_the_learnable_rows() -> None:
    plan = Plan()
    _, learnable = plan.split(500, seed=3)

    start = plan.start(learnable, seed=3)

    assert len(start) == 24 == len(set(start.tolist()))
    assert set(start.tolist()) <= set(learnable.tolist())
