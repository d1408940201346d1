"""Worked examples against the R package survey and against samplics."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from annotation.quality import accuracy
from annotation.quality.samples import InvalidSampleError

SIZES = {"a": 40, "b": 25, "c": 8}
DRAWN = {"a": 6, "b": 5, "c": 4}
STRATUM = [name for name, n in DRAWN.items() for _ in range(n)]
CHANCE = np.array([DRAWN[name] / SIZES[name] for name in STRATUM])
RIGHT = np.array([1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0], dtype=float)
INSIDE = np.array([1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1], dtype=float)
DECLARED = np.array([1, 2, 1, 5, 1, 1, 3, 1, 1, 2, 1, 1, 4, 1, 1], dtype=float)
FORESEEN = np.array([0.9, 0.4, 0.8, 0.7, 0.3, 0.95, 0.9, 0.8, 0.5, 0.85, 0.9, 0.95, 0.99, 0.9, 0.6])
DESIGN = {"inclusion_probability": CHANCE, "population_size": SIZES, "stratum": STRATUM}


def test_estimate__stratified_as_in_r() -> None:
    """survey 4.1: ``s <- svydesign(ids=~1, strata=~stratum, fpc=~N, data=d); svymean(~right, s)``."""
    found = accuracy.estimate(RIGHT, **DESIGN)

    assert (found.value, found.standard_error) == pytest.approx((0.7214611872, 0.1243820865))
    assert found.method == "stratified"


def test_estimate__difference_as_in_r() -> None:
    """survey 4.1: the population's mean of the proxy, 0.78, plus ``svymean(~I(right - foreseen), s)``."""
    found = accuracy.estimate(RIGHT, proxy=FORESEEN, proxy_total=0.78 * 73, **DESIGN)

    assert (found.value, found.standard_error) == pytest.approx((0.76680365297, 0.07109968815))
    assert found.method == "difference"


def test_weighted__domain_as_in_r() -> None:
    """survey 4.1: ``svymean(~right, subset(s, inside == 1))``."""
    found = accuracy.weighted(RIGHT, weight=INSIDE, **DESIGN)

    assert (found.value, found.standard_error, found.n) == pytest.approx((0.7132867133, 0.1521455895, 10))


def test_weighted__declarations_as_in_r() -> None:
    """survey 4.1: ``svyratio(~I(right * declared), ~declared, s)``."""
    found = accuracy.weighted(RIGHT, weight=DECLARED, **DESIGN)

    assert (found.value, found.standard_error) == pytest.approx((0.7879581152, 0.1185974810))


def test_estimate__unequal_chances_near_r() -> None:
    """survey 4.1 with ``pps="brewer"``: 0.0890678, another approximation of the same variance."""
    chance = [0.8, 0.5, 0.5, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.05]
    found = accuracy.estimate([0, 1, 0, 1, 1, 1, 0, 1, 1, 1], chance, population_size=60)

    assert found.value == pytest.approx(0.86675639300)
    assert found.standard_error == pytest.approx(0.08906783682, rel=0.01)
    assert found.method == "hajek"


def test_estimate__as_in_samplics() -> None:
    with warnings.catch_warnings():
        # It says at import that it has a successor.
        warnings.filterwarnings("ignore", message="samplics is archived", category=FutureWarning)
        from samplics.estimation import TaylorEstimator
        from samplics.utils.types import PopParam
    oracle = TaylorEstimator(PopParam.mean)
    left = {name: 1 - n / SIZES[name] for name, n in DRAWN.items()}
    oracle.estimate(y=RIGHT, samp_weight=1 / CHANCE, stratum=np.array(STRATUM), psu=np.arange(15), fpc=left)
    found = accuracy.estimate(RIGHT, **DESIGN)

    assert (found.value, found.standard_error) == pytest.approx((oracle.point_est, oracle.stderror))


def test_estimate__horvitz_thompson_where_weights_sum_to_the_population() -> None:
    found = accuracy.estimate([1, 0, 1, 1], [0.1] * 4, population_size=40)

    assert (found.value, found.method) == (0.75, "horvitz-thompson")


def test_estimate__totals_by_stratum_or_as_a_number() -> None:
    by_stratum = {"a": 30.0, "b": 20.0, "c": 6.94}
    one, other = (
        accuracy.estimate(RIGHT, proxy=FORESEEN, proxy_total=total, **DESIGN) for total in (by_stratum, 56.94)
    )

    assert one == other


def test_estimate__a_stratum_without_answers_is_taken_to_be_like_the_next() -> None:
    """Of a and b together, 65 texts, half of b's answers are right; c is all right."""
    found = accuracy.estimate([1, 0, 1], [0.1, 0.1, 0.1], population_size=SIZES, stratum=["b", "b", "c"])

    assert found.value == pytest.approx((65 * 0.5 + 8) / 73)


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_estimate__one_text_leaves_nearly_everything_open(right: float) -> None:
    found = accuracy.estimate([right], [0.01], population_size=100, proxy=[0.9], proxy_total=85.0)

    assert found.n == 1
    assert found.high - found.low > 0.9


def test_estimate__stays_within_0_and_1_where_the_proxy_was_wrong() -> None:
    found = accuracy.estimate([1] * 20, [0.2] * 20, population_size=100, proxy=[0.5] * 20, proxy_total=90.0)

    assert found.value == 1
    assert 0.8 < found.low < found.high == 1


def test_estimate__no_error_among_few_texts_is_no_proof_however_sure_the_proxy() -> None:
    found = accuracy.estimate([1] * 50, [0.01] * 50, population_size=5000, proxy=[0.999] * 50, proxy_total=4995.0)

    assert 0.9 < found.low < 0.96


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"population_size": 2}, "has 2 texts, but 3 were observed"),
        ({"population_size": {"a": 2, "b": 9}, "stratum": ["a", "a", "a"]}, "'a' has 2 texts"),
        ({"population_size": {"a": 9}, "stratum": ["a", "a", "x"]}, "stratum 'x' is not given"),
        ({"population_size": {"a": 9}}, "without the texts' strata"),
        ({"population_size": 9, "proxy": [0.5], "proxy_total": 3}, "proxy has the shape"),
        ({"population_size": 9, "proxy": [0.5, 1.5, 0.5], "proxy_total": 3}, "outside"),
    ],
)
def test_estimate__refuses_what_cannot_be(given: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidSampleError, match=told):
        accuracy.estimate([1, 0, 1], [0.5] * 3, **given)  # type: ignore[arg-type]


def test_estimate__a_census_that_was_not_answered_is_none() -> None:
    with pytest.raises(InvalidSampleError, match="but only 3 were"):
        accuracy.estimate([1, 0, 1], [1.0] * 3, population_size=9)


def test_weighted__refuses_an_empty_domain() -> None:
    with pytest.raises(InvalidSampleError, match="weights"):
        accuracy.weighted([1, 0], [0.5, 0.5], weight=[0, 0], population_size=4)
