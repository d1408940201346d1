from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from annotation.domain.campaign import Draw
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.task import Component, Task
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sync.training import assessment, assessment_page, assessment_text
from sync.training.assessment import Assessment
from sync.training.domains import Split
from tests.parts import pools

TREE = Nomenclature(
    key="naf",
    title="NAF",
    codes=[Code("A", 1, None, "Agriculture", leaf=False), Code("01.11Z", 2, "A", "Céréales"),
           Code("I", 1, None, "Hébergement", leaf=False), Code("56.10A", 2, "I", "Restaurants")],
)  # fmt: skip
WINDOW = "2026-03-01T00:00:00+00:00/2026-04-01T00:00:00+00:00"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Twenty members for 200 texts; the model says 01.11Z of all. Coders agree on fifteen, say 56.10A of three."""
    opened = pools.ledger(tmp_path)
    keys = pools.arrive(opened, [f"texte {number}" for number in range(20)])
    pools.predict(opened, keys, code="01.11Z")
    with opened.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, pools.MODEL, "", WINDOW, {"copies": {keys[0]: 2}}, pools.START))
        work.tasks.add([_task(draw, key, 2 if key == keys[0] else 1) for key in keys])
        members = [EvaluationMember(key, key, key, "1: s", 0.1) for key in keys]
        work.evaluation.add("naf", members, now=pools.START)
        coder = work.coders.pseudonym("fake", "1", email=None, now=pools.NOW)
        for number, key in enumerate(keys[:18]):
            code = "01.11Z" if number < 15 else "56.10A"
            work.judgements.record(Judgement(key, "fake", key, coder, Outcome.CODED, code, pools.NOW), now=pools.NOW)
    return opened


def _task(draw: Draw, key: str, frequency: int) -> Task:
    return Task(key, draw.id, key, Component.AUDIT, "s", 0.1, 1, "", (), (), pools.MODEL, frequency=frequency)


def assessed(ledger: Ledger, split: Split | None = None) -> Assessment:
    return assessment.assess(
        ledger=ledger,
        campaign_key="main",
        nomenclature=TREE,
        model_version=pools.MODEL,
        split=split,
        half_width=0.05,
    )


def test_assess__by_text_declaration_and_flow(ledger: Ledger) -> None:
    found = assessed(ledger).as_dict()

    assert found["accuracy"]["value"] == pytest.approx(15 / 18)
    # The first text stands for two declarations, and for a near copy which may have been drawn instead of it.
    assert found["by_declaration"]["value"] == pytest.approx(15 / 18)
    assert found["bounds"]["value_low"] == pytest.approx(15 / 20)
    assert [one["accuracy"]["value"] for one in found["flow"]] == pytest.approx([15 / 18])
    assert found["flow"][0]["narrower"] is None
    assert found["labels_needed"]["labels"] > 50


@pytest.mark.parametrize(
    ("split", "names"),
    [
        (Split.SECTION, ["A", "I"]),
        (Split.DIVISION, ["01.11Z", "56.10A"]),
        (Split.SOURCE, ["register"]),
        (Split.PERIOD, ["2026-03-01 to 2026-04-01"]),
    ],
)
def test_assess__by_domain(ledger: Ledger, split: Split, names: list[str]) -> None:
    found = assessed(ledger, split).domains

    assert [one.name for one in found] == names
    first = found[0].estimate
    assert first is not None
    assert first.value == (pytest.approx(1.0) if len(names) == 2 else pytest.approx(15 / 18))


def test_assess__small_domains_have_no_figure(ledger: Ledger) -> None:
    small = assessed(ledger, Split.SECTION).domains[1]

    assert (small.title, small.texts, small.estimate) == ("Hébergement", 3, None)


def test_render__text_and_page_tell_the_same(ledger: Ledger) -> None:
    found = assessed(ledger, Split.SECTION)
    told = io.StringIO()
    for part in assessment_text.render(found):
        Console(width=200, file=told).print(part)
    page = assessment_page.render(found, language="fr")

    assert "m/1: 18 of 20 texts of the evaluation set are judged" in told.getvalue()
    assert "2 texts are without a code" in told.getvalue()
    assert "the audit is all there is" in told.getvalue()
    assert "too few texts for a figure (3)" in told.getvalue()
    assert page.count("<svg") == 3
    assert "Exactitude de m/1" in page
    assert "Moins de dix textes, donc pas de chiffre : I." in page


def test_assess__the_human_ceiling_stands_beside_the_accuracy(ledger: Ledger) -> None:
    """A second coder answers twelve texts, ten of them like the first."""
    assert assessed(ledger).ceiling is None
    with ledger.begin() as work:
        coder = work.coders.pseudonym("fake", "2", email=None, now=pools.NOW)
        marks = work.judgements.marks_of_tasks([task.key for task in work.tasks.of_campaign("main")])
        for number, (key, (first,)) in enumerate(list(marks.items())[:12]):
            other = "56.10A" if first.code == "01.11Z" else "01.11Z"
            code = first.code if number < 10 else other
            said = Judgement(key, "fake", f"{key}/2", coder, Outcome.CODED, code, pools.NOW)
            work.judgements.record(said, now=pools.NOW)

    found = assessed(ledger)
    told = io.StringIO()
    for part in assessment_text.render(found):
        Console(width=200, file=told).print(part)

    assert found.as_dict()["human_ceiling"]["value"] == pytest.approx(10 / 12)
    assert "two coders agree  83.3 %" in told.getvalue()
    assert "Deux codeurs donnent le même code à 83,3" in assessment_page.render(found, language="fr")
