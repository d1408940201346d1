"""What a model says of many lines at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Scores:
    """One row per line, in the order of the lines; arrays run in parallel.

    ``codes`` (n, k) holds strings and ``probabilities`` (n, k) float32, most probable first; k is at most the number of
    codes that the model knows. ``margin`` (n,) is p1 - p2, or p1 where the model knows one code. ``entropy`` (n,) is
    in nats over all codes. ``known`` (n,) is the share of tokens that the model has seen; where it is 0 the other
    figures say nothing of the text, and the caller marks it instead.
    """

    codes: npt.NDArray[np.object_]
    probabilities: npt.NDArray[np.float32]
    margin: npt.NDArray[np.float32]
    entropy: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.margin)


class Scorer(Protocol):
    def score(self, lines: Sequence[str], k: int = 5) -> Scores:
        """Scores of lines made by the normaliser of the same model."""
        ...
