"""Coders who are told to err at known rates, so that what they agree on in the long run is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotation.quality.ratings import Ratings


@dataclass(frozen=True, slots=True)
class World:
    """``codes`` as common as Zipf's law has them; ``accuracy`` is that of the coders on easy texts.

    A text is hard with the chance ``hard``: there a coder errs with one chance in two, mostly to the neighbouring code.
    Each coder answers a text with the chance ``answered``.
    """

    codes: int
    coders: int
    accuracy: float
    answered: float = 1.0
    hard: float = 0.25

    def draw(self, units: int, random: np.random.Generator) -> Ratings:
        truth = self._some(units, random)
        hard = random.random(units) < self.hard
        sure = self.accuracy - (1 - self.accuracy) * 0.1 * np.arange(self.coders)
        chance = np.where(hard[:, None], np.minimum(sure, 0.5), sure)
        shape = (units, self.coders)
        near = np.where(random.random(shape) < 0.7, (truth[:, None] + 1) % self.codes, self._some(shape, random))
        said = np.where(random.random(shape) < chance, truth[:, None], near)
        there = random.random(shape) < self.answered
        unit, coder = np.nonzero(there)
        used = np.unique(unit, return_inverse=True)[1]
        return Ratings(used, coder, said[there], int(used.max()) + 1, self.coders, self.codes)

    def _some(self, shape: int | tuple[int, int], random: np.random.Generator) -> np.ndarray:
        weights = 1 / np.arange(1, self.codes + 1)
        return random.choice(self.codes, shape, p=weights / weights.sum())
