"""A model as it travels to the processes that score with it."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Protocol

from annotation.domain.text import Normaliser
from sampling.scorer import Scorer

_KEPT = 2  # champion and challenger
_lock = threading.Lock()


class PortableModel(Protocol):
    """A model version that any process, on any machine, can open. Small, picklable, hashable.

    ``version`` is ``name/number``; of two models with one ``digest`` each scores as the other. ``variables`` are the
    auxiliary variables that it reads, in its order.
    """

    def __hash__(self) -> int: ...

    @property
    def version(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def variables(self) -> tuple[str, ...]: ...

    def open(self) -> tuple[Scorer, Normaliser]:
        """What scores, and what makes the lines that it reads. Slow, and large in memory: see ``opened``."""
        ...


def opened(model: PortableModel) -> tuple[Scorer, Normaliser]:
    """The model, opened once in this process however many threads ask; the last two stay open."""
    with _lock:  # lru_cache alone lets two threads open the same model at once
        return _open(model)


@lru_cache(_KEPT)
def _open(model: PortableModel) -> tuple[Scorer, Normaliser]:
    return model.open()
