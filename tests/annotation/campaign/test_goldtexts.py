from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import goldtexts
from annotation.campaign.goldtexts import AddResult, Row
from annotation.domain.task import Kind
from annotation.errors import NotFoundError
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, golden
from tests.parts.campaigns import KEY, NAF, NOW
from tests.parts.golden import RIGHT, WRONG


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return campaigns.campaign(tmp_path, tasks=4)


def add(ledger: Ledger, *rows: tuple[str, str]) -> AddResult:
    given = [Row("gold.csv", place, text, code, note=f"because {code}") for place, (text, code) in enumerate(rows, 1)]
    return goldtexts.add(ledger=ledger, nomenclature_key=NAF.key, rows=given, now=NOW)


def in_force(ledger: Ledger) -> dict[str, str]:
    """Codes by text."""
    with ledger.read() as work:
        gold = work.gold.current(NAF.key)
        texts = work.texts.get(list(gold))
    return {texts[key].text: one.code for key, one in gold.items()}


def reasons(ledger: Ledger) -> list[str]:
    with ledger.read() as work:
        return [one.reason for one in work.quarantine.list(kind="gold")]


def test_add__brings_texts_in_parses_codes_and_says_what_is_wrong(ledger: Ledger) -> None:
    result = add(
        ledger, ("riz", "0112Z"), ("blé", "01.11Z"), ("rien", "99.99Z"), ("???", "01.11Z"), ("Riz !", "01.13Z")
    )

    assert result == AddResult(5, 2, 3, result.refused)
    assert ["99.99Z" in reason for _, reason in result.refused] == [True, False, False]
    assert in_force(ledger) == {"riz": "01.12Z", "blé": "01.11Z"}
    assert len(reasons(ledger)) == 3


def test_add__run_again_nothing_doubles_and_a_correction_holds(ledger: Ledger) -> None:
    add(ledger, ("riz", "01.12Z"))
    again = add(ledger, ("riz", "01.12Z"))
    corrected = add(ledger, ("riz", "01.13Z"))

    assert (again.recorded, corrected.recorded) == (0, 1)
    assert in_force(ledger) == {"riz": "01.13Z"}


def test_add__a_wording_of_the_evaluation_set_is_refused(ledger: Ledger) -> None:
    with ledger.begin() as work:
        task = work.tasks.of_campaign(KEY)[0]
        text = work.texts.get([task.text_key])[task.text_key]
        work.evaluation.add(NAF.key, [EvaluationMember(text.key, text.group_key, task.key, "all", 0.5)], now=NOW)
    result = add(ledger, (text.text.upper(), "01.11Z"))

    assert (result.recorded, result.quarantined) == (0, 1)
    assert "evaluation set" in reasons(ledger)[0]


def test_propose__coders_who_agree_and_none_against_them(ledger: Ledger) -> None:
    ann, bob, eve = golden.enrol(ledger, "ann", "bob", "eve")
    with ledger.begin() as work:
        agreed, disputed, alone, arbitrated = work.tasks.of_campaign(KEY)
        second = [replace(task, key=f"2-{task.key[:10]}", seat=2) for task in (agreed, disputed, arbitrated)]
        arbiter = replace(arbitrated, key="arbiter", seat=0, kind=Kind.ARBITRATION)
        work.tasks.add([*second, arbiter])
    golden.answer(ledger, ann, [agreed, disputed, alone, arbitrated], [RIGHT, RIGHT, RIGHT, RIGHT])
    golden.answer(ledger, bob, second, [RIGHT, WRONG, RIGHT])
    golden.answer(ledger, eve, [arbiter], [RIGHT])
    with ledger.begin() as work:
        found = goldtexts.propose(work, KEY)
        goldtexts.accept(work, KEY, found, now=NOW)
        left = goldtexts.propose(work, KEY)

    assert {(one.text_key, one.code, one.coders, one.arbitrated) for one in found} == {
        (agreed.text_key, RIGHT, 2, False),
        (arbitrated.text_key, RIGHT, 2, True),
    }
    assert left == []


def test_retire__an_unknown_text_is_named(ledger: Ledger) -> None:
    add(ledger, ("riz", "01.12Z"))
    with ledger.begin() as work:
        (key,) = work.gold.current(NAF.key)
        goldtexts.retire(work, NAF.key, key, now=NOW)

    assert in_force(ledger) == {}
    with ledger.begin() as work, pytest.raises(NotFoundError, match="no gold text"):
        goldtexts.retire(work, NAF.key, "nothing", now=NOW)
