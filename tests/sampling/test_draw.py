from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.domain.chance import chance
from annotation.domain.policy import Policy
from annotation.domain.task import Component, Task
from annotation.errors import ConflictError, InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from sampling import draw as drawing
from sampling import lineup
from sampling.draw import DrawResult
from sampling.pool import Pool
from sampling.settings import DrawSettings
from tests.parts import draws, pools


def draw(
    ledger: Ledger,
    key: str | None = None,
    settings: DrawSettings = draws.SETTINGS,
    *codes: str,
    pool: Pool | None = None,
) -> DrawResult:
    return drawing.draw(ledger=ledger, order=draws.order(ledger, key, settings, *codes, pool=pool), now=pools.NOW)


def tasks(ledger: Ledger, result: DrawResult) -> list[Task]:
    with ledger.read() as work:
        return work.tasks.of_draw(result.draw.id)


def test_draw__fills_its_budgets(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)

    result = draw(ledger, "one", draws.SETTINGS, "01.12Z")

    assert result.new
    assert result.components["audit"] == 10
    assert set(result.components) == {"audit", "drifting", "uncertain"}
    assert result.tasks == len(tasks(ledger, result)) == pytest.approx(22, abs=4)
    assert result.draw.recipe["expected"] == pytest.approx(22, abs=0.01)
    assert all(len(task.candidates) == len(task.probabilities) == 1 for task in tasks(ledger, result))
    assert all(task.reason for task in tasks(ledger, result))
    assert result.as_dict()["left_out"]["asked before"] == 0


def test_draw__chance_and_not_the_text_decides_which_tasks_are_blind(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    with ledger.begin() as work:
        work.policies.set("main", Policy(blind_share=0.4), by="lead", now=pools.NOW)

    asked = tasks(ledger, draw(ledger, "one"))

    assert {task.blind for task in asked} == {True, False}
    assert all(task.blind == (chance(task.key, "blind") < 0.4) for task in asked)
    assert all(task.candidates for task in asked), "kept, to be compared with what coders say"


def test_draw__what_drifting_cannot_fill_goes_to_the_uncertain(tmp_path: Path) -> None:
    drawn = draw(draws.flow(tmp_path))

    assert set(drawn.components) == {"audit", "uncertain"}
    assert drawn.draw.recipe["expected"] == pytest.approx(22, abs=0.01)
    assert drawn.draw.recipe["selections"]["uncertain"]["wanted"] == pytest.approx(12, abs=0.01)


def test_draw__asks_no_wording_twice(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    seen: list[str] = []
    for number in range(6):
        found = tasks(ledger, draw(ledger, f"draw-{number}", draws.SETTINGS, "01.12Z"))
        with ledger.read() as work:
            texts = work.texts.get([task.text_key for task in found])
        seen += [texts[task.text_key].group_key for task in found]

    assert len(seen) == len(set(seen)) == 40


def test_draw__one_of_several_copies_stands_for_all_of_them(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    result = draw(ledger, "all", draws.SETTINGS.model_copy(update={"uncertain": 100}))
    copied = result.draw.recipe["copies"]

    assert len(copied) == 10
    for task in tasks(ledger, result):
        copies = copied.get(task.text_key, 1)
        assert (task.inclusion_probability, task.frequency) == (1 / copies, copies)
    assert result.draw.recipe["own_declarations"] == dict.fromkeys(copied, 1)


def test_draw__tells_whether_every_text_had_a_chance(tmp_path: Path) -> None:
    everywhere = draws.SETTINGS.model_copy(update={"audit": 0})
    drifting = everywhere.model_copy(update={"uncertain": 0, "drifting": 2})
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()

    assert draw(draws.flow(tmp_path / "one"), "d", everywhere, "01.12Z").draw.recipe["reaches_all"]
    assert not draw(draws.flow(tmp_path / "other"), "d", drifting, "01.12Z").draw.recipe["reaches_all"]


def test_draw__takes_all_of_a_pool_that_is_smaller_than_its_budget(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    result = draw(ledger, "all", draws.SETTINGS.model_copy(update={"audit": 0, "uncertain": 1000}))

    assert result.tasks == result.draw.recipe["units"] == 40
    assert result.draw.recipe["unfilled"] == pytest.approx(964)


def test_draw__by_its_key_is_found_and_not_repeated(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    first, again = draw(ledger, "one"), draw(ledger, "one")

    assert (again.new, again.draw, again.tasks, again.components) == (False, first.draw, first.tasks, first.components)
    with ledger.read() as work:
        assert len(work.tasks.of_campaign("main")) == first.tasks
        assert len(work.draws.of_campaign("main")) == 1


def test_draw__from_a_pool_that_another_draw_has_taken_from_is_refused_whole(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    pool = pools.build(ledger)
    first = draw(ledger, "one", pool=pool)

    with pytest.raises(ConflictError, match="Another draw"):
        draw(ledger, "two", pool=pool)

    with ledger.read() as work:
        assert len(work.tasks.of_campaign("main")) == first.tasks
        assert [one.key for one in work.draws.of_campaign("main")] == ["one"]


def test_draw__without_a_key_the_same_budget_is_the_same_draw(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    first = draw(ledger)

    assert not draw(ledger).new
    assert draw(ledger, None, draws.SETTINGS.model_copy(update={"seed": 2})).draw.key != first.draw.key


def test_draw__same_seed_and_key_select_the_same_tasks(tmp_path: Path) -> None:
    found = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        ledger = draws.flow(tmp_path / folder)
        found.append(
            [replace(task, draw_id=0) for task in tasks(ledger, draw(ledger, "same", draws.SETTINGS, "01.12Z"))]
        )

    assert found[0] == found[1]


def test_draw__another_seed_selects_others(tmp_path: Path) -> None:
    found = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        ledger = draws.flow(tmp_path / str(seed))
        settings = draws.SETTINGS.model_copy(update={"seed": seed})
        found.append({task.text_key for task in tasks(ledger, draw(ledger, "same", settings))})

    assert found[0] != found[1]


def test_draw__the_audit_joins_the_evaluation_set(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    result = draw(ledger)
    audit = {task.key: task for task in tasks(ledger, result) if task.component is Component.AUDIT}
    with ledger.read() as work:
        members = work.evaluation.members("naf")

    assert {member.task_key for member in members} == set(audit)
    assert all(0 < m.inclusion_probability <= audit[m.task_key].inclusion_probability for m in members)
    assert all(m.stratum == f"{result.draw.id}: {audit[m.task_key].stratum}" for m in members)
    population = result.draw.recipe["population"]
    for stratum, sums in population.items():
        weights = [1 / m.inclusion_probability for m in members if m.stratum == f"{result.draw.id}: {stratum}"]
        assert sum(weights) == pytest.approx(sums["texts"], rel=0.35)


def test_draw__recipe_tells_the_design(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    one = draws.order(ledger, "one", draws.SETTINGS, "01.12Z")
    recipe = drawing.draw(ledger=ledger, order=one, now=pools.NOW).draw.recipe
    frame = one.pool.frame

    assert (recipe["pool"], recipe["units"], recipe["budget"]["audit"], recipe["budget"]["floor"]) == (50, 40, 10, 0.1)
    assert sum(size["drawn"] for size in recipe["selections"]["audit"]["strata"].values()) == 10
    assert recipe["selections"]["uncertain"]["strategy"] == "margin_covering"
    sums = {name: sum(one[name] for one in recipe["population"].values()) for name in ("texts", "confidence")}
    assert sums == {"texts": 50, "confidence": pytest.approx(frame["confidence"].sum(), rel=1e-6)}


def test_draw__tasks_tell_what_the_model_thought_of_them(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    one = draws.order(ledger, "one", draws.SETTINGS, "01.12Z")
    found = tasks(ledger, drawing.draw(ledger=ledger, order=one, now=pools.NOW))
    frame = one.pool.frame.set_index("text_key")

    for task in found:
        assert task.confidence == pytest.approx(frame.loc[task.text_key, "confidence"])
        assert task.stratum in {"confidence 1 of 2", "confidence 2 of 2"}


def test_select__says_what_would_be_drawn_and_writes_nothing(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    one = draws.order(ledger, "one", draws.SETTINGS, "01.12Z")
    foreseen = drawing.select(ledger=ledger, order=one, now=pools.NOW)
    with ledger.read() as work:
        assert work.draws.of_campaign("main") == []

    drawn = drawing.draw(ledger=ledger, order=one, now=pools.NOW)

    assert {task.key for task in foreseen.tasks} == {task.key for task in tasks(ledger, drawn)}
    assert foreseen.components == drawn.components


def test_draw__another_component_takes_nothing_from_the_audit(tmp_path: Path) -> None:
    audits = []
    for number, settings in enumerate(
        (draws.SETTINGS, draws.SETTINGS.model_copy(update={"uncertain": 3, "drifting": 0}))
    ):
        (tmp_path / str(number)).mkdir()
        ledger = draws.flow(tmp_path / str(number))
        found = tasks(ledger, draw(ledger, "same", settings, "01.12Z"))
        audits.append({task.text_key for task in found if task.component is Component.AUDIT})

    assert audits[0] == audits[1]


def test_draw__a_component_chooses_among_the_texts_named(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    found = pools.build(ledger)
    contested = frozenset(found.frame["text_key"].iloc[:6])
    settings = draws.SETTINGS.model_copy(update={"audit": 0, "uncertain": 0, "drifting": 0, "claim": 4})
    chosen = lineup.strategies(found, draws.drift(), settings, named={Component.CLAIM: contested})

    selected = drawing.select(
        ledger=ledger, order=replace(draws.order(ledger, "one", settings, pool=found), strategies=chosen), now=pools.NOW
    )

    assert selected.components == {"claim": 4}
    assert all(task.reason for task in selected.tasks)


def test_draw__closed_campaign(tmp_path: Path) -> None:
    ledger = draws.flow(tmp_path)
    closed = replace(draws.order(ledger), campaign=replace(pools.CAMPAIGN, closed_at=pools.NOW))
    with pytest.raises(InvalidInputError, match="closed"):
        drawing.draw(ledger=ledger, order=closed, now=pools.NOW)


def test_draw__nothing_to_ask(tmp_path: Path) -> None:
    result = draw(pools.ledger(tmp_path))

    assert (result.tasks, result.components) == (0, {})
