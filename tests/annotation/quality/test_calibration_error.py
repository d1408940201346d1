from __future__ import annotations

import numpy as np
import pytest

from annotation.quality import calibration_error

SAMPLES = 80
TEXTS = 20_000
SIZES = (100, 90, 70, 40)


def chance(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


class Population:
    """Odds of being right, and audits of 300 labels, most of them where the confidence is low."""

    def __init__(self) -> None:
        random = np.random.default_rng(50)
        self.odds = random.normal(1.2, 1.8, TEXTS)
        quarter = np.searchsorted(np.quantile(self.odds, [0.25, 0.5, 0.75]), self.odds)
        self.strata = [np.flatnonzero(quarter == h) for h in range(4)]
        self.weight = np.repeat(TEXTS / 4 / np.array(SIZES), SIZES)

    def audit(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Rows, and who of them is right."""
        drawn = [random.choice(rows, n, replace=False) for rows, n in zip(self.strata, SIZES, strict=True)]
        rows = np.concatenate(drawn)
        return rows, (random.random(len(rows)) < chance(self.odds[rows])).astype(float)


POPULATION = Population()
CONFIDENCES = {
    "calibrated": chance(POPULATION.odds),
    "a little too sure": chance(1.3 * POPULATION.odds),
    "much too sure": chance(1.6 * POPULATION.odds + 0.5),
    "wrong in one place": np.where(np.abs(POPULATION.odds - 0.9) < 0.5, 0.55, chance(POPULATION.odds)),
}


@pytest.mark.parametrize("confidence", CONFIDENCES.values(), ids=CONFIDENCES.keys())
def test_expected__interval_holds_the_truth_as_often_as_it_says(confidence: np.ndarray) -> None:
    random = np.random.default_rng(51)
    # By as many bins as the audits have: what cancels within a bin is not seen.
    truth = calibration_error.reliability(chance(POPULATION.odds), confidence, np.ones(TEXTS), bins=9).error
    held, values, plain = 0, [], []
    for _ in range(SAMPLES):
        rows, right = POPULATION.audit(random)
        found = calibration_error.expected(right, confidence[rows], POPULATION.weight, random=random)
        held += found.low <= truth <= found.high
        values.append(found.value)
        plain.append(calibration_error.reliability(right, confidence[rows], POPULATION.weight).error)

    assert held / SAMPLES >= 0.88
    assert np.mean(values) == pytest.approx(truth, abs=0.022)
    assert abs(np.mean(values) - truth) < abs(np.mean(plain) - truth)


def test_expected__as_dict() -> None:
    random = np.random.default_rng(52)
    found = calibration_error.expected([1, 0] * 20, [0.9] * 20 + [0.8] * 20, np.ones(40), random=random)

    assert found.low <= found.value <= found.high
    assert found.as_dict() == {
        "value": found.value, "low": found.low, "high": found.high, "labels": 40, "bins": found.bins,
    }  # fmt: skip


def test_reliability__by_hand() -> None:
    found = calibration_error.reliability([0, 1, 1, 1], [0.2, 0.4, 0.8, 0.9], [3.0, 1.0, 1.0, 1.0], bins=2)

    assert found.share == pytest.approx([4 / 6, 2 / 6])
    assert found.confidence == pytest.approx([0.25, 0.85])
    assert found.correct == pytest.approx([0.25, 1.0])
    assert found.labels.tolist() == [2, 2]
    assert found.error == pytest.approx(2 / 6 * 0.15)
    assert np.all(found.standard_error > 0)


def test_reliability__equal_confidences_stay_together() -> None:
    found = calibration_error.reliability([1, 0, 1, 1, 0, 1], [0.5] * 5 + [0.9], np.ones(6), bins=3)

    assert found.labels.tolist() == [5, 1]


def test_reliability__each_fold_has_bins_of_its_own() -> None:
    """Two maps, one 10 points too high and one too low, hide each other in common bins."""
    right = np.array([1, 0] * 20)
    confidence, fold = np.repeat([0.6, 0.4], 20), np.repeat([0, 1], 20)
    apart = calibration_error.reliability(right, confidence, np.ones(40), fold=fold, bins=1)

    assert apart.error == pytest.approx(0.1)
    assert calibration_error.reliability(right, confidence, np.ones(40), bins=1).error == pytest.approx(0.0)
