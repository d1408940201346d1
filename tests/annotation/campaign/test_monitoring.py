from __future__ import annotations

from pathlib import Path

import pytest

from annotation.campaign import monitoring
from annotation.campaign.monitoring import Flow, RecordedDrift
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.samples import Floats
from tests.parts import filled_ledger, lead_pages
from tests.parts.filled_ledger import RIGHT, WRONG
from tests.parts.lead_pages import MODEL, WEEKS


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = filled_ledger.empty_ledger(tmp_path_factory.mktemp("monitoring"))
    lead_pages.fill(ledger)
    return ledger


def _own_word(probability: Floats, _margin: Floats, _codes: object) -> Floats:
    return probability


def _flow(ledger: Ledger) -> tuple[Flow, RecordedDrift]:
    with ledger.read() as work:
        drift = monitoring.recorded_drift(work, "main", work.nomenclatures.get("naf"))
        assert drift is not None
        flow = monitoring.flow(work, model_version=MODEL, confidence=_own_word, drift=drift)
    assert flow is not None
    return flow, drift


def test_flow__codes_by_week_from_monday(ledger: Ledger) -> None:
    flow, _ = _flow(ledger)

    assert len(flow.weeks) == WEEKS
    assert {week.weekday() for week in flow.weeks} == {0}
    assert flow.declarations == (10,) * WEEKS
    assert flow.codes[WRONG] == (0, 1, 2, 3, 4, 5)


def test_flow__confidence_of_a_week(ledger: Ledger) -> None:
    flow, _ = _flow(ledger)
    week = flow.confidence[0]

    assert week is not None
    # Ten declarations, from 0.45 to 0.90 in steps of 0.05.
    assert (week.mean, week.low, week.median, week.high) == pytest.approx((0.675, 0.45, 0.65, 0.85))


def test_flow__texts_of_drifted_codes_are_those_of_the_window(ledger: Ledger) -> None:
    flow, drift = _flow(ledger)

    assert [one.code for one in drift.codes] == [WRONG]
    assert len(flow.texts[WRONG]) == monitoring.EXAMPLES
    assert all("flow-4" in text or "flow-5" in text for text in flow.texts[WRONG])


def test_flow__nothing_declared(tmp_path: Path) -> None:
    with filled_ledger.empty_ledger(tmp_path).read() as work:
        assert monitoring.flow(work, model_version=MODEL, confidence=_own_word) is None


def test_shares__of_all_declarations_of_the_week(ledger: Ledger) -> None:
    flow, _ = _flow(ledger)
    with ledger.read() as work:
        shares = monitoring.shares(flow, work.nomenclatures.get("naf"), level=1)

    assert [one.code for one in shares] == [RIGHT, WRONG]
    assert shares[1].shares == pytest.approx((0, 0.1, 0.2, 0.3, 0.4, 0.5))


def test_recorded_drift__of_the_newest_turn_that_looked(ledger: Ledger) -> None:
    _, drift = _flow(ledger)

    assert (drift.turn, drift.alarm, drift.kinds) == (1, True, {"text": False, "codes": True})
    assert drift.words == (("velo", 0.0, 0.05),)
    with ledger.read() as work:
        assert monitoring.recorded_drift(work, "none", work.nomenclatures.get("naf")) is None


def test_promises__measured_beside_what_was_promised(ledger: Ledger) -> None:
    with ledger.read() as work:
        promises = monitoring.promises(work, "main")

    assert [one.draw.key for one in promises] == ["2026-09", "2026-10"]
    assert promises[0].promised is None
    assert promises[0].measured is not None
    assert promises[0].coded <= promises[0].asked
