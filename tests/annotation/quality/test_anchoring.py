from __future__ import annotations

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from annotation.quality import anchoring


@pytest.mark.parametrize(
    ("shown", "blind", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 20), 0.6791, 1.0)],
)
def test_contrast__gives_the_intervals_of_newcombe(
    shown: tuple[int, int], blind: tuple[int, int], low: float, high: float
) -> None:
    """His table II (1998), method 10."""
    found = anchoring.contrast(shown=shown, blind=blind)

    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_contrast__agrees_with_statsmodels() -> None:
    found = anchoring.contrast(shown=(37, 60), blind=(11, 45))

    assert (found.low, found.high) == pytest.approx(confint_proportions_2indep(37, 60, 11, 45, method="newcomb"))
    assert found.clear


def test_contrast__of_nothing_has_no_figure() -> None:
    found = anchoring.contrast(shown=(3, 4), blind=(0, 0))

    assert (found.difference, found.low, found.high, found.clear) == (None, None, None, False)
    assert found.blind.value is None
