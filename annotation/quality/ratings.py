"""What several coders said of the same texts, in numbers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.errors import InvalidInputError
from annotation.quality.samples import Floats

Ints = npt.NDArray[np.int64]

_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Ratings:
    """Arrays (r,) run in parallel, one entry per rating, sorted by unit; a coder rates a unit once.

    Units, coders and codes are numbered from 0.
    """

    unit: Ints
    coder: Ints
    code: Ints
    units: int
    coders: int
    codes: int

    @property
    def of_unit(self) -> Floats:
        """The number of ratings of each unit, (units,)."""
        return np.bincount(self.unit, minlength=self.units).astype(float)

    def paired(self) -> Ratings:
        """Without the units that have a single rating; the others are numbered anew."""
        kept = self.of_unit >= _LEAST
        number = np.cumsum(kept) - 1
        rows = kept[self.unit]
        return Ratings(
            number[self.unit[rows]], self.coder[rows], self.code[rows], int(kept.sum()), self.coders, self.codes
        )

    def recoded(self, other: Sequence[int]) -> Ratings:
        """The same with another number for each code, (codes,)."""
        numbers = np.asarray(other, dtype=np.int64)
        return Ratings(
            self.unit, self.coder, numbers[self.code], self.units, self.coders, int(numbers.max(initial=-1)) + 1
        )


@dataclass(frozen=True, slots=True)
class Cells:
    """How often each code was given to each unit, where it was at all; arrays (c,) run in parallel."""

    unit: Ints
    code: Ints
    count: Floats


def number(
    units: Sequence[Hashable], coders: Sequence[Hashable], codes: Sequence[Hashable]
) -> tuple[Ratings, list[Hashable]]:
    """The ratings, and the codes in the order of their numbers; a coder's last word on a unit counts."""
    if not len(units) == len(coders) == len(codes):
        raise InvalidInputError(f"{len(units)} texts, {len(coders)} coders and {len(codes)} codes are no table.")
    unit, known_units = _numbered(units)
    coder, known_coders = _numbered(coders)
    code, known_codes = _numbered(codes)
    seat = unit * max(1, len(known_coders)) + coder
    # The first of the reversed is the last one said.
    last = len(seat) - 1 - np.unique(seat[::-1], return_index=True)[1]
    ratings = Ratings(unit[last], coder[last], code[last], len(known_units), len(known_coders), len(known_codes))
    return ratings, known_codes


def cells(ratings: Ratings) -> Cells:
    place, count = np.unique(ratings.unit * max(1, ratings.codes) + ratings.code, return_counts=True)
    unit, code = np.divmod(place, max(1, ratings.codes))
    return Cells(unit, code, count.astype(float))


def _numbered(values: Sequence[Hashable]) -> tuple[Ints, list[Hashable]]:
    known: dict[Hashable, int] = {}
    numbers = np.fromiter((known.setdefault(one, len(known)) for one in values), dtype=np.int64, count=len(values))
    return numbers, list(known)
