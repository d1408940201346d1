from __future__ import annotations

import numpy as np
import pytest

from sampling.drift import concept
from sampling.drift.concept import Judged

ALPHA = 0.05
CODES = [f"c{number}" for number in range(40)]


def residuals(random: np.random.Generator, labels: int, worse_by: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    sure = random.uniform(0.5, 1, labels)
    return (random.random(labels) < sure - worse_by) - sure, random.choice([1.0, 2.0, 4.0], labels)


def judged(random: np.random.Generator, *, swapped: bool, labels: int = 600) -> Judged:
    """Two draws of one size; c0 and c1 have 4 % of the texts each, and exchange their meaning in the second."""
    shares = np.full(len(CODES), 0.92 / (len(CODES) - 2))
    shares[:2] = 0.04
    predicted = random.choice(CODES, labels, p=shares)
    sure = random.beta(9, 2, labels)
    true = [
        code if random.random() < chance else str(random.choice(CODES))
        for code, chance in zip(predicted, sure, strict=True)
    ]
    draws = [0] * (labels // 2) + [1] * (labels - labels // 2)
    meant = {"c0": "c1", "c1": "c0"} if swapped else {}
    said = [meant.get(code, code) if draw else code for code, draw in zip(true, draws, strict=True)]
    return Judged(predicted.tolist(), said, sure, [{}] * labels, np.ones(labels), draws)


def test_alarm__looked_at_after_each_label_rings_falsely_in_few_campaigns() -> None:
    rang = [
        concept.alarm(*residuals(np.random.default_rng([1, seed]), 400), alpha=ALPHA).rang_at is not None
        for seed in range(200)
    ]

    assert sum(rang) <= 0.06 * 200


def test_alarm__a_model_that_is_less_right_than_it_says_is_found() -> None:
    found = [
        concept.alarm(*residuals(np.random.default_rng([2, seed]), 400, worse_by=0.15), alpha=ALPHA)
        for seed in range(50)
    ]

    assert sum(one.rang_at is not None for one in found) >= 45
    assert np.mean([one.mean for one in found]) == pytest.approx(-0.15, abs=0.02)


def test_alarm__a_change_after_a_long_calm_is_found() -> None:
    random = np.random.default_rng(3)
    calm, weights = residuals(random, 1000)
    worse, more = residuals(random, 300, worse_by=0.25)
    found = concept.alarm(np.append(calm, worse), np.append(weights, more), alpha=ALPHA)

    assert found.rang_at is not None
    assert 1000 < found.rang_at < 1200


def test_alarm__what_came_later_changes_nothing_before() -> None:
    given, weights = residuals(np.random.default_rng(4), 200)
    part = concept.alarm(given[:120], np.append(weights[:119], 4.0), alpha=ALPHA)
    whole = concept.alarm(given, np.append(weights[:119], [4.0] * 81), alpha=ALPHA)

    assert part.evidence == pytest.approx(whole.evidence[:120])


def test_alarm__the_interval_holds_the_truth() -> None:
    held = 0
    for seed in range(60):
        given, weights = residuals(np.random.default_rng([5, seed]), 300, worse_by=0.1)
        found = concept.alarm(given, weights, alpha=ALPHA)
        held += found.low - 0.01 <= -0.1 <= found.high + 0.01

    assert held >= 57


def test_alarm__what_is_put_up_with() -> None:
    given, weights = residuals(np.random.default_rng(6), 2000, worse_by=0.04)

    assert concept.alarm(given, weights, alpha=ALPHA).rang_at is not None
    assert concept.alarm(given, weights, alpha=ALPHA, tolerance=0.06).rang_at is None


def test_alarm__no_label_no_evidence() -> None:
    assert concept.alarm(np.zeros(0), np.zeros(0), alpha=ALPHA).p_value == 1.0


def test_swaps__two_codes_that_exchange_their_meaning_are_named() -> None:
    found = [concept.swaps(judged(np.random.default_rng([7, seed]), swapped=True)) for seed in range(40)]

    assert sum(one.evidence.max() >= 1 / ALPHA for one in found) >= 36
    assert sum(one.pairs[0].codes == ("c0", "c1") for one in found) >= 38


def test_swaps__ordinary_errors_are_no_swap() -> None:
    found = [concept.swaps(judged(np.random.default_rng([8, seed]), swapped=False)) for seed in range(100)]

    assert sum(one.evidence.max(initial=0.0) >= 1 / ALPHA for one in found) <= 6


def test_swaps__a_confusion_that_was_always_there_is_no_news() -> None:
    """The coders say c1 for every other c0 in the first draw already, and the model says that it may be c1."""
    predicted = ["c0", "c2"] * 150
    labels = [("c1" if place % 4 == 0 else "c0") if code == "c0" else code for place, code in enumerate(predicted)]
    found = concept.swaps(
        Judged(predicted, labels, np.full(300, 0.5), [{"c1": 1.0}] * 300, np.ones(300), [0] * 150 + [1] * 150)
    )

    assert found.evidence.max() < 1 / ALPHA
