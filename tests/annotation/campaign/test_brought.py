from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from annotation.campaign import brought as broughts
from annotation.campaign import cost, hour, standing
from annotation.campaign.brought import Brought, Saving
from annotation.campaign.times import Spent
from annotation.domain.campaign import Campaign
from annotation.domain.declaration import Declaration
from annotation.domain.policy import Policy
from annotation.domain.task import Component
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.accuracy import Estimate
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return filled_ledger.empty_ledger(tmp_path)


def _brought(
    ledger: Ledger, champion: str | None = "activity/3", saving: Saving | None = None, campaign: str = "main"
) -> Brought:
    with ledger.read() as work:
        stands = standing.standing(work, campaign, now=NOW)
        return broughts.brought(
            work, stands, champion=champion, trainingset="trainingset", model="activity", saving=saving
        )


def test_brought__nothing_yet(ledger: Ledger) -> None:
    filled_ledger.add_campaign(ledger)
    found = _brought(ledger, champion=None)

    assert (found.steps, found.total, found.ceiling, found.unattended, found.relief) == ((), None, None, None, None)
    assert (found.labels, found.cost.hours) == (0, 0)


def test_brought__the_versions_that_went_into_production_and_the_first(ledger: Ledger) -> None:
    filled_ledger.fill(ledger)
    found = _brought(ledger)

    assert [step.label for step in found.steps] == ["activity/1", "activity/3"]
    assert [step.label for step in found.others] == ["activity/2", "activity/4"]
    assert [step.label for step in found.all_steps] == ["activity/4", "activity/3", "activity/2", "activity/1"]
    first, last = found.steps
    assert (first.gain, first.added, last.in_production) == (None, None, True)
    assert last.added == 1200
    assert last.gain == found.total
    assert last.gain is not None
    assert last.gain.low > 0
    assert last.gain.value == pytest.approx(
        last.measurement.estimate.value - first.measurement.estimate.value  # type: ignore[union-attr]
    )


def test_brought__time_and_answers_lie_between_the_trainings(ledger: Ledger) -> None:
    filled_ledger.fill(ledger)
    found = _brought(ledger)
    first, last = found.steps

    settled = {day.day: day.done for day in found.standing.days}
    until = first.version.trained_at.date()
    assert first.answers == sum(number for day, number in settled.items() if day <= until)
    assert first.answers + last.answers == sum(
        number for day, number in settled.items() if day <= last.version.trained_at.date()
    )
    assert last.cost.seconds == pytest.approx(
        sum(day.seconds for day in found.standing.days if until < day.day <= last.version.trained_at.date())
    )


def test_brought__gain_is_from_the_version_that_the_campaign_began_with(ledger: Ledger) -> None:
    filled_ledger.fill(ledger)
    with ledger.begin() as work:
        work.campaigns.add(Campaign("new", "Another", "naf", "fr", NOW))
    before, after = _brought(ledger), _brought(ledger, campaign="new")

    assert ([step.label for step in before.during], before.total is None) == (["activity/1", "activity/3"], False)
    assert ([step.label for step in after.during], after.total) == (["activity/3"], None)


def test_brought__all_versions_where_none_is_known_to_have_been_in_production(ledger: Ledger) -> None:
    filled_ledger.add_campaign(ledger)
    for version in "12":
        filled_ledger.add_model(ledger, version)

    assert [step.label for step in _brought(ledger, champion=None).steps] == ["activity/1", "activity/2"]


def test_unattended__texts_above_the_margin_that_reaches_the_target(ledger: Ledger) -> None:
    """The model is right wherever it is sure; half of the texts are such."""
    found = _brought_with_margins(ledger, target=0.8)

    assert found.unattended is not None
    assert found.unattended.threshold is not None
    assert found.unattended.share is not None
    assert 0.3 < found.unattended.threshold.value <= 0.95
    assert found.unattended.threshold.accuracy == 1
    assert found.unattended.share.low < 0.5 < found.unattended.share.high


def test_relief__declarations_of_a_month_times_share_times_minutes(ledger: Ledger) -> None:
    found = _brought_with_margins(ledger, target=0.8, declarations=910)

    assert found.declarations == pytest.approx(910 * 30.4375 / 91)
    assert found.relief is not None
    assert found.relief.minutes == pytest.approx(1)
    assert found.relief.hours == pytest.approx(found.declarations * found.relief.share / 60)
    assert found.relief.low < found.relief.hours < found.relief.high


def test_relief__errors_of_share_and_time_add_in_squares() -> None:
    share = Estimate(0.5, 0.35, 0.65, 0.07, 100, 100, "hajek")
    spent = Spent(100, 0, 60.0, 36.0, 84.0, 60.0, 600.0)

    found = broughts.relief(1200, share, spent)

    assert found is not None
    # Relative errors .3 and .4 make .5.
    assert (found.hours, found.low, found.high) == pytest.approx((10, 5, 15))


def test_unattended__no_threshold_where_none_can_be_shown(ledger: Ledger) -> None:
    filled_ledger.fill(ledger)
    found = _brought(ledger).unattended

    assert found is not None
    assert (found.target, found.threshold, found.share) == (0.95, None, None)


def test_per_point__its_ends_are_those_of_the_gain() -> None:
    policy = Policy(hourly_rate=30, currency="EUR")
    found = cost.per_point(36_000, Estimate(0.04, 0.02, 0.05, 0.01, 100, 100, "paired"), policy)

    assert found is not None
    assert (found.hours, found.low, found.high, found.amount) == pytest.approx((2.5, 2, 5, 75))


@pytest.mark.parametrize(("low", "value"), [(-0.01, 0.04), (-0.05, -0.01)])
def test_per_point__open_where_the_gain_may_be_nothing(low: float, value: float) -> None:
    found = cost.per_point(36_000, Estimate(value, low, 0.08, 0.01, 100, 100, "paired"), Policy())

    assert found is None if value < 0 else (found is not None and found.high is None and found.amount is None)


def test_saving__is_passed_on(ledger: Ledger) -> None:
    filled_ledger.fill(ledger)
    found = _brought(ledger, saving=Saving("margin", 0.25, 0.1, 0.4))

    assert found.saving is not None
    assert found.saving.labels(found.labels) == 80


def test_one_hour__more_tasks_and_an_earlier_end(ledger: Ledger) -> None:
    filled_ledger.fill(ledger)
    with ledger.read() as work:
        stands = standing.standing(work, "main", now=NOW)
    found = hour.a_day(stands)

    assert found is not None
    assert stands.spent is not None
    assert found.tasks == pytest.approx(21 * 3600 / stands.spent.mean)
    assert stands.forecast.ends_on is not None
    assert found.sooner is not None
    assert date(2026, 11, 22) < found.sooner < stands.forecast.ends_on


def _brought_with_margins(ledger: Ledger, *, target: float, declarations: int = 0) -> Brought:
    filled_ledger.add_campaign(ledger)
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=9, tasks=[(Component.AUDIT, 120)])
    filled_ledger.judge(ledger, [(task, Answer(seconds=60)) for task in tasks])
    filled_ledger.add_model(ledger, "1", days_ago=8)
    sure = {task.text_key for task in tasks[::2]}
    filled_ledger.predict(
        ledger,
        "activity/1",
        {task.text_key: RIGHT if task.text_key in sure or i % 4 == 1 else WRONG for i, task in enumerate(tasks)},
        sure=sure,
    )
    with ledger.begin() as work:
        work.policies.set("main", Policy(target_accuracy=target), by="test", now=NOW)
        arrivals = [
            Declaration("register", str(i), tasks[0].text_key, NOW - timedelta(days=90 * i / declarations), None)
            for i in range(declarations)
        ]
        work.texts.declare(arrivals, now=NOW)
    return _brought(ledger, champion="activity/1")
