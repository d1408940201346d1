"""How many labels a strategy saves, and which one a draw should use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sampling.replay import curves
from sampling.replay.curves import Curve, Rising

RANDOM = "random"
TOLERATED = 0.02
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Saved:
    """Shares of random's labels, negative where more are needed.

    ``mid`` and ``end`` stand at the accuracy that random reaches in the middle and at the end of the budget; ``low``
    and ``high`` bound ``end`` with 95 % confidence, and are None with a single seed. ``mid_labels`` and ``end_labels``
    are what the strategy needs, of random's ``mid_random`` and ``end_random``.
    """

    mid: float
    end: float
    low: float | None
    high: float | None
    mid_accuracy: float
    end_accuracy: float
    mid_labels: float
    end_labels: float
    mid_random: float
    end_random: float


def saved(strategy: Sequence[Curve], random: Sequence[Curve]) -> Saved:
    """From curves that are paired by seed: each pair has the same evaluation texts and the same first labels.

    Figures come from the curves' means over seeds; the interval from the jackknife over seeds with Student's t
    (Tukey 1958).
    """
    at_mid, at_end = _places(random)
    mid, end = _saved(strategy, random, at_mid), _saved(strategy, random, at_end)
    low, high = _interval(strategy, random, at_end, end.share)
    return Saved(
        mid=mid.share,
        end=end.share,
        low=low,
        high=high,
        mid_accuracy=mid.accuracy,
        end_accuracy=end.accuracy,
        mid_labels=mid.needed,
        end_labels=end.needed,
        mid_random=mid.by_random,
        end_random=end.by_random,
    )


@dataclass(frozen=True, slots=True)
class _Saving:
    accuracy: float
    needed: float
    by_random: float

    @property
    def share(self) -> float:
        return 1 - self.needed / self.by_random


def _places(random: Sequence[Curve]) -> tuple[float, float]:
    first, last = random[0][0].labels, random[0][-1].labels
    return (first + last) / 2, float(last)


def _saved(strategy: Sequence[Curve], random: Sequence[Curve], labels: float) -> _Saving:
    ours, theirs = curves.rising(curves.mean(strategy)), curves.rising(curves.mean(random))
    accuracy = theirs.at(labels)
    needed = ours.to_reach(accuracy)
    if needed is None:
        return _short_of(ours, theirs)
    return _Saving(accuracy, needed, theirs.to_reach(accuracy) or labels)


def _short_of(ours: Rising, theirs: Rising) -> _Saving:
    """Where the strategy never gets as far as random, it is asked how early random got as far as the strategy."""
    accuracy = float(ours.accuracy[-1])
    reached = theirs.to_reach(accuracy)
    return _Saving(accuracy, float(ours.labels[-1]), reached if reached is not None else float(theirs.labels[-1]))


def _interval(
    strategy: Sequence[Curve], random: Sequence[Curve], labels: float, whole: float
) -> tuple[float | None, float | None]:
    seeds = len(strategy)
    if seeds < 2:
        return None, None
    from scipy import stats

    without = [
        _saved([*strategy[:s], *strategy[s + 1 :]], [*random[:s], *random[s + 1 :]], labels).share for s in range(seeds)
    ]
    pseudo = seeds * whole - (seeds - 1) * np.array(without)
    spread = float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1) * pseudo.std(ddof=1) / np.sqrt(seeds))
    return whole - spread, whole + spread


@dataclass(frozen=True, slots=True)
class Choice:
    strategy: str
    reason: str


def choose(played: Mapping[str, Sequence[Curve]], savings: Mapping[str, Saved]) -> Choice:
    """The strategy that saves most, among those whose gain is no chance; random where there is none.

    It must save at the end with confidence, and fall behind random nowhere: not in macro-F1 at the end, nor by more
    than 2 % in accuracy after any number of labels.
    """
    if len(played[RANDOM]) < 2:
        return Choice(RANDOM, "One seed cannot tell a gain from chance: play 5, say.")
    random = curves.mean(played[RANDOM])
    fit = [
        name
        for name, saving in savings.items()
        if name != RANDOM and saving.low is not None and saving.low > 0 and _is_safe(curves.mean(played[name]), random)
    ]
    if not fit:
        return Choice(RANDOM, "No strategy saved labels beyond chance on these texts without losing elsewhere.")
    best = max(fit, key=lambda name: (savings[name].mid + savings[name].end, name))
    return Choice(best, "It saved most, beyond chance, and fell behind random nowhere.")


def _is_safe(curve: Curve, random: Curve) -> bool:
    near = all(ours.accuracy >= (1 - TOLERATED) * theirs.accuracy for ours, theirs in zip(curve, random, strict=True))
    return near and curve[-1].macro_f1 >= random[-1].macro_f1
