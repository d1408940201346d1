"""What a draw chooses among: texts, near copies of one another counted as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sampling.chances import Floats, Rows


@dataclass(frozen=True, slots=True)
class Units:
    """Arrays (units,) run in parallel. ``of_text`` (texts,) is the unit of each text, None where each is its own.

    ``texts`` counts them, ``confidence`` is their mean one, and ``code`` the number of the first text's predicted code,
    -1 where it has none.
    """

    of_text: Rows | None
    texts: npt.NDArray[np.integer]
    confidence: npt.NDArray[np.float32]
    code: npt.NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.code)

    @classmethod
    def of(cls, frame: pd.DataFrame, clusters: npt.NDArray[np.integer] | None = None) -> Units:
        """The units of a pool's frame; ``clusters`` (texts,) numbers near copies alike."""
        confidence = frame["confidence"].to_numpy(dtype=np.float32)
        code = pd.factorize(frame["code"])[0].astype(np.int32)
        if clusters is not None:
            found, first, of_text = np.unique(clusters, return_index=True, return_inverse=True)
            if len(found) < len(clusters):
                texts = np.bincount(of_text)
                mean = (np.bincount(of_text, confidence) / texts).astype(np.float32)
                return cls(of_text.ravel(), texts, mean, code[first])
        return cls(None, np.broadcast_to(np.int32(1), len(code)), confidence, code)

    def best(self, scores: Floats) -> Floats:
        """The largest score (units,) of a unit's texts; NaN where none of them is a candidate."""
        if self.of_text is None:
            return scores
        best = np.full(len(self), np.nan)
        np.fmax.at(best, self.of_text, scores)
        return best

    def sums(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values (texts,) added up by unit."""
        return values if self.of_text is None else np.bincount(self.of_text, values, len(self))

    def pick(self, chosen: Rows, random: np.random.Generator) -> Rows:
        """One text at random of each chosen unit.

        Each unit's lot is its own, whatever else was chosen.
        """
        if self.of_text is None:
            return chosen
        lots = random.random(len(self))[chosen]
        order = np.argsort(self.of_text, kind="stable")
        starts = np.cumsum(self.texts) - self.texts
        return np.asarray(order[starts[chosen] + np.floor(lots * self.texts[chosen]).astype(np.intp)])
