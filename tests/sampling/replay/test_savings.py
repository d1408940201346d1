from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sampling.replay import savings
from sampling.replay.curves import Curve, Point

LABELS = tuple(range(100, 1100, 100))


def _curve(accuracy: Callable[[float], float], macro_f1: float = 0.5) -> Curve:
    return tuple(Point(labels, accuracy(labels), macro_f1) for labels in LABELS)


def _slow(labels: float) -> float:
    return 0.1 + 0.4 * labels / 1000


def _fast(labels: float) -> float:
    return _slow(2 * labels)


def _noisy(curve: Curve, seed: int, spread: float) -> Curve:
    noise = np.random.default_rng(seed).normal(0, spread, len(curve))
    return tuple(Point(p.labels, p.accuracy + e, p.macro_f1) for p, e in zip(curve, noise, strict=True))


def test_saved__who_learns_twice_as_fast_saves_half() -> None:
    found = savings.saved([_curve(_fast)] * 3, [_curve(_slow)] * 3)

    assert found.mid == pytest.approx(0.5)
    assert found.end == pytest.approx(0.5)
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (found.mid_labels, found.mid_random) == (pytest.approx(275), pytest.approx(550))


def test_saved__random_saves_nothing() -> None:
    found = savings.saved([_curve(_slow)] * 2, [_curve(_slow)] * 2)

    assert (found.mid, found.end, found.low, found.high) == (0, 0, 0, 0)


def test_saved__who_never_gets_as_far_needs_more_labels() -> None:
    found = savings.saved([_curve(lambda labels: _slow(labels / 2))] * 2, [_curve(_slow)] * 2)

    assert found.end == pytest.approx(-1)


def test_saved__one_seed_has_no_interval() -> None:
    found = savings.saved([_curve(_fast)], [_curve(_slow)])

    assert (found.low, found.high) == (None, None)


def test_saved__the_interval_covers_what_is_really_saved() -> None:
    """Of 200 replays over 5 seeds, the 95 % interval holds the true saving in about 95 %."""
    covered = 0
    for trial in range(200):
        ours = [_noisy(_curve(_fast), 1000 * trial + seed, 0.01) for seed in range(5)]
        theirs = [_noisy(_curve(_slow), 1000 * trial + 500 + seed, 0.01) for seed in range(5)]
        found = savings.saved(ours, theirs)
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.5 <= found.high

    assert covered >= 180


def _chosen(**played: list[Curve]) -> str:
    saved = {name: savings.saved(curves, played["random"]) for name, curves in played.items()}
    return savings.choose(played, saved).strategy


def test_choose__the_strategy_that_saves_most() -> None:
    half = [_curve(lambda labels: _slow(1.5 * labels))] * 3

    assert _chosen(random=[_curve(_slow)] * 3, some=half, most=[_curve(_fast)] * 3) == "most"


def test_choose__random_where_the_gain_may_be_chance() -> None:
    random = [_noisy(_curve(_slow), seed, 0.02) for seed in range(5)]
    other = [_noisy(_curve(_slow), 50 + seed, 0.02) for seed in range(5)]

    assert _chosen(random=random, other=other) == "random"


def test_choose__random_where_rare_codes_would_suffer() -> None:
    assert _chosen(random=[_curve(_slow, 0.5)] * 3, other=[_curve(_fast, 0.4)] * 3) == "random"


def test_choose__random_where_one_falls_behind_on_the_way() -> None:
    def late(labels: float) -> float:
        return _slow(labels) - 0.05 if labels == 200 else _fast(labels)

    assert _chosen(random=[_curve(_slow)] * 3, late=[_curve(late)] * 3) == "random"


def test_choose__random_where_a_single_seed_proves_nothing() -> None:
    played = {"random": [_curve(_slow)], "other": [_curve(_fast)]}
    chosen = savings.choose(played, {name: savings.saved(one, played["random"]) for name, one in played.items()})

    assert (chosen.strategy, chosen.reason.startswith("One seed")) == ("random", True)
