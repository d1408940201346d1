from __future__ import annotations

import numpy as np
import pytest

from sampling.replay import curves
from sampling.replay.curves import Curve, Point


def _curve(*accuracies: float) -> Curve:
    return tuple(Point(100 * place, accuracy, accuracy / 2) for place, accuracy in enumerate(accuracies, start=1))


def test_mean__is_taken_at_each_number_of_labels() -> None:
    (first, second) = curves.mean([_curve(0.1, 0.5), _curve(0.3, 0.7)])

    assert (first.labels, second.labels) == (100, 200)
    assert first.accuracy == pytest.approx(0.2)
    assert second.macro_f1 == pytest.approx(0.3)


def test_rising__a_sink_becomes_one_knot_in_its_middle() -> None:
    found = curves.rising(_curve(0.1, 0.5, 0.3, 0.8))

    np.testing.assert_allclose(found.labels, [100, 250, 400])
    np.testing.assert_allclose(found.accuracy, [0.1, 0.4, 0.8])


def test_to_reach__interpolates_and_is_none_beyond_the_end() -> None:
    found = curves.rising(_curve(0.1, 0.3, 0.7))

    assert found.to_reach(0.5) == pytest.approx(250)
    assert found.to_reach(0.05) == pytest.approx(100)
    assert found.to_reach(0.71) is None
    assert found.at(250) == pytest.approx(0.5)
