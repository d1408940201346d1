from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.domain.task import Component, Task
from annotation.errors import ConflictError, InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from sampling import draw as drawing
from sampling.draw import DrawResult
from sampling.drift.detectors import Shift
from sampling.drift.report import DriftReport
from sampling.pool import Pool
from sampling.settings import DrawSettings
from tests.parts import pools

SETTINGS = DrawSettings(audit=10, uncertain=8, drifting=4, audit_strata=2, candidates=1)


def drift(*codes: str) -> DriftReport:
    shifts = tuple(Shift(code, 0.01, 0.1, 20, 0.001) for code in codes)
    return DriftReport(pools.WINDOWS, pools.MODEL, 100, 100, 0.0, 0.0, 0.0, shifts, ())


def flow(folder: Path) -> Ledger:
    """Forty texts, eight of a code on the rise, with a near copy (other variables) of each of the first ten."""
    ledger = pools.ledger(folder)
    wordings = [f"activité numéro {number}" for number in range(40)]
    keys = pools.arrive(ledger, wordings)
    copies = pools.arrive(ledger, wordings[:10], first_day=1, cj="1000")
    for number, key in enumerate(keys + copies):
        pools.predict(ledger, [key], margin=number % 40 / 40, code="01.12Z" if number % 5 == 0 else "01.11Z")
    return ledger


def draw(
    ledger: Ledger,
    key: str | None = None,
    settings: DrawSettings = SETTINGS,
    *codes: str,
    pool: Pool | None = None,
) -> DrawResult:
    return drawing.draw(
        ledger=ledger,
        campaign=pools.CAMPAIGN,
        pool=pool or pools.build(ledger),
        drift=drift(*codes),
        settings=settings,
        now=pools.NOW,
        key=key,
    )


def tasks(ledger: Ledger, result: DrawResult) -> list[Task]:
    with ledger.read() as work:
        return work.tasks.of_draw(result.draw.id)


def test_draw__fills_its_budgets(tmp_path: Path) -> None:
    ledger = flow(tmp_path)

    result = draw(ledger, "one", SETTINGS, "01.12Z")

    assert result.new
    assert result.components == {"audit": 10, "drifting": 4, "uncertain": 8}
    assert result.tasks == len(tasks(ledger, result)) == 22
    assert all(len(task.candidates) == len(task.probabilities) == 1 for task in tasks(ledger, result))
    assert all(task.reason for task in tasks(ledger, result))
    assert result.as_dict()["left_out"]["asked before"] == 0


def test_draw__what_drifting_cannot_fill_goes_to_the_uncertain(tmp_path: Path) -> None:
    assert draw(flow(tmp_path)).components == {"audit": 10, "uncertain": 12}


def test_draw__asks_no_wording_twice(tmp_path: Path) -> None:
    """But for the audit, which draws texts as they are and must not choose between copies."""
    ledger = flow(tmp_path)
    seen: list[str] = []
    for number in range(4):
        found = tasks(ledger, draw(ledger, f"draw-{number}", SETTINGS, "01.12Z"))
        with ledger.read() as work:
            texts = work.texts.get([task.text_key for task in found])
        audit = {texts[t.text_key].group_key for t in found if t.component is Component.AUDIT}
        others = [texts[t.text_key].group_key for t in found if t.component is not Component.AUDIT]
        assert len(others) == len(set(others))
        assert not audit & set(others)
        assert not (audit | set(others)) & set(seen)
        seen += [*audit, *others]

    assert len(set(seen)) == 40


def test_draw__by_its_key_is_found_and_not_repeated(tmp_path: Path) -> None:
    ledger = flow(tmp_path)
    first, again = draw(ledger, "one"), draw(ledger, "one")

    assert (again.new, again.draw, again.tasks, again.components) == (False, first.draw, first.tasks, first.components)
    with ledger.read() as work:
        assert len(work.tasks.of_campaign("main")) == first.tasks
        assert len(work.draws.of_campaign("main")) == 1


def test_draw__from_a_pool_that_another_draw_has_taken_from_is_refused_whole(tmp_path: Path) -> None:
    ledger = flow(tmp_path)
    pool = pools.build(ledger)
    first = draw(ledger, "one", pool=pool)

    with pytest.raises(ConflictError, match="Another draw"):
        draw(ledger, "two", pool=pool)

    with ledger.read() as work:
        assert len(work.tasks.of_campaign("main")) == first.tasks
        assert [one.key for one in work.draws.of_campaign("main")] == ["one"]


def test_draw__without_a_key_the_same_budget_is_the_same_draw(tmp_path: Path) -> None:
    ledger = flow(tmp_path)
    first = draw(ledger)

    assert not draw(ledger).new
    assert draw(ledger, None, SETTINGS.model_copy(update={"seed": 2})).draw.key != first.draw.key


def test_draw__same_seed_and_key_select_the_same_tasks(tmp_path: Path) -> None:
    found = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        ledger = flow(tmp_path / folder)
        found.append([replace(task, draw_id=0) for task in tasks(ledger, draw(ledger, "same", SETTINGS, "01.12Z"))])

    assert found[0] == found[1]


def test_draw__another_seed_selects_others(tmp_path: Path) -> None:
    found = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        ledger = flow(tmp_path / str(seed))
        settings = SETTINGS.model_copy(update={"seed": seed})
        found.append({task.text_key for task in tasks(ledger, draw(ledger, "same", settings))})

    assert found[0] != found[1]


def test_draw__the_audit_joins_the_evaluation_set(tmp_path: Path) -> None:
    ledger = flow(tmp_path)
    result = draw(ledger)
    audit = {task.key: task for task in tasks(ledger, result) if task.component is Component.AUDIT}
    with ledger.read() as work:
        members = work.evaluation.members("naf")

    assert {member.task_key for member in members} == set(audit)
    assert all(m.inclusion_probability == audit[m.task_key].inclusion_probability for m in members)
    assert all(m.stratum == f"{result.draw.id}: {audit[m.task_key].stratum}" for m in members)
    weights = sum(1 / member.inclusion_probability for member in members)
    assert weights == pytest.approx(result.draw.recipe["pool"])


def test_draw__recipe_tells_the_design(tmp_path: Path) -> None:
    recipe = draw(flow(tmp_path)).draw.recipe

    assert recipe["pool"] == 50
    assert recipe["budget"]["audit"] == 10
    assert sum(size["drawn"] for size in recipe["selections"]["audit"]["strata"].values()) == 10


def test_draw__closed_campaign(tmp_path: Path) -> None:
    ledger = flow(tmp_path)
    with pytest.raises(InvalidInputError, match="closed"):
        drawing.draw(
            ledger=ledger,
            campaign=replace(pools.CAMPAIGN, closed_at=pools.NOW),
            pool=pools.build(ledger),
            drift=drift(),
            settings=SETTINGS,
            now=pools.NOW,
        )


def test_draw__nothing_to_ask(tmp_path: Path) -> None:
    result = draw(pools.ledger(tmp_path))

    assert (result.tasks, result.components) == (0, {})
