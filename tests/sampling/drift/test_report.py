from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from sampling.drift import page, report
from sampling.drift.report import Details, DriftReport
from sampling.settings import DriftSettings
from tests.parts import flows, pools

QUICK = DriftSettings(replicates=199)


@pytest.fixture
def found(tmp_path: Path) -> DriftReport:
    ledger = pools.ledger(tmp_path)
    calm = pools.arrive(ledger, [f"culture numéro {n}" for n in range(200)], first_day=-29)
    more = pools.arrive(ledger, [f"culture suite {n}" for n in range(150)])
    new = pools.arrive(ledger, [f"livraison drone {n}" for n in range(48)], first_day=1)
    unscored = pools.arrive(ledger, ["...", "!!"], first_day=2)
    pools.predict(ledger, calm + more)
    pools.predict(ledger, new, code="56.10A")
    pools.predict(ledger, unscored, code=None)
    return report.report(
        ledger=ledger,
        windows=pools.WINDOWS,
        model_version=pools.MODEL,
        normaliser=pools.NORMALISER,
        settings=QUICK,
        nomenclature=pools.NAF,
    )


def test_report__finds_a_code_and_a_word_on_the_rise(found: DriftReport) -> None:
    assert list(found.risen_codes) == ["56.10A"]
    assert found.risen_codes["56.10A"].after == 48 / 198
    assert {"drone", "livraison"} <= set(found.risen_words)
    assert (found.reference_declarations, found.current_declarations) == (200, 200)
    assert (found.unscored_before, found.unscored_after) == (0, 0.01)
    assert found.divergence > 0.05


def test_report__texts_not_scored_yet_do_not_pass_for_texts_without_a_known_word(found: DriftReport) -> None:
    assert found.details is not None
    flow = found.details.flow
    calm = [at for at, count in enumerate(flow.before) if count][:150]
    known, codes = flow.known.copy(), list(flow.codes)
    known[calm] = np.nan
    for at in calm:
        codes[at] = None
    fewer = dataclasses.replace(flow, known=known, codes=tuple(codes))
    told = report.compare(fewer, windows=found.windows, model_version=found.model_version, settings=QUICK)

    assert (told.unscored_before, told.unscored_after) == (0, 0.01)
    assert told.as_dict()["not_scored_yet"] == 150
    assert ": 150. " in page.render(told, [], language="en")
    assert ": 150. " in page.render(told, [], language="fr")


def test_report__tells_each_kind(found: DriftReport) -> None:
    told = json.loads(json.dumps(found.as_dict()))

    assert told["codes"][0]["value"] in ("01.11Z", "56.10A")
    assert told["alarm"] is True
    assert told["kinds"]["text"]["alarm"]
    assert told["kinds"]["codes"]["alarm"]
    assert not told["kinds"]["variables"]["alarm"]
    assert told["levels"][0]["divergence_bits"]["value"] > told["levels"][0]["divergence_bits"]["by_chance"]
    assert told["concept"]["labels"] == 0


def test_report__the_same_ledger_gives_the_same_report(found: DriftReport) -> None:
    assert found.details is not None
    again = report.compare(found.details.flow, windows=found.windows, model_version=found.model_version, settings=QUICK)

    assert again.as_dict()["kinds"] == found.as_dict()["kinds"] | {"concept": {"alarm": False, "p_value": 1.0}}


def test_report__an_empty_window_gives_no_alarm(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    pools.predict(ledger, pools.arrive(ledger, ["un", "deux"], first_day=1))
    told = report.report(
        ledger=ledger,
        windows=pools.WINDOWS,
        model_version=pools.MODEL,
        normaliser=pools.NORMALISER,
        settings=QUICK,
    )

    assert told.as_dict()["alarm"] is False


def test_levels__those_that_tell_no_codes_apart_are_left_out() -> None:
    assert [sorted(set(level.values())) for level in report.levels(pools.NAF, pools.CODES)] == [sorted(pools.CODES)]
    assert report.levels(None, ["x"]) == [{}]


@pytest.mark.real_data
@pytest.mark.parametrize("by_wording", [False, True])
def test_compare__few_false_alarms_on_receipts_that_repeat(shared_data: Path, by_wording: bool) -> None:
    """Random splits of real receipt lines, line by line or wording by wording, with coders' codes for an audit."""
    alarms = 0
    for seed in range(20):
        alarms += split_of_receipts(shared_data, by_wording, seed).verdict.alarm

    assert alarms <= 4  # the 99 % bound of a binomial law with 20 trials at 0.05


def split_of_receipts(shared_data: Path, by_wording: bool, seed: int) -> Details:
    one = flows.receipts(shared_data)
    random = np.random.default_rng([11, seed])
    if by_wording:
        before, after = flows.by_wording(one, 3000, random)
    else:
        before, after = flows.halves(one.rows, len(one.texts), 3000, random)
    audits = [random.choice(len(one.texts), 200, replace=False, p=side / side.sum()) for side in (before, after)]
    found = report.compare(
        one.flow(before, after), windows=flows.WINDOWS, model_version=f"m/{seed}", settings=QUICK,
        judged=one.judged(*audits),
    ).details  # fmt: skip
    assert found is not None
    return found
