"""Figures that take longer than a page may: computed beside it, and shown as they last were until they are there."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

Value = TypeVar("Value")

PATIENCE_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Shown(Generic[Value]):
    """``value`` is None before the first one; ``fresh`` unless a newer one is being computed.

    ``trouble`` is why the last attempt failed.
    """

    value: Value | None
    fresh: bool
    trouble: Exception | None = None


class Precomputed(Generic[Value]):
    """Keeps the last value of each name; one thread at a time computes a name's next one."""

    def __init__(self, *, patience: float = PATIENCE_SECONDS, most: int = 16) -> None:
        self._patience = patience
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, tuple[Hashable, Shown[Value]]] = OrderedDict()
        self._running: dict[Hashable, threading.Thread] = {}

    def get(
        self, name: Hashable, mark: Hashable, compute: Callable[[], Value], *, patience: float | None = None
    ) -> Shown[Value]:
        """The value of ``name`` as of ``mark``: it changes when there is more to compute. What failed is tried again.

        Waits a moment for it; then what was known before is given, and ``fresh`` is False.
        """
        with self._lock:
            known = self._known.get(name)
            if known is not None and known[0] == mark and known[1].trouble is None:
                self._known.move_to_end(name)
                return known[1]
            if name not in self._running:
                self._running[name] = threading.Thread(target=self._compute, args=(name, mark, compute), daemon=True)
                self._running[name].start()
            running = self._running[name]
        running.join(self._patience if patience is None else patience)
        with self._lock:
            known = self._known.get(name)
        if known is None:
            return Shown(None, fresh=False)
        return known[1] if known[0] == mark else Shown(known[1].value, fresh=False)

    def _compute(self, name: Hashable, mark: Hashable, compute: Callable[[], Value]) -> None:
        try:
            shown = Shown(compute(), fresh=True)
        except Exception as error:  # whatever it is, whoever asks for the figure gets it
            shown = Shown(None, fresh=True, trouble=error)
            structlog.get_logger().warning("a figure of a page failed", figure=str(name), error=type(error).__name__)
        with self._lock:
            self._known[name] = (mark, shown)
            self._known.move_to_end(name)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            del self._running[name]
