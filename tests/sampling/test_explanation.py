from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from sampling import draw as drawing
from sampling import explanation, explanation_page
from sampling.effort import Effort
from sampling.explanation import Explanation
from sampling.settings import DrawSettings
from tests.parts import draws, pools

SETTINGS = draws.SETTINGS.model_copy(update={"rare": 3})


def explain(folder: Path, settings: DrawSettings = SETTINGS) -> Explanation:
    ledger = draws.flow(folder)
    order = draws.order(ledger, "spring", settings, "01.12Z")
    selected = drawing.select(ledger=ledger, order=order, now=pools.NOW)
    keys = [question.text_key for some in explanation.examples(selected).values() for question in some]
    with ledger.read() as work:
        texts = {key: text.text for key, text in work.texts.get(keys).items()}
    return explanation.explain(selected, effort=Effort(30.0, {}, 12), texts=texts)


def test_explain__says_what_each_component_asks(tmp_path: Path) -> None:
    told = explain(tmp_path)
    asked = {one.component: one for one in told.asked}

    assert list(asked) == ["audit", "drifting", "rare", "uncertain"]
    assert asked["audit"].tasks == 10
    assert (asked["rare"].tasks, asked["rare"].examples) == (0, ())
    assert all(one.examples for one in told.asked if one.tasks)
    assert all(e.text.startswith("activité") and e.reason and 0 < e.chance <= 1 for e in asked["audit"].examples)
    assert told.tasks == sum(one.tasks for one in told.asked) == sum(coded.tasks for coded in told.codes)
    assert told.minutes == pytest.approx(told.tasks / 2, abs=0.1)
    assert (told.texts, told.wordings, told.declarations) == (50, 40, 50)


def test_explain__foresees_the_width_of_the_accuracy(tmp_path: Path) -> None:
    told = explain(tmp_path)

    assert told.accuracy == pytest.approx(0.706, abs=0.01)
    assert told.half_width is not None
    assert 0.1 < told.half_width < 0.4


def test_explain__without_an_audit(tmp_path: Path) -> None:
    told = explain(tmp_path, SETTINGS.model_copy(update={"audit": 0}))

    assert (told.accuracy, told.half_width) == (None, None)
    assert "No audit" in explanation_page.sentences(told, language="en")[2]


@pytest.mark.parametrize(("language", "words"), [("en", "22 questions"), ("fr", "points près")])
def test_render__a_page_that_stands_alone(tmp_path: Path, language: str, words: str) -> None:
    told = explain(tmp_path)
    page = explanation_page.render(told, language=language).replace(f"{told.tasks} questions", "22 questions")

    assert f'"number">{told.asked[0].minutes}<'.replace(".", "," if language == "fr" else ".") in page
    assert words in page
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "activité numéro" in page


def test_terminal_plot__bars_and_reasons(tmp_path: Path) -> None:
    console = Console(width=140, record=True)
    with console.capture() as captured:
        for part in explanation_page.terminal_plot(explain(tmp_path)):
            console.print(part)

    text = captured.get()
    assert "█" in text
    assert "Nothing was written." in text
    assert "the median of 12 answers" in text


def test_as_dict__is_json(tmp_path: Path) -> None:
    told = explain(tmp_path)

    assert json.loads(json.dumps(told.as_dict()))["dry_run"]


def test_explain__an_empty_pool(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    order = draws.order(ledger, "spring")
    selected = drawing.select(ledger=ledger, order=order, now=pools.NOW)
    told = explanation.explain(selected, effort=Effort(), texts={})

    assert (told.tasks, told.accuracy, told.codes) == (0, None, ())
    assert explanation_page.render(told, language="fr").count("<svg") == 0
    assert explanation_page.terminal_plot(told)
