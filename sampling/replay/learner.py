"""What a replay trains again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sampling.scorer import Scorer


class Learner(Protocol):
    """Crosses to other processes, so it can be pickled; ``repr`` tells everything on which its models depend."""

    def fit(self, lines: Sequence[str], codes: Sequence[str], seed: int) -> Scorer:
        """A model of these lines and no others; the same lines, codes and seed give the same model."""
        ...
