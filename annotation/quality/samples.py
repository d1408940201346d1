"""What was observed of a population, how it came to be drawn, and what is known of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.errors import InvalidInputError

Floats = npt.NDArray[np.float64]
Size = float | Mapping[str, float]

_ROUNDING = 1e-6


class InvalidSampleError(InvalidInputError, ValueError):
    """Observations from which nothing can be estimated."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The design of n observed texts; arrays (n,) run in parallel.

    ``stratum`` numbers the strata from 0. ``sizes`` (strata,) are their texts in the population, None where only the
    whole ``population`` is known. A text with probability 1 was taken for certain and adds no variance.
    """

    probability: Floats
    stratum: npt.NDArray[np.intp]
    sizes: Floats | None
    population: float

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def strata(self) -> int:
        return int(self.stratum.max()) + 1

    @property
    def is_census(self) -> bool:
        return bool(np.all(self.probability == 1))

    @property
    def weights(self) -> Floats:
        """What each text stands for, summing to the size of its stratum where that is known."""
        weights: Floats = 1 / self.probability
        if self.sizes is None:
            return weights
        drawn = np.bincount(self.stratum, weights, len(self.sizes))
        return weights * (self.sizes / drawn)[self.stratum]


def sample(
    inclusion_probability: npt.ArrayLike,
    *,
    population_size: Size,
    stratum: Sequence[str] | npt.NDArray[np.object_] | None = None,
) -> Sample:
    """Check and number what was observed; InvalidSampleError where it cannot be.

    A stratum of the population in which nothing was observed joins the next one that is named and was (or, at the end,
    the one before), as if its texts were like those.
    """
    probability = np.asarray(inclusion_probability, dtype=float)
    if probability.ndim != 1 or not len(probability):
        raise InvalidSampleError("There is no observed text to estimate from.", cure="Wait for the coders' answers.")
    if not np.all((probability > 0) & (probability <= 1)):
        raise InvalidSampleError("An inclusion probability lies outside (0, 1].")
    names = ["" for _ in probability] if stratum is None else [str(name) for name in stratum]
    if len(names) != len(probability):
        raise InvalidSampleError(f"{len(names)} strata do not fit {len(probability)} inclusion probabilities.")
    if isinstance(population_size, Mapping):
        return _sized(probability, names, {str(h): float(size) for h, size in population_size.items()}, stratum is None)
    _refuse_impossible("The population", float(population_size), probability)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return Sample(probability, np.array([numbers[n] for n in names], dtype=np.intp), None, float(population_size))


def _sized(probability: Floats, names: list[str], sizes: dict[str, float], unnamed: bool) -> Sample:
    if unnamed:
        raise InvalidSampleError("Sizes by stratum were given without the texts' strata.", cure="Give stratum= too.")
    if unknown := sorted(set(names) - set(sizes)):
        raise InvalidSampleError(f"The size of the stratum {unknown[0]!r} is not given.")
    labels = np.array(names, dtype=object)
    for name in set(names):
        _refuse_impossible(f"The stratum {name!r}", sizes[name], probability[labels == name])
    number, joined = _joined(sizes, set(names))
    stratum = np.array([number[name] for name in names], dtype=np.intp)
    # The chance of standing for the texts that joined, too.
    own = np.array([sizes[name] for name in names]) / joined[stratum]
    return Sample(probability * own, stratum, joined, float(joined.sum()))


def _joined(sizes: Mapping[str, float], observed: set[str]) -> tuple[dict[str, int], Floats]:
    """The number of each observed stratum, and the sizes with those of the others added to their neighbours'."""
    number: dict[str, int] = {}
    joined: list[float] = []
    waiting = 0.0
    for name, size in sizes.items():
        waiting += size
        if name in observed:
            number[name] = len(joined)
            joined.append(waiting)
            waiting = 0.0
    joined[-1] += waiting
    return number, np.array(joined)


def _refuse_impossible(what: str, size: float, probability: Floats) -> None:
    n = len(probability)
    if not size > 0 or size < n * (1 - _ROUNDING):
        raise InvalidSampleError(f"{what} has {size:g} texts, but {n} were observed.")
    if np.all(probability == 1) and size > n * (1 + _ROUNDING):
        raise InvalidSampleError(
            f"{what} has {size:g} texts, each to be observed with probability 1, but only {n} were.",
            cure="Where answers are missing, multiply the probabilities by the share that was answered.",
        )


def total(size: Size) -> float:
    return float(sum(size.values()) if isinstance(size, Mapping) else size)
