from __future__ import annotations

import threading

from annotation.api.precomputed import Precomputed
from annotation.errors import UnreachableError


def test_get__a_quick_value_is_there_at_once_and_kept() -> None:
    kept, calls = Precomputed[int](patience=5), []

    def compute() -> int:
        calls.append(1)
        return 7

    assert kept.get("a", 1, compute).value == 7
    assert kept.get("a", 1, compute).fresh
    assert len(calls) == 1


def test_get__a_slow_value_comes_later_and_the_former_stays_meanwhile() -> None:
    kept, go_on = Precomputed[int](patience=0.01), threading.Event()

    def slow() -> int:
        go_on.wait(5)
        return 2

    assert kept.get("a", 1, lambda: 1, patience=5).value == 1
    waiting = kept.get("a", 2, slow)
    go_on.set()
    done = kept.get("a", 2, slow, patience=5)

    assert (waiting.value, waiting.fresh) == (1, False)
    assert (done.value, done.fresh) == (2, True)


def test_get__what_failed_is_told_and_tried_again() -> None:
    kept = Precomputed[int](patience=5)

    def fail() -> int:
        raise UnreachableError("The storage is away.")

    assert isinstance(kept.get("a", 1, fail).trouble, UnreachableError)
    assert kept.get("a", 1, lambda: 3).value == 3


def test_get__keeps_the_last_ones_only() -> None:
    kept = Precomputed[int](patience=5, most=2)
    for name in ("a", "b", "c"):
        kept.get(name, 1, lambda: 1)
    calls: list[int] = []

    kept.get("a", 1, lambda: calls.append(1) or 1)

    assert calls == [1]
