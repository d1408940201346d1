from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotation.quality import calibration_error
from sampling import calibration_fit
from sampling.calibration import NONE
from sampling.calibration_fit import Labels, Needs

TEXTS = 20_000
TEMPERATURE_ONLY = Needs(50, 10**9, 10**9)
ALL_STEPS = Needs(50, 150, 500)


def chance(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


class Population:
    """A model between two codes that is twice too sure of itself, and audits with most labels where it is not."""

    def __init__(self, seed: int = 60) -> None:
        random = np.random.default_rng(seed)
        odds = random.normal(1.0, 1.6, TEXTS)
        self.truth = chance(odds)
        self.p1 = chance(2 * odds)
        self.margin = np.clip(2 * self.p1 - 1, 0, 1)
        quarter = np.searchsorted(np.quantile(self.p1, [0.25, 0.5, 0.75]), self.p1)
        self.strata = [np.flatnonzero(quarter == h) for h in range(4)]

    def audit(self, size: int, random: np.random.Generator) -> Labels:
        sizes = [round(size * share) for share in (0.35, 0.3, 0.2, 0.15)]
        rows = np.concatenate([random.choice(h, n, replace=False) for h, n in zip(self.strata, sizes, strict=True)])
        n = len(rows)
        return Labels(
            probability=self.p1[rows],
            margin=self.margin[rows],
            correct=(random.random(n) < self.truth[rows]).astype(float),
            weight=np.repeat(TEXTS / 4 / np.array(sizes), sizes),
            group=rows.astype(str).astype(object),
            code=np.full(n, "x", dtype=object),
            division=np.full(n, "", dtype=object),
        )


POPULATION = Population()


def test_fit__recovers_the_temperature() -> None:
    random = np.random.default_rng(61)
    fitted = [calibration_fit.fit(POPULATION.audit(600, random), needs=TEMPERATURE_ONLY) for _ in range(40)]
    offsets = [one.offset for one in fitted]

    assert np.mean([one.temperature for one in fitted]) == pytest.approx(2.0, abs=0.12)
    assert np.mean(offsets) == pytest.approx(0.0, abs=0.12)


@pytest.mark.parametrize("size", [100, 300])
def test_fit__brings_confidences_nearer_to_the_truth(size: int) -> None:
    random = np.random.default_rng(62)
    codes = ["x"] * TEXTS
    errors = []
    for _ in range(20):
        fitted = calibration_fit.fit(POPULATION.audit(size, random), needs=ALL_STEPS)
        sure = fitted.confidence(POPULATION.p1, POPULATION.margin, codes)
        errors.append(calibration_error.reliability(POPULATION.truth, sure, np.ones(TEXTS), bins=10).error)
    own = calibration_error.reliability(POPULATION.truth, POPULATION.p1, np.ones(TEXTS), bins=10).error

    assert np.mean(errors) < own / 1.8


def test_cross_fit__its_error_is_that_on_texts_not_seen() -> None:
    """Neither that on the labels fitted on, which flatters, nor far above; and the interval holds it."""
    random = np.random.default_rng(63)
    codes = ["x"] * TEXTS
    held, told, true, flattering = [], [], [], []
    for _ in range(40):
        labels = POPULATION.audit(300, random)
        fitted = calibration_fit.fit(labels, needs=ALL_STEPS)
        sure = fitted.confidence(POPULATION.p1, POPULATION.margin, codes)
        truth = calibration_error.reliability(POPULATION.truth, sure, np.ones(TEXTS), bins=10).error
        crossed = calibration_fit.cross_fit(labels, needs=ALL_STEPS, folds=5, random=random)
        found = calibration_error.expected(
            labels.correct, crossed.confidence, labels.weight, random=random, fold=crossed.fold
        )
        seen = calibration_error.expected(labels.correct, labels.confidence(fitted), labels.weight, random=random)
        held.append(found.low <= truth <= found.high)
        told.append(found.value)
        true.append(truth)
        flattering.append(seen.value)

    assert np.mean(held) >= 0.85
    assert np.mean(flattering) < np.mean(true)
    assert np.mean(told) == pytest.approx(np.mean(true), abs=0.02)


def test_cross_fit__near_copies_are_never_on_both_sides() -> None:
    labels = POPULATION.audit(200, np.random.default_rng(64))
    pairs = replace(labels, group=np.array([f"g{n // 2}" for n in range(len(labels))], dtype=object))
    crossed = calibration_fit.cross_fit(pairs, needs=ALL_STEPS, folds=5, random=np.random.default_rng(65))

    assert len({(group, fold) for group, fold in zip(pairs.group, crossed.fold, strict=True)}) == len(set(pairs.group))
    assert sorted(set(crossed.fold.tolist())) == [0, 1, 2, 3, 4]


def test_fit__more_labels_bring_more_steps() -> None:
    random = np.random.default_rng(66)
    applied = [calibration_fit.fit(POPULATION.audit(n, random), needs=ALL_STEPS).applied for n in (40, 100, 200)]

    assert applied == [(), ("temperature",), ("temperature", "isotonic")]


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_fit__nothing_where_all_are_alike(right: float) -> None:
    labels = POPULATION.audit(200, np.random.default_rng(67))

    assert calibration_fit.fit(replace(labels, correct=np.full(len(labels), right)), needs=ALL_STEPS) == NONE


def test_fit__a_certainty_that_misleads_is_levelled_not_turned_round() -> None:
    labels = POPULATION.audit(400, np.random.default_rng(68))
    fitted = calibration_fit.fit(replace(labels, correct=1 - labels.correct), needs=ALL_STEPS)
    found = fitted.confidence([0.55, 0.99], [0.1, 0.98], ["x", "x"])

    assert 0 <= found[1] - found[0] < 0.05


def test_fit__weights_count() -> None:
    """Half the labels are wrong, but stand for one in a hundred texts."""
    n = 400
    labels = Labels(
        probability=np.full(n, 0.8),
        margin=np.full(n, 0.6),
        correct=np.repeat([1.0, 0.0], n // 2),
        weight=np.repeat([99.0, 1.0], n // 2),
        group=np.arange(n).astype(str).astype(object),
        code=np.full(n, "x", dtype=object),
        division=np.full(n, "", dtype=object),
    )
    found = calibration_fit.fit(labels, needs=ALL_STEPS).confidence([0.8], [0.6], ["x"])

    assert found[0] > 0.95


def divided(offsets: list[float], per_division: int, seed: int) -> Labels:
    random = np.random.default_rng(seed)
    division = np.repeat([f"{n:02}" for n in range(len(offsets))], per_division)
    odds = random.normal(1.0, 1.0, len(division))
    right = random.random(len(division)) < chance(odds + np.repeat(offsets, per_division))
    p1 = chance(odds)
    return Labels(
        probability=p1,
        margin=np.clip(2 * p1 - 1, 0, 1),
        correct=right.astype(float),
        weight=np.ones(len(division)),
        group=np.arange(len(division)).astype(str).astype(object),
        code=np.array([f"{one}.1" for one in division], dtype=object),
        division=division.astype(object),
    )


def test_fit__divisions_that_differ_get_offsets_and_codes_that_met_no_label_too() -> None:
    labels = divided([-1.5, -1.0, 0.0, 0.0, 1.0, 1.5], 150, seed=69)
    fitted = calibration_fit.fit(labels, needs=ALL_STEPS, members={"00": ["00.1", "00.2"]})
    by_name = {one.division: one for one in fitted.divisions}

    assert by_name["00"].offset < -0.6 < 0.4 < by_name["05"].offset
    assert by_name["00"].codes == ("00.1", "00.2")
    assert by_name["00"].labels == 150


def test_fit__offsets_are_shrunken_more_where_labels_are_few() -> None:
    labels = divided([-1.5, -1.0, 0.0, 0.0, 1.0, 1.5], 150, seed=69)
    few = np.flatnonzero((labels.division != "00") | (np.arange(len(labels)) < 15))
    whole, shortened = (
        {one.division: one.offset for one in calibration_fit.fit(one, needs=ALL_STEPS).divisions}
        for one in (labels, labels[few])
    )

    assert abs(shortened["00"]) < abs(whole["00"])


def test_fit__divisions_that_differ_by_chance_get_next_to_nothing() -> None:
    sizes = []
    for seed in range(70, 80):
        fitted = calibration_fit.fit(divided([0.0] * 40, 20, seed=seed), needs=ALL_STEPS)
        sizes.append(np.mean([abs(one.offset) for one in fitted.divisions]) if fitted.divisions else 0.0)

    assert np.mean(sizes) < 0.1


def test_loss__is_least_for_the_true_chances() -> None:
    labels = POPULATION.audit(2000, np.random.default_rng(81))
    fitted = calibration_fit.fit(labels, needs=TEMPERATURE_ONLY)

    own, calibrated = (calibration_fit.loss(labels, labels.confidence(one)) for one in (NONE, fitted))
    assert calibrated < own
