from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import drawn, extracting, progress
from annotation.campaign.measurement import Gap
from annotation.campaign.progress import CampaignProgress
from annotation.domain.judgement import Outcome
from annotation.domain.task import ARBITER_SEAT, FIRST_SEAT, Component, Kind
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer

TODAY = NOW.date()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    opened = filled_ledger.empty_ledger(tmp_path)
    filled_ledger.add_campaign(opened)
    return opened


def _progress(ledger: Ledger, champion: str | None = None) -> CampaignProgress:
    return progress.progress(
        ledger=ledger, campaign_key="main", now=NOW, champion=champion, trainingset="trainingset", model="activity"
    )


def test_progress__campaign_without_draw(ledger: Ledger) -> None:
    seen = _progress(ledger)

    assert (seen.counts.asked, seen.counts.share_done, seen.unclassifiable) == (0, None, None)
    assert (seen.components, seen.coders, seen.days, seen.draws) == ({}, (), (), ())
    assert seen.forecast.ends_on is None
    assert seen.champion.gap is Gap.NO_MODEL


def test_progress__unknown_campaign(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="no campaign nowhere"):
        progress.progress(
            ledger=ledger, campaign_key="nowhere", now=NOW, champion=None, trainingset="t", model="activity"
        )


def test_progress__only_settling_judgements_in_force_make_a_task_done(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, 6)])
    filled_ledger.judge(
        ledger,
        [
            (tasks[0], Answer()),
            (tasks[1], Answer(outcome=Outcome.UNCLASSIFIABLE)),
            (tasks[2], Answer(outcome=Outcome.LATER)),
            (tasks[3], Answer(outcome=Outcome.EXPERT)),
            # Coded first, then taken back, by an edit and by a deletion.
            (tasks[4], Answer(annotation="edited")),
            (tasks[4], Answer(annotation="edited", outcome=Outcome.NOT_THIS)),
            (tasks[5], Answer(annotation="deleted")),
            (tasks[5], Answer(annotation="deleted", deleted=True)),
        ],
    )

    counts = _progress(ledger).counts

    assert (counts.asked, counts.done, counts.waiting, counts.outstanding) == (6, 2, 3, 1)


def test_progress__one_settling_coder_settles_a_task_that_another_put_off(ledger: Ledger) -> None:
    (task,) = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, 1)])
    filled_ledger.judge(ledger, [(task, Answer("1")), (task, Answer("2", Outcome.LATER))])

    seen = _progress(ledger)

    assert (seen.counts.done, seen.counts.waiting) == (1, 0)
    assert [(coder.done, coder.waiting) for coder in seen.coders] == [(1, 0), (0, 1)]


def test_progress__components_and_draws_add_up(ledger: Ledger) -> None:
    filled_ledger.add_draw(ledger, "old", days_ago=9, tasks=[(Component.UNCERTAIN, 4), (Component.AUDIT, 3)])
    tasks = filled_ledger.add_draw(ledger, "new", days_ago=2, tasks=[(Component.AUDIT, 5)])
    filled_ledger.judge(ledger, [(tasks[0], Answer())])

    seen = _progress(ledger)

    assert list(seen.components) == [Component.AUDIT, Component.UNCERTAIN]
    assert seen.components[Component.AUDIT].asked == 8
    assert [draw.key for draw in seen.draws] == ["new", "old"]
    assert seen.draws[1].asked == {Component.AUDIT: 3, Component.UNCERTAIN: 4} == seen.draws[1].budget
    assert seen.draws[0].counts.done == 1
    assert seen.draws[0].reasons[Component.AUDIT].startswith("Drawn at random")


def test_progress__seats_added_to_a_draw_are_not_what_it_found(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=9, tasks=[(Component.AUDIT, 3), (Component.UNCERTAIN, 2)])
    second = replace(tasks[0], key="second", seat=FIRST_SEAT + 1)
    arbiter = replace(tasks[0], key="arbiter", seat=ARBITER_SEAT, kind=Kind.ARBITRATION)
    with ledger.begin() as work:
        work.tasks.add([second, arbiter])
    seen = _progress(ledger).draws[0]
    with ledger.read() as work:
        told = drawn.describe(work, seen.id)
        extract = extracting.of_campaign(work, "main", "draws", now=NOW)
        rows = [dict(zip(extract.columns, row, strict=True)) for row in extract.rows]

    assert (seen.asked, seen.further) == ({Component.AUDIT: 3, Component.UNCERTAIN: 2}, {Component.AUDIT: 2})
    assert [(part.wanted, part.found, part.further) for part in told.parts] == [(3, 3, 2), (2, 2, 0)]
    assert [(row["wanted"], row["found"], row["further"]) for row in rows] == [(3, 3, 2), (2, 2, 0)]
    assert (told.tasks, seen.counts.asked) == (7, 7)


def test_progress__median_time_leaves_out_what_was_not_timed(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=2, tasks=[(Component.UNCERTAIN, 4)])
    filled_ledger.judge(ledger, [(task, Answer(seconds=s)) for task, s in zip(tasks, (10, 30, None, 500), strict=True)])

    assert _progress(ledger).coders[0].median_lead_time == 30


def test_progress__accuracy_counts_members_with_a_code_alone(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=2, tasks=[(Component.AUDIT, 40), (Component.UNCERTAIN, 10)])
    audit, uncertain = tasks[:40], tasks[40:]
    filled_ledger.judge(ledger, [(task, Answer()) for task in (*audit[:30], *uncertain)])
    filled_ledger.judge(ledger, [(audit[30], Answer(outcome=Outcome.UNCLASSIFIABLE))])
    # The texts chosen for being uncertain are all wrong, and must not count.
    said = {t.text_key: RIGHT if i < 24 else WRONG for i, t in enumerate(tasks)}
    filled_ledger.predict(ledger, "activity/1", said)

    measured = _progress(ledger, "activity/1").champion

    assert (measured.members, measured.coded, measured.scored, measured.gap) == (40, 30, 30, None)
    assert measured.estimate is not None
    assert measured.estimate.value == pytest.approx(24 / 30)
    assert measured.estimate.low < 0.8 < measured.estimate.high


@pytest.mark.parametrize(
    ("members", "answered", "scored", "gap"),
    [
        (0, 0, 0, Gap.NO_MEMBERS),
        (20, 0, 20, Gap.NO_CODES),
        (20, 20, 0, Gap.NOT_SCORED),
        (20, 20, 9, Gap.TOO_FEW),
        (20, 9, 20, Gap.TOO_FEW),
    ],
)
def test_progress__says_why_there_is_no_accuracy(
    ledger: Ledger, members: int, answered: int, scored: int, gap: Gap
) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=2, tasks=[(Component.AUDIT, members)])
    filled_ledger.judge(ledger, [(task, Answer()) for task in tasks[:answered]])
    filled_ledger.predict(ledger, "activity/1", {task.text_key: RIGHT for task in tasks[:scored]})

    measured = _progress(ledger, "activity/1").champion

    assert (measured.estimate, measured.gap) == (None, gap)


def test_progress__models_newest_first_with_the_champion_named(ledger: Ledger) -> None:
    filled_ledger.fill(ledger)

    seen = _progress(ledger, "activity/3")

    assert [(m.version.version, m.aliases) for m in seen.models] == [
        ("4", ()),
        ("3", ("champion",)),
        ("2", ()),
        ("1", ()),
    ]
    assert seen.models[1].measurement == seen.champion
    assert seen.models[0].measurement.gap is Gap.NOT_SCORED
    assert [version.tag for version in seen.trainingsets] == ["4", "3", "2", "1"]
    assert [decision.subject for decision in seen.decisions] == ["activity/4", "activity/3"]
    assert seen.quarantined == 3


def test_progress__coders_stand_in_the_order_of_their_pseudonyms(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, 4)])
    filled_ledger.judge(ledger, [(tasks[0], Answer("a")), *((task, Answer("b")) for task in tasks[1:])])

    assert [coder.coder for coder in _progress(ledger).coders] == ["C001", "C002"]


def test_progress__gold_is_no_question_but_takes_time(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, 2), (Component.GOLD, 2)])
    filled_ledger.judge(ledger, [(task, Answer(seconds=30)) for task in tasks[1:]])

    seen = _progress(ledger)

    assert (seen.counts.asked, seen.counts.done) == (2, 1)
    assert (seen.checks.asked, seen.checks.done) == (2, 2)
    assert (seen.seconds, seen.answers) == (90, 3)


def test_progress__a_pause_counts_no_more_than_the_limit(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, 40)])
    filled_ledger.judge(ledger, [(task, Answer(seconds=3600 if i == 7 else 30)) for i, task in enumerate(tasks)])

    seen = _progress(ledger)

    assert seen.spent is not None
    assert (seen.spent.mean, seen.seconds) == (30, 1200)
    assert sum(day.seconds for day in seen.days) == 1200


def test_progress__disputed_texts_are_those_that_the_policy_does_not_settle(ledger: Ledger) -> None:
    tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.UNCERTAIN, 2)])
    filled_ledger.judge(ledger, [(tasks[0], Answer("a")), (tasks[0], Answer("b", code=WRONG))])
    filled_ledger.judge(ledger, [(tasks[1], Answer(name, code=WRONG)) for name in "ab"] + [(tasks[1], Answer("c"))])

    assert _progress(ledger).disputed == 1


def test_progress__days_run_to_today_and_keep_the_first_answer(ledger: Ledger) -> None:
    (task,) = filled_ledger.add_draw(ledger, "d", days_ago=4, tasks=[(Component.UNCERTAIN, 1)])
    filled_ledger.judge(ledger, [(task, Answer("1", days_ago=3)), (task, Answer("2", days_ago=1))])

    days = _progress(ledger).days

    assert [(day.asked, day.done) for day in days] == [(1, 0), (0, 1), (0, 0), (0, 0), (0, 0)]
    assert days[-1].day == TODAY
