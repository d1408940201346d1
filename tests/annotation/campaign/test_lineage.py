"""Where the label of a text comes from, asked by any name of the text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.campaign import lineage
from annotation.domain.declaration import Declaration, Text
from annotation.domain.label import Label, Source
from annotation.domain.team import GoldText
from annotation.domain.text import group_key, text_key
from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer, Component

BREAD = "Boulangerie-pâtisserie"


def text(wording: str, **variables: str) -> Text:
    return Text(text_key(wording, variables), group_key(wording), wording, variables)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = filled_ledger.empty_ledger(tmp_path)
    filled_ledger.add_campaign(made)
    yield made
    made.close()


def add(ledger: Ledger, *texts: Text) -> None:
    with ledger.begin() as work:
        work.texts.add(texts, now=NOW)


def test_key_of__by_key_beginning_and_wording(ledger: Ledger) -> None:
    bread = text(BREAD)
    add(ledger, bread, text("coiffure"))
    with ledger.read() as work:
        found = {lineage.key_of(work, named) for named in (bread.key, bread.key[:8], BREAD, "boulangerie patisserie")}

    assert found == {bread.key}


def test_key_of__the_exact_wording_goes_before_those_alike(ledger: Ledger) -> None:
    loud, quiet = text("PAIN", surface="1"), text("pain", surface="2")
    add(ledger, loud, quiet)
    with ledger.read() as work:
        assert lineage.key_of(work, "PAIN") == loud.key
        with pytest.raises(InvalidInputError, match=f"(?s){quiet.key}.*surface 2"):
            lineage.key_of(work, "Pain")


@pytest.mark.parametrize("named", ["nothing of the kind", "%", "", "abc"])
def test_key_of__nothing_is_called_so(ledger: Ledger, named: str) -> None:
    add(ledger, text(BREAD))
    with ledger.read() as work, pytest.raises(NotFoundError):
        lineage.key_of(work, named)


def test_of_text__everything_that_happened_to_it(ledger: Ledger) -> None:
    (task,) = filled_ledger.add_draw(ledger, "2026-10", days_ago=6, tasks=[(Component.AUDIT, 1)])
    with ledger.begin() as work:
        work.texts.declare([Declaration("greffe", "A1", task.text_key, NOW - timedelta(days=9), RIGHT)], now=NOW)
        work.gold.record([GoldText("naf", task.text_key, RIGHT, "bread", "Ada", NOW)])
        work.gold.record([GoldText("naf", task.text_key, RIGHT, "bread", "Ada", NOW, retired=True)])
    with ledger.read() as work:
        found = lineage.of_text(work, task.text_key)

    assert [(one.source, one.external_id, one.code) for one in found.arrivals] == [("greffe", "A1", RIGHT)]
    assert [(one.draw, one.component) for one in found.questions] == [("2026-10", Component.AUDIT)]
    assert [(one.nomenclature, one.inclusion_probability) for one in found.memberships] == [("naf", 0.025)]
    assert [one.retired for one in found.gold] == [False, True]


def test_behind__all_that_was_weighed_for_a_label_and_what_became_of_it(ledger: Ledger) -> None:
    (task,) = filled_ledger.add_draw(ledger, "2026-10", days_ago=6, tasks=[(Component.UNCERTAIN, 1)])
    filled_ledger.judge(
        ledger,
        [
            (task, Answer("1", code=WRONG, days_ago=3, annotation="a")),
            (task, Answer("2", code=RIGHT, days_ago=2, annotation="b")),
            (task, Answer("1", code=RIGHT, days_ago=1, annotation="a")),
        ],
    )
    weighed = Label(task.text_key, "naf", RIGHT, Source.CODER, 1.0, NOW, judgement_id=2, judgements=(1, 2, 3))
    with ledger.begin() as work:
        work.labels.record([weighed])
        work.labels.record([Label(task.text_key, "naf", RIGHT, Source.IMPORT, 1.0, NOW)])
    with ledger.read() as work:
        behind = lineage.behind(work, [1, 2, 2, 99])

    assert set(behind) == {1}
    assert [(one.id, one.code, one.in_force) for one in behind[1]] == [
        (1, WRONG, False), (2, RIGHT, True), (3, RIGHT, True)
    ]  # fmt: skip
