from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from annotation.domain.campaign import Draw
from annotation.domain.declaration import Window
from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task
from sampling import calibration, pool
from sampling.drift.windows import Windows
from tests.parts import pools


def test_build__holds_what_the_window_brought(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    keys = pools.arrive(ledger, ["Culture de blé", "Culture du riz"], cj="1000")
    pools.predict(ledger, keys[:1], margin=0.4)
    pools.predict(ledger, keys[1:], code=None)

    built = pools.build(ledger)

    assert built.frame["text_key"].tolist() == sorted(keys)
    wheat = built.frame.set_index("text_key").loc[keys[0]]
    assert (wheat["words"], wheat["line"]) == ("culture de ble", "culture de ble")
    assert (wheat["code"], round(wheat["margin"], 6), wheat["codes"]) == ("01.11Z", 0.4, ["01.11Z", "56.10A"])
    assert wheat["probabilities"] == pytest.approx([0.7, 0.3])
    assert (round(wheat["entropy"], 6), wheat["known"], wheat["frequency"], wheat["importance"]) == (0.6, 1, 1, 1)
    assert wheat["confidence"] == wheat["probability"] == pytest.approx(0.7)
    rice = built.frame.set_index("text_key").loc[keys[1]]
    assert (rice["code"], rice["margin"], rice["probability"]) == (None, 0.0, 0.0)
    assert (len(rice["codes"]), len(rice["probabilities"]), rice["confidence"]) == (0, 0, 0.0)
    assert not built.calibrated


def test_build__outside_the_window(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    keys = pools.arrive(ledger, ["un", "deux", "trois", "quatre"])
    pools.predict(ledger, keys)
    second_half = Window(pools.START + timedelta(days=14), pools.START + timedelta(days=28))

    built = pools.build(ledger, windows=Windows(pools.WINDOWS.reference, second_half))

    assert sorted(built.frame["text_key"]) == sorted(keys[2:])
    assert set(built.left_out.values()) == {0}


def test_build__says_why_a_text_is_left_out(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    kept, asked, labelled, _unscored, empty = pools.arrive(
        ledger, ["Gardé", "Demandé", "Codé", "Jamais vu par le modèle", "... !"]
    )
    pools.predict(ledger, [kept, asked, labelled, empty])
    with ledger.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, None, "", "", {}, pools.START))
        work.tasks.add([Task("k", draw.id, asked, Component.AUDIT, "s", 0.5, 1, "", (), (), None)])
        work.labels.record([Label(labelled, "naf", "01.11Z", Source.IMPORT, 1.0, pools.START)])

    built = pools.build(ledger)

    assert built.frame["text_key"].tolist() == [kept]
    assert built.left_out == {
        "nothing to code": 1,
        "gold": 0,
        "asked before": 1,
        "labelled before": 1,
        "not scored yet": 1,
    }


def test_build__the_same_wording_with_other_variables_was_asked_too(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    (first,) = pools.arrive(ledger, ["Culture de blé"], cj="1000")
    (second,) = pools.arrive(ledger, ["CULTURE DE BLE"], cj="5499", first_day=1)
    pools.predict(ledger, [first, second])
    with ledger.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, None, "", "", {}, pools.START))
        work.tasks.add([Task("k", draw.id, first, Component.AUDIT, "s", 0.5, 1, "", (), (), None)])

    built = pools.build(ledger)

    assert built.frame.empty
    assert built.left_out["asked before"] == 2


def test_build__nothing_arrived(tmp_path: Path) -> None:
    assert pools.build(pools.ledger(tmp_path)).frame.empty


def test_build__in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond one page, the frame is the same as in one."""
    ledger = pools.ledger(tmp_path)
    pools.predict(ledger, pools.arrive(ledger, [f"texte {'x' * n}" for n in range(1, 26)]))
    whole = pools.build(ledger)

    monkeypatch.setattr(pool, "PAGE", 4)
    paged = pools.build(ledger)

    assert len(paged) == 25
    pd.testing.assert_frame_equal(paged.frame, whole.frame)


def test_build__counts_declarations_and_reads_what_a_text_is_worth(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    often = pools.arrive(ledger, ["boulangerie"] * 3, employees="12,5")
    once = pools.arrive(ledger, ["coiffure"], first_day=1, employees="many")
    pools.predict(ledger, {*often, *once})

    built = pools.build(ledger, importance="employees").frame.set_index("text_key")

    assert built.loc[often[0], ["frequency", "importance"]].tolist() == [3, 12.5]
    assert built.loc[once[0], ["frequency", "importance"]].tolist() == [1, 0.0]


def test_build__the_calibration_in_force_says_how_sure_the_model_may_be(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    pools.predict(ledger, pools.arrive(ledger, ["boulangerie"]), margin=0.8)
    document = replace(calibration.NONE, temperature=3.0).to_document()
    with ledger.begin() as work:
        work.calibrations.add(pools.MODEL, document, {}, now=pools.NOW)

    built = pools.build(ledger)

    assert built.calibrated
    assert built.frame["confidence"][0] < 0.7 < built.frame["probability"][0]


def test_build__a_calibration_that_changes_nothing_is_none(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    with ledger.begin() as work:
        work.calibrations.add(pools.MODEL, calibration.NONE.to_document(), {}, now=pools.NOW)

    assert not pools.build(ledger).calibrated
