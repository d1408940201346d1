from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sampling import uncertainty

ROWS = [[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [1.0, 0.0, 0.0]]


def test_least_confidence__one_minus_the_first_probability() -> None:
    assert uncertainty.least_confidence([0.75, 1.0]).tolist() == [0.25, 0.0]


def test_breaking_ties__one_minus_the_margin() -> None:
    assert uncertainty.breaking_ties(uncertainty.margin(ROWS)) == pytest.approx([0.5, 0.95, 0.0])


def test_margin__of_rows_in_any_order_and_of_one_code() -> None:
    assert uncertainty.margin([[0.2, 0.7, 0.1]]) == pytest.approx([0.5])
    assert uncertainty.margin([[0.9]]).tolist() == [0.9]


def test_entropy__in_nats_and_zero_where_one_code_is_certain() -> None:
    assert uncertainty.entropy([[0.5, 0.5], [1.0, 0.0]]) == pytest.approx([np.log(2), 0.0])


@given(arrays.arrays(float, (5, 4), elements=st.floats(0.01, 1)))
def test_scores__do_not_depend_on_the_order_of_codes(given_weights: np.ndarray) -> None:
    shares = given_weights / given_weights.sum(axis=1, keepdims=True)
    turned = shares[:, ::-1]

    assert uncertainty.margin(turned) == pytest.approx(uncertainty.margin(shares))
    assert uncertainty.entropy(turned) == pytest.approx(uncertainty.entropy(shares))
    assert (uncertainty.entropy(shares) <= np.log(4) + 1e-9).all()
