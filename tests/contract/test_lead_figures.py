"""What the lead's pages read says the same on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from annotation.campaign import extracting, monitoring
from annotation.campaign.extracting import CAMPAIGN
from annotation.domain.task import Component
from annotation.ledger.repositories.questions import Wanted
from annotation.ledger.unit_of_work import Ledger
from tests.parts import lead_pages
from tests.parts.filled_ledger import NOW, RIGHT, WRONG
from tests.parts.lead_pages import MODEL, WEEKS

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]


@pytest.fixture(params=BACKENDS, scope="module")
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder: Path = tmp_path_factory.mktemp("figures")
    url = f"sqlite:///{folder / 'ledger.db'}"
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("postgres_url")
        url = make()
    with closing(Ledger.open(url)) as opened:
        opened.migrate()
        lead_pages.fill(opened)
        yield opened


def test_flow__by_week_code_and_confidence(ledger: Ledger) -> None:
    with ledger.read() as work:
        drift = monitoring.recorded_drift(work, "main", work.nomenclatures.get("naf"))
        flow = monitoring.flow(
            work, model_version=MODEL, confidence=lambda sure, _margin, _codes: np.asarray(sure), drift=drift
        )

    assert flow is not None
    assert flow.codes == {RIGHT: (10, 9, 8, 7, 6, 5), WRONG: (0, 1, 2, 3, 4, 5)}
    assert len(flow.weeks) == WEEKS
    assert flow.confidence[0] is not None
    assert flow.confidence[0].mean == pytest.approx(0.675)
    assert flow.texts == {
        WRONG: tuple(f"vente de pain {key}" for key in ("flow-4-0", "flow-4-1", "flow-4-2", "flow-4-3", "flow-5-0"))
    }


def test_questions__states_add_up_and_words_are_taken_literally(ledger: Ledger) -> None:
    with ledger.read() as work:
        draw = work.draws.of_campaign("main")[1].id
        states = {
            state: work.questions.number(draw, Wanted(state=state)) for state in ("done", "waiting", "outstanding")
        }
        drifting = work.questions.of_draw(draw, Wanted(Component.DRIFTING, "done"), limit=50, offset=0)
        wild = work.questions.number(draw, Wanted(search="_"))
        reasons = work.questions.example_reasons(draw)

    assert (sum(states.values()), states["outstanding"]) == (150, 45)
    assert {one.component for one in drifting} == {Component.DRIFTING}
    assert wild == 0
    assert set(reasons) == {Component.AUDIT, Component.UNCERTAIN, Component.DRIFTING}


@pytest.mark.parametrize("table", CAMPAIGN)
def test_extracts__every_row_has_a_value_per_column(ledger: Ledger, table: str) -> None:
    with ledger.read() as work:
        extract = extracting.of_campaign(work, "main", table, now=NOW)
        rows = list(extract.rows)

    assert {len(row) for row in rows} <= {len(extract.columns)}


def test_provenance__from_a_text_to_its_question(ledger: Ledger) -> None:
    with ledger.read() as work:
        (judgement,) = work.provenance.judgements("t1-audit-0")
        known = work.provenance.of_judgements([judgement.id])

    assert (judgement.draw, judgement.component, judgement.in_force) == ("2026-09", Component.AUDIT, True)
    assert set(known) == {judgement.id}
