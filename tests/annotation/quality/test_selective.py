from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from annotation.quality import selective

SAMPLES = 400
TEXTS = 8000
# Of 400 samples; 5 % and twice its Monte Carlo error.
MOST_VIOLATIONS = 0.05 + 2 * (0.05 * 0.95 / SAMPLES) ** 0.5

Design = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


class Population:
    """``score`` is calibrated, and the truth is drawn from it."""

    def __init__(self) -> None:
        random = np.random.default_rng(40)
        self.score = 1 / (1 + np.exp(-random.normal(1.8, 1.8, TEXTS)))
        self.right = (random.random(TEXTS) < self.score).astype(float)
        self.quarter = np.searchsorted(np.quantile(self.score, [0.25, 0.5, 0.75]), self.score)

    def accuracy_above(self, threshold: float) -> float:
        return float(self.right[self.score >= threshold].mean())

    def simple(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return random.choice(TEXTS, 500, replace=False), np.full(500, 500 / TEXTS)

    def stratified(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Most labels where the model is least sure, as an audit has them."""
        sizes = (180, 150, 110, 60)
        rows = [random.choice(np.flatnonzero(self.quarter == h), n, replace=False) for h, n in enumerate(sizes)]
        return np.concatenate(rows), np.repeat(np.array(sizes) / (TEXTS / 4), sizes)

    def poisson(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        size = np.sqrt(self.score * (1 - self.score) + 0.02)
        chance = 500 * size / size.sum()
        rows = np.flatnonzero(random.random(TEXTS) < chance)
        return rows, chance[rows]

    def lopsided(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Chances that have nothing to do with the score and differ by seven."""
        size = np.where(np.arange(TEXTS) % 7 == 0, 1.0, 0.15)
        chance = 500 * size / size.sum()
        rows = np.flatnonzero(random.random(TEXTS) < chance)
        return rows, chance[rows]


POPULATION = Population()


@pytest.mark.parametrize("design", ["simple", "stratified", "poisson", "lopsided"])
@pytest.mark.parametrize("target", [0.85, 0.9])
def test_threshold__seldom_promises_too_much(design: str, target: float) -> None:
    random = np.random.default_rng(41)
    draw: Design = getattr(POPULATION, design)
    violated = found = 0
    for _ in range(SAMPLES):
        rows, chance = draw(random)
        one = selective.threshold(POPULATION.right[rows], POPULATION.score[rows], chance, target=target, random=random)
        if one is not None:
            found += 1
            violated += POPULATION.accuracy_above(one.value) < target

    assert violated / SAMPLES <= MOST_VIOLATIONS
    assert found / SAMPLES >= 0.4


def test_threshold__equal_chances_leave_most_texts_to_the_machine() -> None:
    random = np.random.default_rng(42)
    ideal = min(t for t in selective.THRESHOLDS if POPULATION.accuracy_above(t) >= 0.9)
    coverages = []
    for _ in range(50):
        rows = random.choice(TEXTS, 1000, replace=False)
        one = selective.threshold(
            POPULATION.right[rows], POPULATION.score[rows], np.full(1000, 1000 / TEXTS), target=0.9
        )
        coverages.append(float((POPULATION.score >= one.value).mean()) if one else 0.0)

    assert np.mean(coverages) > 0.8 * (POPULATION.score >= ideal).mean()


def test_threshold__none_where_nothing_can_be_shown() -> None:
    right, score = np.ones(10), np.full(10, 0.99)

    assert selective.threshold(right, score, np.full(10, 0.1), target=0.9) is None


def test_threshold__a_score_that_says_nothing_has_none() -> None:
    random = np.random.default_rng(43)
    right = (random.random(500) < 0.7).astype(float)

    assert selective.threshold(right, random.random(500), np.full(500, 0.1), target=0.9) is None


def test_threshold__all_right_means_all_accepted() -> None:
    score = np.linspace(0.3, 1, 200)
    found = selective.threshold(np.ones(200), score, np.full(200, 0.1), target=0.9)

    assert found is not None
    assert (found.value, found.coverage, found.accuracy, found.labels) == (0.0, 1.0, 1.0, 200)
    assert found.as_dict()["threshold"] == 0.0


def test_threshold__is_the_same_each_time() -> None:
    rows, chance = POPULATION.stratified(np.random.default_rng(44))
    given = POPULATION.right[rows], POPULATION.score[rows], chance

    assert selective.threshold(*given, target=0.85) == selective.threshold(*given, target=0.85)


def test_risk_coverage__by_hand() -> None:
    """Weights 1, 1, 2: at .9 a right one; at .5 one right and, of weight 2, one wrong."""
    curve = selective.risk_coverage([1, 1, 0], [0.9, 0.5, 0.5], [1.0, 1.0, 0.5])

    assert curve.threshold.tolist() == [0.9, 0.5]
    assert curve.coverage.tolist() == [0.25, 1.0]
    assert curve.risk.tolist() == [0.0, 0.5]
    assert curve.area == pytest.approx(0.375)


def test_risk_coverage__ends_at_the_share_of_wrong_codes_of_the_population() -> None:
    ends = []
    random = np.random.default_rng(45)
    for _ in range(50):
        rows, chance = POPULATION.stratified(random)
        ends.append(selective.risk_coverage(POPULATION.right[rows], POPULATION.score[rows], chance).risk[-1])

    assert np.mean(ends) == pytest.approx(1 - POPULATION.right.mean(), abs=0.01)
