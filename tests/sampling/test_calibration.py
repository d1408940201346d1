from __future__ import annotations

import json

import numpy as np
import pytest

from sampling.calibration import NONE, Calibration, DivisionOffset

P1 = np.array([0.95, 0.8, 0.6])
MARGIN = np.array([0.92, 0.6, 0.3])
CODES = ["01.11Z", "56.10A", "01.12Z"]
WHOLE = Calibration(
    temperature=2.0,
    rival=0.25,
    offset=-0.1,
    isotonic_share=0.5,
    margins=(0.1, 0.5, 0.9),
    levels=(0.2, 0.5, 0.9),
    divisions=(DivisionOffset("01", -1.0, 12, ("01.11Z", "01.12Z")),),
)


def test_none__is_the_models_own_probability() -> None:
    assert NONE.applied == ()
    assert NONE.confidence(P1, MARGIN, CODES).tolist() == P1.tolist()


def test_confidence__of_a_text_without_code_is_0() -> None:
    assert NONE.confidence([0.9], [0.9], [None]).tolist() == [0.0]
    assert WHOLE.confidence([0.0], [0.0], [None]).tolist() == [0.0]


def test_confidence__temperature_divides_the_log_odds() -> None:
    """Odds of 9 become 3, and 4 become 2."""
    found = Calibration(temperature=2.0).confidence([0.9, 0.8], [0.8, 0.6], ["a", "b"])

    assert found == pytest.approx([3 / 4, 2 / 3])


def test_confidence__rival_weighs_the_odds_against_the_second_code() -> None:
    """p1 = .6 and p2 = .2, so 3 to 1 against the second and 3 to 2 against all the rest."""
    assert Calibration(rival=1.0).confidence([0.6], [0.4], ["a"]) == pytest.approx([0.75])
    assert Calibration(rival=0.0, offset=1e-9).confidence([0.6], [0.4], ["a"]) == pytest.approx([0.6])


def test_confidence__the_curve_is_straight_between_its_points_and_level_beyond() -> None:
    curve = Calibration(isotonic_share=1.0, margins=(0.2, 0.6), levels=(0.4, 0.8))

    assert curve.confidence([0.5] * 3, [0.0, 0.4, 0.9], ["a"] * 3) == pytest.approx([0.4, 0.6, 0.8])


def test_confidence__a_division_moves_its_own_codes_only() -> None:
    offset = Calibration(divisions=(DivisionOffset("01", np.log(2), 5, ("01.11Z",)),))

    assert offset.confidence([0.5, 0.5], [0.2, 0.2], ["01.11Z", "56.10A"]) == pytest.approx([2 / 3, 0.5])


@pytest.mark.parametrize("probability", [0.0, 1.0, 1.00001])
def test_confidence__stays_a_chance_at_the_ends(probability: float) -> None:
    """fastText gives probabilities a little above 1, and under ova the margin may be as large."""
    for one in (NONE, WHOLE):
        found = one.confidence([probability], [probability], ["01.11Z"])
        assert 0 <= found[0] <= 1


def test_confidence__rises_with_the_margin() -> None:
    margins = np.linspace(0, 0.99, 50)
    found = WHOLE.confidence((1 + margins) / 2, margins, ["56.10A"] * 50)

    assert np.all(np.diff(found) > 0)


def test_confidence__of_nothing() -> None:
    assert WHOLE.confidence([], [], []).shape == (0,)


def test_document__comes_back_the_same_through_json() -> None:
    document = json.loads(json.dumps(WHOLE.to_document()))

    assert Calibration.from_document(document) == WHOLE
    assert Calibration.from_document(NONE.to_document()) == NONE
    assert document == WHOLE.to_document()
    assert WHOLE.applied == ("temperature", "isotonic", "divisions")
