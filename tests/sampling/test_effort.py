from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.task import Component
from sampling import effort
from sampling.effort import Effort
from sampling.settings import DrawSettings
from tests.parts import campaigns

BUDGETS = DrawSettings(audit=60, uncertain=30, drifting=0, rare=10, disagreement=0)


def budgets(settings: DrawSettings) -> dict[str, int]:
    return {name: getattr(settings, name) for name in ("audit", "uncertain", "drifting", "rare", "disagreement")}


def test_spent__a_minute_where_nothing_was_timed(tmp_path: Path) -> None:
    with campaigns.campaign(tmp_path).read() as work:
        found = effort.spent(work, campaigns.KEY)

    assert found == Effort(60.0, {}, 0)


def test_spent__the_median_of_what_settled_a_task(tmp_path: Path) -> None:
    ledger = campaigns.campaign(tmp_path, tasks=25)
    with ledger.begin() as work:
        coder = work.coders.pseudonym("fake", "7", email=None, now=campaigns.NOW)
        said = Judgement("", "fake", "", coder, Outcome.CODED, "01.11Z", campaigns.NOW)
        for number, task in enumerate(work.tasks.of_campaign(campaigns.KEY)):
            seconds = [20.0, 30.0, 500.0][number % 3] if number else None
            work.judgements.record(
                replace(said, task_key=task.key, external_id=str(number), lead_time=seconds), now=campaigns.NOW
            )
        found = effort.spent(work, campaigns.KEY)

    assert (found.seconds, found.judgements) == (30.0, 24)
    assert found.of(Component.AUDIT) == 30.0
    assert found.of(Component.RARE) == found.seconds


def test_fitted__without_minutes_budgets_stay() -> None:
    assert effort.fitted(BUDGETS, Effort()) is BUDGETS


def test_fitted__minutes_keep_the_shares() -> None:
    fitted = effort.fitted(BUDGETS.model_copy(update={"minutes": 50}), Effort(60.0))

    assert budgets(fitted) == {"audit": 30, "uncertain": 15, "drifting": 0, "rare": 5, "disagreement": 0}


def test_fitted__slow_components_cost_more() -> None:
    slow = Effort(60.0, {Component.AUDIT: 120.0})

    fitted = effort.fitted(BUDGETS.model_copy(update={"minutes": 80}), slow)

    assert budgets(fitted) == {"audit": 30, "uncertain": 15, "drifting": 0, "rare": 5, "disagreement": 0}


@pytest.mark.parametrize("minutes", [1, 7, 33, 101])
def test_fitted__never_costs_more_than_the_minutes(minutes: float) -> None:
    cost = Effort(45.0, {Component.RARE: 70.0})

    fitted = effort.fitted(BUDGETS.model_copy(update={"minutes": minutes}), cost)

    spent = cost.minutes(fitted.budgets)
    assert minutes - 1.5 < spent <= minutes
