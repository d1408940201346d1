from __future__ import annotations

from pathlib import Path

import pytest

from annotation.campaign import flow
from annotation.domain.campaign import Draw
from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task
from annotation.domain.team import GoldText
from annotation.domain.text import Cleaning, Normaliser
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from sampling import suspecting
from sampling.settings import DrawSettings
from tests.parts import pools

NORMALISER = Normaliser(Cleaning(stop_words="", stemmer="", meaningless_phrases=()))
FIELDS = {"01.11Z": "culture de blé orge", "56.10A": "restaurant cuisine repas"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Sixty texts of two codes; the first of each has the other's label."""
    opened = pools.ledger(tmp_path)
    for code, words in FIELDS.items():
        keys = pools.arrive(
            opened, [f"{words} {number % 7} numéro {'abcdefghij'[number % 10] * 3}" for number in range(30)]
        )
        wrong = next(one for one in FIELDS if one != code)
        made = [
            Label(key, "naf", wrong if place == 0 else code, Source.IMPORT, 1.0, pools.START)
            for place, key in enumerate(dict.fromkeys(keys))
        ]
        with opened.begin() as work:
            work.labels.record(made)
    return opened


def beside(ledger: Ledger, key: str = "main/1") -> Draw:
    with ledger.begin() as work:
        return work.draws.find(key) or work.draws.add(Draw(key, "main", 1, "m/1", "w0", "w1", {}, pools.START))


def draw(ledger: Ledger, number: int, key: str = "main/1", **settings: object) -> list[Task]:
    suspecting.draw(
        ledger=ledger,
        campaign=pools.CAMPAIGN,
        beside=beside(ledger, key),
        settings=DrawSettings(suspected=number, **settings),  # type: ignore[arg-type]
        normaliser=NORMALISER,
        now=pools.START,
    )
    with ledger.read() as work:
        made = work.draws.find(f"{key}/suspected")
        return work.tasks.of_draw(made.id) if made else []


def wrong(ledger: Ledger) -> set[str]:
    """Keys of the texts whose label was swapped."""
    with ledger.read() as work:
        labels = [recorded.label for recorded in work.labels.current("naf")]
        texts = work.texts.get([label.text_key for label in labels])
    return {one.text_key for one in labels if not texts[one.text_key].text.startswith(FIELDS[str(one.code)])}


def test_draw__asks_the_labels_that_similar_texts_speak_against(ledger: Ledger) -> None:
    tasks = draw(ledger, 2, floor=0.01, softness=0.0)

    assert {task.text_key for task in tasks} == wrong(ledger)
    assert {task.component for task in tasks} == {Component.SUSPECTED}
    for task in tasks:
        assert set(task.candidates) >= set(FIELDS)
        assert task.reason.startswith("Texte codé ")
        assert task.model_version is None


def test_draw__every_labelled_text_has_a_chance_and_they_add_up_to_the_budget(ledger: Ledger) -> None:
    tasks = draw(ledger, 20, floor=0.5)
    lowest = min(task.inclusion_probability for task in tasks)

    assert len(tasks) == 20
    assert 0 < lowest < 0.5
    with ledger.read() as work:
        recipe = work.draws.get(tasks[0].draw_id).recipe
    assert recipe["frame"] == len(work_labels(ledger))
    assert recipe["suspected"] >= 2


def test_draw__made_again_it_is_found_and_another_asks_other_texts(ledger: Ledger) -> None:
    first, again = draw(ledger, 5), draw(ledger, 5)
    second = draw(ledger, 5, key="main/2")

    assert first == again
    assert not {task.text_key for task in first} & {task.text_key for task in second}


def test_draw__the_evaluation_set_and_gold_stay_out(ledger: Ledger) -> None:
    labelled = work_labels(ledger)
    with ledger.begin() as work:
        texts = work.texts.get(labelled)
        stored = work.draws.add(Draw("audit", "main", 1, None, "", "", {}, pools.START))
        work.tasks.add([Task("audit", stored.id, labelled[0], Component.AUDIT, "s", 0.5, 1, "", (), (), None)])
        member = EvaluationMember(labelled[0], texts[labelled[0]].group_key, "audit", "s", 0.5)
        work.evaluation.add("naf", [member], now=pools.START)
        work.gold.record([GoldText("naf", labelled[1], "01.11Z", "", "test", pools.START)])
    asked = {task.text_key for task in draw(ledger, 1000)}

    assert asked == set(labelled[2:])


def test_draw__says_nothing_of_how_well_the_flow_is_coded(ledger: Ledger) -> None:
    tasks = draw(ledger, 30)
    with ledger.read() as work:
        made = work.draws.get(tasks[0].draw_id)

        assert flow.of_draw(work, made, nomenclature="naf") is None


def test_draw__nothing_labelled_or_no_budget_asks_nothing(tmp_path: Path, ledger: Ledger) -> None:
    (tmp_path / "empty").mkdir()

    assert draw(ledger, 0) == []
    assert draw(pools.ledger(tmp_path / "empty"), 5) == []


def work_labels(ledger: Ledger) -> list[str]:
    with ledger.read() as work:
        return [recorded.label.text_key for recorded in work.labels.current("naf")]
