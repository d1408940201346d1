from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.label import Label, Source
from annotation.domain.task import Component
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.correspondence import Correspondence
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sync.relabel import apply as applying
from sync.relabel import plan as planning
from sync.relabel.apply import RelabelResult
from sync.trainingset import harvest
from tests.parts import pools

NEW = Nomenclature(key="naf-2025", title="NAF 2025", codes=[Code(c, 1, None, c) for c in ("A1", "B1", "B2", "B3")])
TABLE = Correspondence("to-2025", "naf", "naf-2025", (("01.11Z", "A1"), ("01.12Z", "B2"), ("01.12Z", "B1")))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Three texts of a univocal code, six of a multivocal one, one of a code that the table does not have."""
    opened = pools.ledger(tmp_path)
    keys = pools.arrive(opened, [f"texte {number}" for number in range(10)])
    codes = ["01.11Z"] * 3 + ["01.12Z"] * 6 + ["56.10A"]
    with opened.begin() as work:
        work.nomenclatures.add(NEW, origin="", sha256="", now=pools.START)
        work.nomenclatures.add_correspondence(TABLE, origin="", sha256="", now=pools.START)
    for key, code in zip(keys, codes, strict=True):
        label(opened, key, code)
    return opened


def label(
    ledger: Ledger, key: str, code: str | None, *, nomenclature: str = "naf", source: Source = Source.IMPORT
) -> None:
    with ledger.begin() as work:
        work.labels.record([Label(key, nomenclature, code, source, 1.0, pools.START)])


def keys(ledger: Ledger, code: str) -> list[str]:
    with ledger.read() as work:
        return [r.label.text_key for r in work.labels.current("naf") if r.label.code == code]


def new_labels(ledger: Ledger) -> dict[str, Label]:
    with ledger.read() as work:
        return {r.label.text_key: r.label for r in work.labels.current("naf-2025")}


def apply(ledger: Ledger, *, budget: int = 4) -> RelabelResult:
    return applying.apply(
        ledger=ledger,
        correspondence_key="to-2025",
        campaign_key="revision",
        title="Revision",
        language="fr",
        budget=budget,
        seed=1,
        now=pools.NOW,
    )


def test_plan__sorts_the_labels_and_writes_nothing(ledger: Ledger) -> None:
    planned = planning.plan(ledger=ledger, correspondence_key="to-2025").as_dict()

    assert (planned["univocal"], planned["multivocal"], planned["pending"]) == (3, 6, 6)
    assert planned["pending_codes"] == [{"code": "01.12Z", "labels": 6, "candidates": ["B2", "B1"]}]
    assert planned["unmapped_codes"] == ["56.10A"]
    assert new_labels(ledger) == {}


def test_apply__writes_the_table_and_asks_the_rest(ledger: Ledger) -> None:
    assert apply(ledger) == RelabelResult("revision", univocal=3, multivocal=6, pending=6, labels=3, tasks=4)

    assert {label.code for label in new_labels(ledger).values()} == {"A1"}
    assert {(label.source, label.evidence) for label in new_labels(ledger).values()} == {
        (Source.TABLE, "to-2025: 01.11Z (import) is univocal")
    }
    with ledger.read() as work:
        tasks = work.tasks.of_campaign("revision")
    assert {(t.component, t.candidates, round(t.inclusion_probability, 6)) for t in tasks} == {
        (Component.REVISION, ("B2", "B1"), round(4 / 6, 6))
    }
    assert tasks[0].reason == "L'ancien code 01.12Z correspond à 2 codes de la nouvelle nomenclature."


def test_apply__again_writes_and_asks_nothing(ledger: Ledger) -> None:
    apply(ledger)
    again = apply(ledger)

    assert (again.labels, again.tasks) == (0, 0)
    with ledger.read() as work:
        assert len(work.draws.of_campaign("revision")) == 1


def test_apply__more_budget_asks_other_texts(ledger: Ledger) -> None:
    apply(ledger)

    assert apply(ledger, budget=10).tasks == 2
    with ledger.read() as work:
        asked = Counter(task.text_key for task in work.tasks.of_campaign("revision"))
    assert set(asked) == set(keys(ledger, "01.12Z"))
    assert set(asked.values()) == {1}


def test_apply__what_coders_decided_makes_room(ledger: Ledger) -> None:
    """Unclassifiable is a decision too."""
    apply(ledger)
    with ledger.begin() as work:
        coder = work.coders.pseudonym("fake", "1", email=None, now=pools.NOW)
        for number, task in enumerate(work.tasks.of_campaign("revision")[:2]):
            outcome, code = (Outcome.CODED, "B1") if number else (Outcome.UNCLASSIFIABLE, None)
            said = Judgement(task.key, "fake", str(number), coder, outcome, code, pools.NOW)
            work.judgements.record(said, now=pools.NOW)
    harvest.harvest(ledger=ledger, campaign_key="revision", now=pools.NOW)

    result = apply(ledger)

    assert (result.multivocal, result.pending, result.tasks) == (6, 4, 2)


def test_apply__a_person_stands_above_the_table(ledger: Ledger) -> None:
    key = keys(ledger, "01.11Z")[0]
    label(ledger, key, "B3", nomenclature="naf-2025", source=Source.CODER)

    assert apply(ledger).labels == 2
    assert new_labels(ledger)[key].code == "B3"


@pytest.mark.parametrize(("code", "pending"), [("01.12Z", 7), (None, 6), ("56.10A", 6)])
def test_apply__what_the_old_code_no_longer_says_is_withdrawn(ledger: Ledger, code: str | None, pending: int) -> None:
    apply(ledger)
    key = keys(ledger, "01.11Z")[0]
    label(ledger, key, code, source=Source.CODER)

    result = apply(ledger)

    assert (result.univocal, result.labels, result.pending) == (2, 1, pending)
    assert new_labels(ledger)[key].code is None
    assert apply(ledger).labels == 0
