from __future__ import annotations

import numpy as np
import pytest

from sampling.drift import repeats
from sampling.drift.repeats import Split


def flow(random: np.random.Generator, *, together: bool, wordings: int = 600, share: float = 0.3) -> Split:
    """Wordings of one to twenty declarations, dealt into two windows one by one or as a whole."""
    total = random.geometric(0.4, wordings).clip(max=20)
    after = total * (random.random(wordings) < share) if together else random.binomial(total, share)
    return Split(total - after, after, np.arange(wordings))


@pytest.mark.parametrize(("together", "low", "high"), [(True, 0.97, 1.0), (False, 0.0, 0.08)])
def test_together__tells_independent_repeats_from_those_that_move_as_one(
    together: bool, low: float, high: float
) -> None:
    found = [flow(np.random.default_rng(seed), together=together).together for seed in range(20)]

    assert low <= np.mean(found) <= high


def test_together__a_new_vocabulary_is_not_taken_for_repeats() -> None:
    """A quarter of the current declarations are of forty wordings that nobody wrote before."""
    known = flow(np.random.default_rng(1), together=False, wordings=2000)
    new = np.full(40, known.after.sum() // 120)
    both = Split(
        np.append(known.before, np.zeros(40, dtype=int)), np.append(known.after, new), np.arange(len(new) + 2000)
    )

    assert both.together < 0.1


@pytest.mark.parametrize("together", [True, False])
def test_mean__false_alarms_stay_at_their_level_with_repeats(together: bool) -> None:
    """A value that belongs to the wording: what five copies say is said once, if they move as one."""
    alarms = 0
    for seed in range(400):
        random = np.random.default_rng([2, seed])
        split = flow(random, together=together)
        values = random.exponential(size=len(split.before))
        found = repeats.mean(values, split, random=random, replicates=199, together=split.together)
        alarms += found.p_value <= 0.05

    assert alarms <= 33  # the 99 % bound of a binomial law with 400 trials at 0.05


def test_mean__a_move_is_seen_and_its_interval_holds_it() -> None:
    random = np.random.default_rng(3)
    split = flow(random, together=False, wordings=3000)
    values = random.normal(size=3000) + 0.3 * (split.after > split.before)
    found = repeats.mean(values, split, random=random, replicates=199, together=split.together)

    assert found.p_value < 0.001
    assert found.low < found.after - found.before < found.high


def test_deal__has_the_mean_and_the_spread_of_the_model() -> None:
    split = Split(np.array([0, 10, 5, 5]), np.array([20, 0, 5, 5]), np.array([0, 1, 2, 2]))
    dealt = repeats.deal(
        split, np.array([0, 0, 0, 1]), 2, random=np.random.default_rng(4), replicates=40_000, together=0.5
    )
    share, spread = 0.6, 0.24

    assert dealt.mean(axis=0) == pytest.approx([40 * share, 10 * share], rel=0.01)
    assert dealt[:, 0].var() == pytest.approx(spread * (0.5 * 40 + 0.5 * (400 + 100 + 100)), rel=0.03)
    # The two texts of one wording fall together.
    assert np.cov(dealt.T)[0, 1] == pytest.approx(spread * 0.5 * 100, rel=0.1)


def test_deal__texts_that_arrive_one_by_one() -> None:
    split = Split(np.array([6, 4]), np.array([4, 6]), np.array([0, 1]))
    dealt = repeats.deal(split, np.array([0, 1]), 2, random=np.random.default_rng(5), replicates=20_000, together=0.0)

    assert dealt.var(axis=0) == pytest.approx([2.5, 2.5], rel=0.05)


def test_tail__counts_and_goes_on_beyond_the_replicates() -> None:
    null = np.random.default_rng(6).gamma(20, size=999)

    assert repeats.tail(float(np.median(null)), null) == pytest.approx(0.5, abs=0.01)
    assert repeats.tail(60.0, null) < 1e-6
    assert repeats.tail(0.0, np.zeros(99)) == 1.0


def test_mean__an_empty_window_says_nothing() -> None:
    split = Split(np.array([3, 4]), np.array([0, 0]), np.array([0, 1]))

    assert (
        repeats.mean(np.ones(2), split, random=np.random.default_rng(7), replicates=99, together=split.together).p_value
        == 1.0
    )
