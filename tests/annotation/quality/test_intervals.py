from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from annotation.quality import intervals


@pytest.mark.parametrize(("seen", "n"), [(3, 10), (29, 30), (97, 100)])
def test_mid_p__leaves_half_of_what_was_seen_in_each_tail(seen: int, n: int) -> None:
    low, high = intervals.mid_p(seen / n, n, 0.95)

    assert stats.binom.sf(seen, n, low) + stats.binom.pmf(seen, n, low) / 2 == pytest.approx(0.025, abs=1e-6)
    assert stats.binom.cdf(seen, n, high) - stats.binom.pmf(seen, n, high) / 2 == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize("n", [30, 50, 300])
def test_mid_p__holds_near_one(n: int) -> None:
    """Exactly, over all outcomes."""
    seen, truths = np.arange(n + 1), np.linspace(0.9, 0.995, 39)
    ends = np.array([intervals.mid_p(x / n, n, 0.95) for x in seen])
    held = [stats.binom.pmf(seen, n, p)[(ends[:, 0] <= p) & (p <= ends[:, 1])].sum() for p in truths]

    assert min(held) > 0.915
    assert np.mean(held) > 0.945


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_mid_p__holds_the_share_and_says_all_where_all_was_seen(share: float) -> None:
    low, high = intervals.mid_p(share, 12.5, 0.95)

    assert 0 <= low <= share <= high <= 1
    assert low < high
    assert intervals.mid_p(share, float("inf"), 0.95) == (share, share)
