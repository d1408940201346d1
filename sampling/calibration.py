"""From what a model says of itself to the chance that its first code is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Probabilities are stored with six decimals, so that 0 and 1 stand for anything nearer than this.
_NEAREST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class DivisionOffset:
    """What is added to the log-odds of predictions that fall into one division; ``labels`` are those behind it."""

    division: str
    offset: float
    labels: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The chance of being right, in three steps that each may be left out.

    1. *Temperature* (Guo et al. 2017): the log-odds of the first code against all the rest, log(p1 / (1 - p1)), are
       divided by ``temperature`` and moved by ``offset`` (the slope and intercept of Cox 1958). They are taken of p1
       alone, since only the first codes of a prediction are kept, and since under the loss ``ova`` the probabilities do
       not sum to 1. A temperature above 1 tells of a model that is too sure of itself.
    2. *Isotonic*: a rising curve of the margin through ``margins`` and ``levels``, straight in between and level
       beyond, which counts for the share ``isotonic_share``; the first step keeps the rest.
    3. *Divisions*: an offset of the log-odds by the division of the first code.
    """

    temperature: float = 1.0
    offset: float = 0.0
    isotonic_share: float = 0.0
    margins: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    divisions: tuple[DivisionOffset, ...] = ()

    @property
    def applied(self) -> tuple[str, ...]:
        """The steps that change something, in their order; none for the model's own probability."""
        steps = {
            "temperature": (self.temperature, self.offset) != (1.0, 0.0),
            "isotonic": self.isotonic_share > 0,
            "divisions": bool(self.divisions),
        }
        return tuple(name for name, there in steps.items() if there)

    def confidence(self, probability: npt.ArrayLike, margin: npt.ArrayLike, code: Sequence[str | None]) -> Floats:
        """The chance (n,) that the first code is right, from its probability (n,), the margin (n,) and the code (n,).

        0 where there is no code: what a model cannot code, it does not code right.
        """
        coded = np.array([one is not None for one in code], dtype=bool)
        p1 = np.asarray(probability, dtype=float)
        sure = np.clip(p1, 0.0, 1.0)
        if "temperature" in self.applied:
            sure = _chance(log_odds(p1) / self.temperature + self.offset)
        if self.isotonic_share:
            curve = np.interp(np.asarray(margin, dtype=float), self.margins, self.levels)
            sure = (1 - self.isotonic_share) * sure + self.isotonic_share * curve
        if self.divisions:
            offsets = {one: division.offset for division in self.divisions for one in division.codes}
            sure = _chance(log_odds(sure) + np.array([offsets.get(one or "", 0.0) for one in code]))
        return np.where(coded, sure, 0.0)

    def to_document(self) -> dict[str, Any]:
        """As JSON holds it; the same calibration gives the same document."""
        plain = asdict(self)
        return plain | {
            "margins": list(self.margins),
            "levels": list(self.levels),
            "divisions": [one | {"codes": list(one["codes"])} for one in plain["divisions"]],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Calibration:
        divisions = tuple(
            DivisionOffset(one["division"], one["offset"], one["labels"], tuple(one["codes"]))
            for one in document["divisions"]
        )
        return cls(
            temperature=document["temperature"],
            offset=document["offset"],
            isotonic_share=document["isotonic_share"],
            margins=tuple(document["margins"]),
            levels=tuple(document["levels"]),
            divisions=divisions,
        )


NONE: Final = Calibration()


def log_odds(probability: npt.ArrayLike) -> Floats:
    """Of a probability (n,) kept within reach of its six decimals."""
    inside: Floats = np.clip(np.asarray(probability, dtype=float), _NEAREST, 1 - _NEAREST)
    return np.log(inside) - np.log1p(-inside)


def _chance(odds: Floats) -> Floats:
    # Written so that neither end overflows.
    return np.exp(-np.logaddexp(0.0, -odds))
