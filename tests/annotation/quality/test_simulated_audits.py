"""Draws repeated on real texts that a real model scored; the full figures are those of tests.benchmarks.estimation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts import scored, simulated_audits
from tests.parts.scored import Scored
from tests.parts.simulated_audits import Design, Held

pytestmark = pytest.mark.real_data
DRAWS = 300


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> Scored:
    return scored.score(shared_data, "banking77", trained_on=3100)


def held(design: Design, texts: Scored) -> Held:
    return simulated_audits.repeat(design.difference, float(texts.right.mean()), draws=DRAWS, seed=31)


def test_audit__takes_little_more_than_half_of_the_labels_of_a_simple_random_sample(texts: Scored) -> None:
    truth = float(texts.right.mean())
    simple = simulated_audits.repeat(simulated_audits.simple(texts, 300), truth, draws=DRAWS, seed=30)
    audit = held(Design(texts, audit=165), texts)

    assert 0.82 < truth < 0.88
    assert audit.width < 1.03 * simple.width
    assert 0.915 <= audit.cover <= 0.98
    assert abs(audit.bias) < 0.005


def test_all_labels__estimate_without_bias_and_closer_than_the_audit_alone(texts: Scored) -> None:
    both = Design(texts, audit=100, uncertain=200)
    found, alone = held(both, texts), held(Design(texts, audit=100), texts)

    assert abs(found.bias) < 0.005
    assert 0.915 <= found.cover <= 0.98
    assert found.width < 0.9 * alone.width
