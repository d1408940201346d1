"""What a strategy is: a value that scores the texts of a pool."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from sampling.pool import Pool

Floats = npt.NDArray[np.float64]


class Strategy(Protocol):
    """Says how much each text of a pool is worth asking; who is drawn is the design's affair (``sampling.design``).

    Write one of your own as a class that is made without arguments, and name it in ``draw.strategy`` as
    ``package.module:Class``. It may also have a ``reason``, as in ``Explained``.
    """

    @property
    def name(self) -> str:
        """The literature's name, such as ``margin`` or ``least_confidence``."""
        ...

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:
        """One number (n,) per row of the pool's frame; larger is asked first, and only the order counts.

        Equal scores have equal chances: constant ones are simple random sampling. NaN is no candidate. Near copies
        stand in the pool one by one; of those that are drawn as one, the largest score counts.
        """
        ...


@runtime_checkable
class Explained(Protocol):
    """A strategy that tells coders why a text is asked."""

    def reason(self, pool: Pool, row: int, language: str) -> str:
        """One sentence; ``row`` counts from 0 in the pool that was scored last."""
        ...
