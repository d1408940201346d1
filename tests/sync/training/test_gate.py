from __future__ import annotations

import pytest

from annotation.quality.accuracy import Estimate
from sync.settings import GateSettings
from sync.training import gate
from sync.training.evaluation import Comparison, Evaluation
from sync.training.gate import Verdict

POLICY = GateSettings(least_evaluated=50, least_difference=0.01, non_inferiority=0.03)


def decide(value: float, low: float, high: float, *, texts: int = 100) -> Verdict:
    new, old = (Evaluation(f"m/{n}", (), 200, texts) for n in (2, 1))
    return gate.decide(Comparison(new, old, Estimate(value, low, high, 0.05, texts, texts, "stratified")), POLICY)


FIGURES = "on the same 100 texts, challenger minus champion is {} points (90% interval {} to {})"


def test_decide__promotes() -> None:
    assert decide(0.04, -0.01, 0.09) == Verdict(
        True, f"Promoted: {FIGURES.format('+4.0', '-1.0', '+9.0')}; a loss of more than 3.0 points is ruled out."
    )


def test_decide__keeps_when_the_gain_is_too_small() -> None:
    assert decide(0.005, -0.01, 0.02) == Verdict(
        False, f"Kept: {FIGURES.format('+0.5', '-1.0', '+2.0')}; the gate wants +1.0 at least."
    )


def test_decide__keeps_when_a_loss_is_not_ruled_out() -> None:
    assert decide(0.04, -0.05, 0.13) == Verdict(
        False, f"Kept: {FIGURES.format('+4.0', '-5.0', '+13.0')}; a loss of more than 3.0 points is not ruled out."
    )


@pytest.mark.parametrize("texts", [0, 49])
def test_decide__keeps_when_too_few_texts_are_judged(texts: int) -> None:
    assert decide(0.5, 0.4, 0.6, texts=texts) == Verdict(
        False, f"{texts} texts of the evaluation set are judged; the gate wants 50 to compare."
    )


def test_decide__keeps_when_nothing_can_be_compared() -> None:
    new, old = (Evaluation(f"m/{n}", (), 200, 1) for n in (2, 1))

    assert not gate.decide(Comparison(new, old, None), POLICY).promote


def test_decide__at_the_limits() -> None:
    assert decide(0.01, -0.03, 0.05, texts=50).promote
