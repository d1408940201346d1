from __future__ import annotations

import numpy as np

from annotation.quality import coder_drift


def watched(right: np.ndarray) -> coder_drift.Drift:
    return coder_drift.watch(right.tolist())


def test_watch__without_answers_nothing_speaks() -> None:
    found = coder_drift.watch([])

    assert (found.answers, found.p_value, found.alarm) == (0, 1.0, False)


def test_watch__who_is_as_good_as_ever_rarely_rings() -> None:
    random = np.random.default_rng(3)
    false = [watched(random.random(100) < accuracy).alarm for accuracy in (0.95, 0.8, 0.6) for _ in range(200)]

    assert np.mean(false) < 0.05


def test_watch__who_becomes_worse_rings_after_the_change() -> None:
    random = np.random.default_rng(4)
    found = []
    for _ in range(50):
        right = np.concatenate([random.random(60) < 0.95, random.random(60) < 0.55])
        found.append(watched(right))

    assert np.mean([one.alarm for one in found]) > 0.8
    assert all(one.rang_at > 60 for one in found if one.rang_at is not None)


def test_watch__who_becomes_better_does_not_ring() -> None:
    right = np.array([False] * 15 + [True] * 60)

    assert not watched(right).alarm
