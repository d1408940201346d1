from __future__ import annotations

import math

import numpy as np
import pytest

from annotation.quality import gold


def test_share__without_answers_there_is_none() -> None:
    assert gold.share(0, 0) is None


def test_share__has_the_interval_of_a_share() -> None:
    found = gold.share(18, 20)

    assert found is not None
    assert found.value == 0.9
    assert found.low < 0.72
    assert found.high > 0.98


@pytest.mark.parametrize(("right", "n"), [(0, 0), (1, 1), (20, 20)])
def test_upper_bound__nothing_speaks_against_who_never_erred(right: int, n: int) -> None:
    assert gold.upper_bound(right, n, alpha=0.05) == 1.0


def test_upper_bound__is_the_accuracy_at_which_the_bet_has_won() -> None:
    """The bet's wealth is the beta function of the counts over the chance of the answers (Robbins 1970)."""
    right, n = 6, 20
    bound = gold.upper_bound(right, n, alpha=0.05)
    spread = math.gamma(right + 1) * math.gamma(n - right + 1) / math.gamma(n + 2)

    assert spread / (bound**right * (1 - bound) ** (n - right)) == pytest.approx(20, rel=1e-4)
    assert right / n < bound < 0.7


def test_upper_bound__is_rarely_ever_below_the_truth_however_often_one_looks() -> None:
    random = np.random.default_rng(1)
    misses = 0
    for _ in range(150):
        seen = np.cumsum(random.random(120) < 0.8)
        misses += any(gold.upper_bound(int(seen[n - 1]), n, alpha=0.05) < 0.8 for n in range(10, 121, 10))

    assert misses / 150 < 0.05


def test_prior__coders_who_differ_are_shrunken_less_than_coders_alike() -> None:
    alike = gold.prior({f"C{i}": (16 + i % 2, 20) for i in range(8)})
    apart = gold.prior({f"C{i}": (10 if i % 2 else 20, 20) for i in range(8)})

    assert abs(alike.shrunken(5, 10) - alike.mean) < abs(apart.shrunken(5, 10) - apart.mean)


def test_prior__one_coder_alone_is_like_nobody_known() -> None:
    found = gold.prior({"C1": (1, 10)})

    assert found.shrunken(1, 10) == pytest.approx(found.mean, abs=0.01)


def test_weight__usual_coders_count_one_better_ones_more_bad_ones_little() -> None:
    assert gold.weight(0.8, usual=0.8) == 1.0
    assert gold.weight(0.95, usual=0.8) > 1.3
    assert gold.weight(0.1, usual=0.8) == gold.LEAST_WEIGHT
