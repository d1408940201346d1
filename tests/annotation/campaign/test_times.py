from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from annotation.campaign import times


def test_spent__nothing_timed() -> None:
    assert times.spent({}) is None


def test_spent__few_times_have_a_mean_and_no_interval() -> None:
    found = times.spent({10: 1, 30: 1, 500: 1})

    assert found is not None
    assert (found.times, found.pauses, found.median, found.mean) == (3, 0, 30, 180)
    assert (found.low, found.high) == (None, None)


def test_spent__by_hand() -> None:
    """Two hours are a pause where the others take a minute at most."""
    found = times.spent(Counter({40: 18, 60: 1, 7200: 1}))

    assert found is not None
    assert (found.times, found.pauses, found.limit, found.median) == (19, 1, 120, 40)
    assert found.mean == pytest.approx(780 / 19)
    # s² = (18·1.0526² + 18.947²) / 18 = 21.05, t(18) = 2.1009.
    assert found.high == pytest.approx(780 / 19 + 2.1009 * (21.053 / 19) ** 0.5, abs=0.001)
    assert (found.counted(60), found.counted(7200)) == (60, found.mean)


def test_spent__at_once_is_a_time_too() -> None:
    found = times.spent({0: 20, 1: 5})

    assert found is not None
    assert (found.pauses, found.mean) == (0, 0.2)


@pytest.mark.parametrize("pauses", [0.0, 0.02, 0.05])
def test_spent__the_interval_holds_the_time_at_work_however_many_pauses_there_are(pauses: float) -> None:
    """Log-normal times as coders have, ten minutes and more added to some."""
    random = np.random.default_rng(3)
    held, plain = 0, []
    truth = float(np.exp(3.7 + 0.6**2 / 2))
    for _ in range(300):
        seconds = random.lognormal(3.7, 0.6, 400)
        paused = random.random(400) < pauses
        seconds[paused] += random.exponential(1800, int(paused.sum())) + 600
        found = times.spent(Counter(np.round(seconds).astype(int).tolist()))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
        plain.append(float(seconds.mean()))

    assert held / 300 >= 0.91
    assert (np.mean(plain) > 1.5 * truth) == (pauses >= 0.02)
