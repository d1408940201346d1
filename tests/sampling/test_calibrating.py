from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from annotation.domain.campaign import Draw
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.prediction import Prediction
from annotation.domain.task import Component, Task
from annotation.errors import InvalidInputError
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sampling import calibrating, calibration_page
from sampling.calibrating import CalibrationResult, Gap
from sampling.calibration import NONE, Calibration
from sampling.settings import CalibrationSettings
from tests.parts import pools

RIGHT, WRONG = "01.11Z", "56.10A"
TREE = Nomenclature(
    key="naf",
    title="NAF",
    codes=[Code("A", 1, None, "A", leaf=False), Code("01", 2, "A", "01", leaf=False),
           *(Code(code, 3, "01", code) for code in pools.CODES[:2]), Code(WRONG, 1, None, WRONG)],
)  # fmt: skip


def judged(folder: Path, number: int, *, sure: float = 0.95, right: float = 0.6, seed: int = 90) -> Ledger:
    """An audit of so many texts: the model is about as ``sure`` of each, and ``right`` in so many cases."""
    random = np.random.default_rng(seed)
    opened = pools.ledger(folder)
    keys = pools.arrive(opened, [f"texte {n}" for n in range(number)])
    p1 = np.round(np.clip(random.normal(sure, 0.03, number), 0.5, 0.999), 6).tolist()
    truth = [RIGHT if one else WRONG for one in random.random(number) < right]
    with opened.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, None, "", "", {}, pools.START))
        work.tasks.add([Task(k, draw.id, k, Component.AUDIT, "s", 0.1, 1, "", (), (), None) for k in keys])
        work.evaluation.add("naf", [EvaluationMember(k, k, k, "s", 0.1) for k in keys], now=pools.START)
        coder = work.coders.pseudonym("fake", "1", email=None, now=pools.NOW)
        for key, code in zip(keys, truth, strict=True):
            judgement = Judgement(key, "fake", key, coder, Outcome.CODED, code, pools.NOW)
            work.judgements.record(judgement, now=pools.NOW)
        work.texts.add_predictions(
            [
                Prediction(key, pools.MODEL, (RIGHT, WRONG), (one, 1 - one), 0.5, 1.0)
                for key, one in zip(keys, p1, strict=True)
            ],
            now=pools.NOW,
        )
    return opened


def calibrate(ledger: Ledger, model: str = pools.MODEL) -> CalibrationResult:
    return calibrating.calibrate(
        ledger=ledger, nomenclature=TREE, model_version=model, settings=CalibrationSettings(), now=pools.NOW
    )


def stored(ledger: Ledger, model: str = pools.MODEL) -> Calibration | None:
    with ledger.read() as work:
        document = work.calibrations.current(model)
    return Calibration.from_document(document) if document else None


def test_calibrate__what_helps_is_stored_with_the_model(tmp_path: Path) -> None:
    ledger = judged(tmp_path, 200)
    result = calibrate(ledger)

    assert (result.labels, result.uncoded, result.gap, result.new) == (200, 0, None, True)
    assert result.calibration.applied == ("temperature", "isotonic")
    assert result.calibration.confidence([0.95], [0.9], [RIGHT])[0] == pytest.approx(0.6, abs=0.1)
    assert stored(ledger) == result.calibration
    assert result.brought is not None
    assert result.brought.after.value < 0.15 < result.brought.before.low
    with ledger.read() as work:
        figures = work.calibrations.figures(pools.MODEL)
    assert figures is not None
    assert figures["before"] == result.as_dict()["before"]


def test_calibrate__the_same_labels_again_change_nothing(tmp_path: Path) -> None:
    ledger = judged(tmp_path, 200)
    first, again = calibrate(ledger), calibrate(ledger)

    assert again.calibration == first.calibration
    assert (first.new, again.new) == (True, False)
    assert again.as_dict() | {"new": True} == first.as_dict()


def test_calibrate__too_few_labels_store_nothing(tmp_path: Path) -> None:
    ledger = judged(tmp_path, 30)
    result = calibrate(ledger)

    assert (result.gap, result.calibration, result.new) == (Gap.TOO_FEW, NONE, False)
    assert result.reason == "30 labels of the audit are there, too few to calibrate on."
    assert stored(ledger) is None


def test_calibrate__nobody_judged(tmp_path: Path) -> None:
    assert calibrate(pools.ledger(tmp_path)).as_dict()["labels"] == 0


def test_calibrate__a_model_that_is_never_wrong(tmp_path: Path) -> None:
    result = calibrate(judged(tmp_path, 100, right=1.0))

    assert (result.gap, result.calibration) == (Gap.ONE_SIDED, NONE)


def test_calibrate__what_helps_no_label_that_it_has_not_seen_is_not_stored(tmp_path: Path) -> None:
    ledger = judged(tmp_path, 80, sure=0.6, right=0.6, seed=91)
    result = calibrate(ledger)

    assert (result.gap, result.calibration) == (Gap.NO_BETTER, NONE)
    assert result.brought is not None
    assert stored(ledger) is None


def test_calibrate__texts_that_the_model_cannot_code_are_left_out(tmp_path: Path) -> None:
    ledger = judged(tmp_path, 100)
    with ledger.read() as work:
        keys = [member.text_key for member in work.evaluation.members("naf")]
    pools.predict(ledger, keys[:20], model="m/2", code=None)
    pools.predict(ledger, keys[20:], model="m/2", margin=0.9)
    result = calibrate(ledger, "m/2")

    assert (result.labels, result.uncoded) == (80, 20)


def test_calibrate__members_that_were_not_scored(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="100 texts of the evaluation set were not scored by m/2"):
        calibrate(judged(tmp_path, 100), "m/2")


def test_calibrate__tells_from_which_margin_on_codes_may_go_unseen(tmp_path: Path) -> None:
    """Of 300 texts 20 cannot be coded; they go to coders whatever the threshold."""
    ledger = judged(tmp_path, 300, right=0.99)
    with ledger.read() as work:
        keys = [member.text_key for member in work.evaluation.members("naf")]
    pools.predict(ledger, keys[:20], model="m/2", code=None)
    pools.predict(ledger, keys[20:], model="m/2", margin=0.9)
    unseen = calibrate(ledger, "m/2").unseen

    assert unseen is not None
    assert unseen.threshold is not None
    assert (unseen.threshold.value, unseen.target) == (0.0, 0.95)
    assert unseen.threshold.coverage == pytest.approx(280 / 300)
    assert unseen.curve.coverage.tolist() == pytest.approx([280 / 300, 1.0])


def test_calibrate__no_threshold_where_none_can_be_shown(tmp_path: Path) -> None:
    result = calibrate(judged(tmp_path, 200))

    assert result.unseen is not None
    assert result.unseen.threshold is None
    assert result.as_dict()["threshold"] is None


def test_as_dict__is_json(tmp_path: Path) -> None:
    data = json.loads(json.dumps(calibrate(judged(tmp_path, 200)).as_dict()))

    assert data["applied"] == ["temperature", "isotonic"]
    assert set(data["before"]) == {"value", "low", "high", "labels", "bins"}


def pages(result: CalibrationResult) -> Sequence[str]:
    return [calibration_page.render(result, language=language) for language in ("en", "fr")]


def test_page__stands_alone_in_both_languages(tmp_path: Path) -> None:
    english, french = pages(calibrate(judged(tmp_path, 200)))

    assert "How sure may m/1 be?" in english
    assert "It is too sure of itself." in english
    assert "Il est trop sûr de lui." in french
    assert "No margin can be shown yet from which on 95 % of the codes are right." in english
    for page in (english, french):
        assert page.count("<svg") == 2
        assert "<script" not in page
        assert "http" not in page.replace("http://www.w3.org", "")


def test_page__without_a_calibration_says_why(tmp_path: Path) -> None:
    english, french = pages(calibrate(judged(tmp_path, 30)))

    assert "too few labels" in english
    assert "trop peu d" in french
    assert 'id="reliability' not in english
