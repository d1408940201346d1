from __future__ import annotations

import numpy as np
import pytest

from annotation.quality import accuracy, nonresponse


def test_bounds__hold_the_estimate_and_say_what_the_missing_leave_open() -> None:
    """Of ten texts, six are right, two wrong and two without an answer."""
    right = [1.0] * 6 + [0.0] * 2 + [np.nan] * 2
    found = nonresponse.bounds(right, [0.1] * 10, population_size=100)
    answered = accuracy.estimate(right[:8], [0.08] * 8, population_size=100)

    assert (found.value_low, found.value_high) == pytest.approx((0.6, 0.8))
    assert found.low < found.value_low < answered.value < found.value_high < found.high
    assert (found.missing, found.drawn) == (2, 10)


def test_bounds__are_the_estimate_when_nothing_is_missing() -> None:
    found = nonresponse.bounds([1, 0, 1, 1], [0.1] * 4, population_size=40)
    estimate = accuracy.estimate([1, 0, 1, 1], [0.1] * 4, population_size=40)

    assert (found.value_low, found.value_high) == (estimate.value, estimate.value)
    assert (found.low, found.high) == (estimate.low, estimate.high)
