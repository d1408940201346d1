"""How a history is played."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.errors import InvalidInputError

Rows = npt.NDArray[np.intp]

_SPLITTING, _STARTING = 0, 1


@dataclass(frozen=True, slots=True)
class Plan:
    """``initial``, ``batch`` and ``until`` are shares of the texts that are left to learn from.

    ``evaluation`` is the share of all texts set apart to measure on.
    """

    initial: float = 0.06
    batch: float = 0.06
    until: float = 0.6
    evaluation: float = 0.2

    def __post_init__(self) -> None:
        if not (0 < self.initial < self.until <= 1 and self.batch > 0):
            raise InvalidInputError(
                f"A replay cannot go from {self.initial:g} by {self.batch:g} until {self.until:g}.",
                cure="Give shares between 0 and 1, --initial below --until.",
            )
        if not 0 < self.evaluation < 1:
            raise InvalidInputError(f"The evaluation share is {self.evaluation:g}.", cure="Take 0.2, say.")

    def marks(self, texts: int) -> tuple[int, ...]:
        """Numbers of labels at which a model is trained and measured, rising, out of ``texts`` to learn from."""
        steps = int((self.until - self.initial) / self.batch + 1e-9)
        shares = [self.initial + step * self.batch for step in range(steps + 1)]
        if self.until - shares[-1] > self.batch / 10:
            shares.append(self.until)
        marks = tuple(round(share * texts) for share in shares)
        if len(marks) < 3 or marks[0] < 2 or any(b <= a for a, b in itertools.pairwise(marks)):
            raise InvalidInputError(
                f"{texts} texts give the steps {', '.join(map(str, marks))}: too few to compare strategies.",
                cure="Take a smaller --batch or a larger --until, or bring more texts.",
            )
        return marks

    def split(self, texts: int, seed: int) -> tuple[Rows, Rows]:
        """Rows to measure on and rows to learn from: the same for all strategies of a seed."""
        order = np.random.default_rng([seed, _SPLITTING]).permutation(texts)
        size = max(1, round(texts * self.evaluation))
        return np.sort(order[:size]), np.sort(order[size:])

    def start(self, learnable: Rows, seed: int) -> Rows:
        """The rows that are labelled beforehand: the same for all strategies of a seed."""
        size = self.marks(len(learnable))[0]
        return np.random.default_rng([seed, _STARTING]).permutation(learnable)[:size]
