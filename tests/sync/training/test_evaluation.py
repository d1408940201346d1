from __future__ import annotations

from pathlib import Path

import pytest

from annotation.campaign import measurement
from annotation.domain.campaign import Draw
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task
from annotation.errors import InvalidInputError
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sync.training import evaluation
from tests.parts import pools

TREE = Nomenclature(
    key="naf",
    title="NAF",
    codes=[Code("A", 1, None, "A", leaf=False), *(Code(c, 2, "A", c) for c in pools.CODES[:2]),
           Code("I", 1, None, "I", leaf=False), Code("56.10A", 2, "I", "56.10A")],
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Eight members: two strata of probability 1/2 and 1/10; coders say 01.11Z of six, nothing codable of one."""
    opened = pools.ledger(tmp_path)
    keys = pools.arrive(opened, [f"texte {number}" for number in range(8)])
    with opened.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, None, "", "", {}, pools.START))
        chances = [0.5] * 4 + [0.1] * 4
        work.tasks.add(
            [
                Task(k, draw.id, k, Component.AUDIT, "s", p, 1, "", (), (), None)
                for k, p in zip(keys, chances, strict=True)
            ]
        )
        members = [EvaluationMember(k, k, k, f"s{p}", p) for k, p in zip(keys, chances, strict=True)]
        work.evaluation.add("naf", members, now=pools.START)
        coder = work.coders.pseudonym("fake", "1", email=None, now=pools.NOW)
        for key in keys[:7]:
            outcome, code = (Outcome.UNCLASSIFIABLE, None) if key == keys[6] else (Outcome.CODED, "01.11Z")
            work.judgements.record(Judgement(key, "fake", key, coder, outcome, code, pools.NOW), now=pools.NOW)
        work.labels.record([Label(keys[7], "naf", "01.11Z", Source.LLM, 1.0, pools.NOW)])
    return opened


def coded(ledger: Ledger, chance: float | None = None) -> list[str]:
    with ledger.read() as work:
        members = measurement.benchmark(work, "naf").coded
    return [member.text_key for member in members if chance in (None, member.inclusion_probability)]


def test_benchmark__human_codes_only(ledger: Ledger) -> None:
    with ledger.read() as work:
        known = measurement.benchmark(work, "naf")

    assert (len(known.coded), set(known.codes.values()), len(known.members)) == (6, {"01.11Z"}, 8)
    # Of the four members of chance 1/10 two are coded, which stand for those that are not.
    drawing = known.drawing(known.coded)
    assert sorted(drawing.probability) == pytest.approx([0.1 * 2 / 4] * 2 + [0.5] * 4)
    assert drawing.population == pytest.approx({"s0.1": 40, "s0.5": 8})


def test_evaluate__by_level_and_design(ledger: Ledger) -> None:
    """Right on the four that stand for 8 texts, a neighbour's code on the two that stand for 40."""
    pools.predict(ledger, coded(ledger, 0.5), code="01.11Z")
    pools.predict(ledger, coded(ledger, 0.1), code="01.12Z")

    found = evaluation.evaluate(ledger=ledger, nomenclature=TREE, model_version=pools.MODEL)

    assert [round(level.value, 6) for level in found.levels if level] == [1.0, round(8 / 48, 6)]
    assert found.accuracy == found.levels[-1]
    assert found.as_dict()["judged"] == 6
    assert found.as_dict()["evaluation_set"] == 8


def test_evaluate__a_text_that_the_model_does_not_know_is_wrong(ledger: Ledger) -> None:
    pools.predict(ledger, coded(ledger), code=None)
    found = evaluation.evaluate(ledger=ledger, nomenclature=TREE, model_version=pools.MODEL)

    assert found.accuracy is not None
    assert found.accuracy.value == 0


def test_evaluate__members_that_were_not_scored(ledger: Ledger) -> None:
    pools.predict(ledger, coded(ledger)[:2])
    with pytest.raises(InvalidInputError, match="4 texts of the evaluation set were not scored by m/1"):
        evaluation.evaluate(ledger=ledger, nomenclature=TREE, model_version=pools.MODEL)


def test_evaluate__nobody_judged(tmp_path: Path) -> None:
    found = evaluation.evaluate(ledger=pools.ledger(tmp_path), nomenclature=TREE, model_version=pools.MODEL)

    assert (found.accuracy, found.judged) == (None, 0)
    assert found.as_dict()["accuracy"] is None


def test_compare__is_paired(ledger: Ledger) -> None:
    pools.predict(ledger, coded(ledger), model="m/2")
    pools.predict(ledger, coded(ledger, 0.5))
    pools.predict(ledger, coded(ledger, 0.1), code="56.10A")

    found = evaluation.compare(ledger=ledger, nomenclature=TREE, challenger="m/2", champion="m/1", confidence=0.95)

    assert found.difference is not None
    assert found.difference.value == pytest.approx(40 / 48)
    assert (found.challenger.model_version, found.champion.model_version) == ("m/2", "m/1")
