"""How far a long run has come."""

from __future__ import annotations

from collections.abc import Callable


class Meter:
    def __init__(self, total: int, on_progress: Callable[[int, int], None]) -> None:
        self._done = 0
        self._total = total
        self._on_progress = on_progress

    def step(self, number: int = 1) -> None:
        self._done += number
        self._on_progress(self._done, self._total)
