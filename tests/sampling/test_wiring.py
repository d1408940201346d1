from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from annotation.domain.label import Label, Source
from annotation.domain.text import Normaliser
from annotation.errors import ConflictError, InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from annotation.settings import CampaignSettings
from sampling import wiring
from sampling.settings import SamplingSettings
from tests.parts import draws, pools


@dataclass
class Office:
    """The parts that a draw works with, without a model: what it said is in the ledger."""

    ledger: Ledger
    settings: SamplingSettings

    def load(self, model_version: str) -> tuple[Any, Normaliser]:
        assert model_version == pools.MODEL
        return None, pools.NORMALISER


def office(folder: Path, **budgets: object) -> Office:
    campaign = CampaignSettings(key=pools.CAMPAIGN.key)
    settings = SamplingSettings(campaign=campaign, draw=draws.SETTINGS.model_copy(update=budgets))
    return Office(draws.flow(folder), settings)


def test_foresee__tells_what_the_draw_then_asks(tmp_path: Path) -> None:
    sampler: Any = office(tmp_path, rare=4, disagreement=4)
    told = wiring.foresee(sampler, draws.drift("01.12Z"), key="spring")
    with sampler.ledger.read() as work:
        assert work.draws.of_campaign("main") == []

    drawn = wiring.draw(sampler, draws.drift("01.12Z"), key="spring")

    assert {one.component: one.tasks for one in told.asked if one.tasks} == drawn.components
    assert told.tasks == drawn.tasks
    assert all(example.text.startswith("activité") for one in told.asked for example in one.examples)
    with pytest.raises(ConflictError, match="made before"):
        wiring.foresee(sampler, draws.drift("01.12Z"), key="spring")


def test_draw__in_coders_minutes(tmp_path: Path) -> None:
    sampler: Any = office(tmp_path, minutes=11.0)

    recipe = wiring.draw(sampler, draws.drift("01.12Z")).draw.recipe

    assert [recipe["budget"][name] for name in ("audit", "uncertain", "drifting", "minutes")] == [5, 4, 2, 11.0]
    assert recipe["expected"] == pytest.approx(11, abs=0.01)


def test_draw__suspected_labels_are_counted_with_it_and_stand_in_a_draw_of_their_own(tmp_path: Path) -> None:
    sampler: Any = office(tmp_path, suspected=2)
    keys = pools.arrive(sampler.ledger, ["culture du riz", "culture de blé", "restaurant"], first_day=2)
    with sampler.ledger.begin() as work:
        work.labels.record([Label(key, "naf", "01.11Z", Source.IMPORT, 1.0, pools.START) for key in keys])
    drawn, again = (wiring.draw(sampler, draws.drift("01.12Z"), key="spring") for _ in range(2))
    with sampler.ledger.read() as work:
        own = work.draws.find("spring/suspected")
        asked = {task.text_key for task in work.tasks.of_draw(own.id)} if own else set()

    assert drawn.components["suspected"] == again.components["suspected"] == 2
    assert drawn.tasks == again.tasks == sum(drawn.components.values())
    assert asked < set(keys)


def test_draw__by_a_strategy_of_ones_own(tmp_path: Path) -> None:
    sampler: Any = office(tmp_path, strategy="sampling.strategies.chance:Random")

    assert wiring.draw(sampler, draws.drift()).draw.recipe["selections"]["uncertain"]["strategy"] == "random"


def test_draw__by_a_strategy_that_is_not_there(tmp_path: Path) -> None:
    sampler: Any = office(tmp_path, strategy="guessing")

    with pytest.raises(InvalidInputError, match="guessing"):
        wiring.draw(sampler, draws.drift())


def test_draw__killed_before_it_was_stored_asks_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler: Any = office(tmp_path)
    foreseen = wiring.foresee(sampler, draws.drift("01.12Z"), key="spring")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("annotation.ledger.repositories.labels.EvaluationSet.add", killed)
        with pytest.raises(KeyboardInterrupt):
            wiring.draw(sampler, draws.drift("01.12Z"), key="spring")
    with sampler.ledger.read() as work:
        assert work.tasks.of_campaign("main") == []

    drawn = wiring.draw(sampler, draws.drift("01.12Z"), key="spring")

    assert drawn.components == {one.component: one.tasks for one in foreseen.asked if one.tasks}


def test_windows_of__one_without_declarations_is_refused(tmp_path: Path) -> None:
    sampler: Any = office(tmp_path)

    with pytest.raises(InvalidInputError, match="2030-01-01 to 2030-02-01"):
        wiring.windows_of(sampler, current="2030-01")
