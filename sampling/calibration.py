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

    1. *Temperature* (Guo et al. 2017): log-odds are divided by ``temperature`` and moved by ``offset`` (slope and
       intercept of Cox 1958). They are those of the first code against all the rest, log(p1 / (1 - p1)), and for the
       share ``rival`` those against the second, log(p1 / p2): both can be had from what a ledger keeps, the first codes
       alone, and hold under the loss ``ova`` too, whose probabilities do not sum to 1. Between two codes they are the
       same, and this is the softmax's own temperature; above 1 it tells of a model that is too sure of itself.
    2. *Isotonic*: a rising curve of the margin through ``margins`` and ``levels``, straight in between and level
       beyond, which counts for the share ``isotonic_share``; the first step keeps the rest.
    3. *Divisions*: an offset of the log-odds by the division of the first code.
    """

    temperature: float = 1.0
    rival: float = 0.0
    offset: float = 0.0
    isotonic_share: float = 0.0
    margins: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    divisions: tuple[DivisionOffset, ...] = ()

    @property
    def applied(self) -> tuple[str, ...]:
        """The steps that change something, in their order; none for the model's own probability."""
        steps = {
            "temperature": (self.temperature, self.rival, self.offset) != (1.0, 0.0, 0.0),
            "isotonic": self.isotonic_share > 0,
            "divisions": bool(self.divisions),
        }
        return tuple(name for name, there in steps.items() if there)

    def confidence(self, probability: npt.ArrayLike, margin: npt.ArrayLike, code: Sequence[str | None]) -> Floats:
        """The chance (n,) that the first code is right, from its probability (n,), the margin (n,) and the code (n,).

        0 where there is no code: what a model cannot code, it does not code right.
        """
        coded = np.array([one is not None for one in code], dtype=bool)
        p1, apart = np.asarray(probability, dtype=float), np.asarray(margin, dtype=float)
        sure = np.clip(p1, 0.0, 1.0)
        if "temperature" in self.applied:
            odds = (1 - self.rival) * log_odds(p1) + self.rival * rival_odds(p1, apart)
            sure = _chance(odds / self.temperature + self.offset)
        if self.isotonic_share:
            curve = np.interp(apart, self.margins, self.levels)
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
            rival=document["rival"],
            offset=document["offset"],
            isotonic_share=document["isotonic_share"],
            margins=tuple(document["margins"]),
            levels=tuple(document["levels"]),
            divisions=divisions,
        )


NONE: Final = Calibration()


def log_odds(probability: Floats) -> Floats:
    """Of the first code against all the rest, from its probability (n,)."""
    inside = np.clip(probability, _NEAREST, 1 - _NEAREST)
    odds: Floats = np.log(inside) - np.log1p(-inside)
    return odds


def rival_odds(probability: Floats, margin: Floats) -> Floats:
    """Of the first code against the second, from p1 (n,) and p1 - p2 (n,)."""
    odds: Floats = np.log(np.maximum(probability, _NEAREST)) - np.log(np.maximum(probability - margin, _NEAREST))
    return odds


def _chance(odds: Floats) -> Floats:
    # Written so that neither end overflows.
    chance: Floats = np.exp(-np.logaddexp(0.0, -odds))
    return chance
