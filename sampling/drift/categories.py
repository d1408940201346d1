"""How far a distribution over categories moved, against what chance does to as many categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sampling.drift import detectors, flow, repeats
from sampling.drift.detectors import Limits, Shift, Tallies
from sampling.drift.repeats import Split

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distance:
    """A figure with what it stays below in 95 % of the cases when nothing drifts."""

    value: float
    chance: float
    p_value: float

    def as_dict(self) -> dict[str, float]:
        return {"value": self.value, "by_chance": self.chance, "p_value": self.p_value}


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the nomenclature; the divergence is Jensen and Shannon's, in bits."""

    level: int
    categories: int
    divergence: Distance
    stability: Distance


@dataclass(frozen=True, slots=True)
class Band:
    """A category before and after; without drift, all categories lie within ``low`` and ``high`` in 95 % of cases."""

    value: str
    before: float
    after: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Categories:
    """``p_value`` is that of the distances of all levels together; ``bands`` are the categories that moved most."""

    levels: tuple[Level, ...]
    p_value: float
    shifts: tuple[Shift, ...]
    bands: tuple[Band, ...]
    tallies: Tallies | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    replicates: int
    limits: Limits
    bands: int = 20


def compare(
    values: Sequence[str],
    split: Split,
    *,
    above: Sequence[Mapping[str, str]],
    random: np.random.Generator,
    settings: Settings,
    together: float,
) -> Categories:
    """Compare the windows by the category of each text, ``values`` (n,).

    ``above`` maps a category to the one that stands for it on each level, coarsest first; the last is the finest.
    """
    number, names = _numbered(values)
    if split.empty or not names:
        return Categories((), 1.0, (), ())
    dealt = repeats.deal(split, number, len(names), random=random, replicates=settings.replicates, together=together)
    total = np.bincount(number, split.total, len(names)).astype(float)
    # The windows as they are come first, so that all replicates are treated alike.
    after: Floats = np.vstack([np.bincount(number, split.after, len(names)), dealt])
    figures: list[Floats] = []
    levels = []
    for level, upward in enumerate(above, start=1):
        here = after @ _upward(names, upward)
        whole = total @ _upward(names, upward)
        apart = [measure(whole - here, here) for measure in _MEASURES]
        figures += apart
        levels.append(Level(level, int((whole > 0).sum()), *(_distance(figure) for figure in apart)))
    counted = tallies(names, number, split, together)
    return Categories(
        tuple(levels),
        _together(figures),
        detectors.shifts(counted, settings.limits),
        _bands(names, total, after, settings.bands),
        counted,
    )


_MEASURES: tuple[Callable[[Floats, Floats], Floats], ...] = (detectors.divergence, detectors.stability)


def tallies(names: Sequence[str], number: npt.NDArray[np.int64], split: Split, together: float) -> Tallies:
    """Declarations by category; ``number`` (n,) is each text's place in ``names``."""
    size = len(names)
    before, after = (np.bincount(number, counts, size).astype(float) for counts in (split.before, split.after))
    cell = np.unique(split.group * size + number, return_inverse=True)[1]
    in_cell = np.bincount(cell, split.total)[cell]
    weight = np.bincount(number, split.total * in_cell, size) / np.maximum(before + after, 1)
    effect = 1 + together * np.maximum(weight - 1, 0)
    return Tallies(names, before, after, (float(before.sum()), float(after.sum())), effect)


def _numbered(values: Sequence[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    names = sorted(set(values))
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[value] for value in values], dtype=np.int64), names


def _upward(names: Sequence[str], upward: Mapping[str, str]) -> Any:
    """A sparse matrix (categories, categories of the level) that sums counts up."""
    from scipy import sparse

    tops = flow.number([upward.get(name, name) for name in names])
    return sparse.csr_array((np.ones(len(names)), (np.arange(len(names)), tops)))


def _distance(figure: Floats) -> Distance:
    return Distance(float(figure[0]), float(np.quantile(figure[1:], 0.95)), repeats.tail(float(figure[0]), figure[1:]))


def _together(figures: Sequence[Floats]) -> float:
    """The smallest p-value of several figures (1 + replicates,), against that smallest one in each replicate.

    (Westfall and Young 1993.) Figures that say nearly the same thing cost nothing.
    """
    ranked = np.vstack([_standing(figure) for figure in figures])
    best = ranked.max(axis=0)
    reached = int((best[1:] >= best[0]).sum())
    if reached:
        return (1 + reached) / len(best)
    return min(1 / len(best), len(figures) * min(repeats.tail(float(figure[0]), figure[1:]) for figure in figures))


def _standing(figure: Floats) -> Floats:
    null = figure[1:]
    deviation = float(null.std())
    standing: Floats = (figure - null.mean()) / deviation if deviation > 0 else np.zeros_like(figure)
    return standing


def _bands(names: Sequence[str], total: Floats, after: Floats, most: int) -> tuple[Band, ...]:
    """The categories that moved most, by how far they leave what chance does."""
    shares = after / np.maximum(after.sum(axis=1, keepdims=True), 1)
    earlier = (total - after[0]) / max(1.0, float((total - after[0]).sum()))
    middle, deviation = shares[1:].mean(axis=0), shares[1:].std(axis=0)
    chosen = np.argsort(-np.abs(shares[0] - earlier) / np.maximum(deviation, 1e-9), kind="stable")[:most]
    # The widest of so many moves is wide by chance: the band is for all categories together (Bonferroni).
    from scipy import special

    reach = float(special.ndtri(1 - 0.025 / len(names)))
    low, high = np.maximum(0.0, middle - reach * deviation), middle + reach * deviation
    return tuple(
        Band(names[row], float(earlier[row]), float(shares[0, row]), float(low[row]), float(high[row]))
        for row in chosen.tolist()
    )
