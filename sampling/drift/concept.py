"""Whether texts that look as before now mean something else: coders' codes against the model's, over the draws.

Nothing here looks at the clock: an alarm may be read after each label, and the chance that it ever rings falsely stays
below ``alpha`` (Ville 1939; betting on bounded means, Waudby-Smith and Ramdas 2024). The evidence is a wealth: it
starts at 1, and a gambler who bets that the model is less right than it says can multiply it only if that is so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Shares of the wealth at stake; a mean over several needs no tuning.
_STAKES: Final = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7])
# Gamblers who start later, so that a long calm past does not use up the wealth before a change.
_STARTS_EVERY: Final = 25
_MEANS: Final = np.linspace(-1.0, 1.0, 101)
_SWAPPED: Final = np.array([0.3, 0.6, 0.9])
_LEAST_DOUBT: Final = 0.01
_LEAST_PART: Final = 0.15
_BASELINE: Final = 4.0
_LARGEST: Final = 300.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """``evidence`` (n,) is the wealth after each label; ``rang_at`` is the first place where it reached 1 / alpha.

    ``p_value`` holds at any time. ``low`` to ``high`` hold the mean residual at 1 - alpha, whenever one looks.
    """

    evidence: Floats
    rang_at: int | None
    p_value: float
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Swap:
    """Two codes of which coders give the one where the model gives the other, ``times`` of ``among`` such texts.

    ``evidence`` is what the pair's own part of the wealth has become.
    """

    codes: tuple[str, str]
    times: int
    among: int
    evidence: float


@dataclass(frozen=True, slots=True)
class Swaps:
    """``evidence`` (n,) is the wealth after each label, over all pairs of codes; ``pairs`` the strongest first."""

    evidence: Floats
    pairs: tuple[Swap, ...]


def alarm(residuals: Floats, weights: Floats, *, alpha: float, tolerance: float = 0.0) -> Alarm:
    """Whether the weighted mean of ``residuals`` (n,), in order of their draws, lies below ``-tolerance``.

    A residual is 1 or 0 (right or wrong) minus the confidence in it, ``weights`` (n,) are the inverse inclusion
    probabilities. Within a draw the order must be at random.
    """
    if not len(residuals):
        return Alarm(np.zeros(0), None, 1.0, 0.0, -1.0, 1.0)
    part = weights / weights.max()
    # A residual lies within [-1, 1]; the payoff then within [-1, 1] too, and no stake can ruin the gambler.
    evidence = _wealth(-part * (residuals + tolerance) / (1 + tolerance))
    low, high = _interval(residuals, part, alpha)
    mean = float((weights * residuals).sum() / weights.sum())
    return Alarm(evidence, *verdict(evidence, alpha), mean, low, high)


def verdict(evidence: Floats, alpha: float) -> tuple[int | None, float]:
    """Where the wealth (n,) first reached 1 / alpha, and the p-value that holds at any time."""
    rang = np.flatnonzero(evidence >= 1 / alpha)
    return int(rang[0]) if len(rang) else None, float(min(1.0, 1 / max(1.0, evidence.max(initial=1.0))))


@dataclass(frozen=True, slots=True)
class Judged:
    """What coders said of texts that a draw took at random; sequences (n,) in order of the draws.

    ``rivals`` are the codes after the first that the model holds possible, with their parts of what the first leaves.
    """

    predicted: Sequence[str]
    labels: Sequence[str]
    confidence: Floats
    rivals: Sequence[Mapping[str, float]]
    weights: Floats
    draws: Sequence[int]

    @property
    def residuals(self) -> Floats:
        right = [one == other for one, other in zip(self.predicted, self.labels, strict=True)]
        residuals: Floats = np.array(right, dtype=float) - self.confidence
        return residuals


def swaps(judged: Judged) -> Swaps:
    """Evidence that two codes have exchanged their meaning, label by label.

    Nothing wrong means that a coder gives *that* other code at most as often as the model doubts its first one in
    favour of it, or as coders did in earlier draws. Each pair of codes has a gambler of its own, with a part of the
    wealth according to how often the model gives both; a second one enters once a pair has been seen.
    """
    met = [tuple(sorted(both)) for both in zip(judged.predicted, judged.labels, strict=True)]
    places: dict[str, list[int]] = defaultdict(list)
    for place, code in enumerate(judged.predicted):
        places[code].append(place)
    # A swap of two rare codes is past finding, so that most is staked on the pairs of frequent ones.
    squares = np.array([float(len(there)) for there in places.values()]) ** 2
    all_pairs = float((squares.sum() ** 2 - (squares**2).sum()) / 2)
    evidence, found = np.zeros(len(met)), []
    for rank, pair in enumerate(pair for pair in dict.fromkeys(met) if pair[0] != pair[1]):
        one, other = pair[0], pair[-1]
        rows = np.array(sorted([*places.get(one, ()), *places.get(other, ())]), dtype=np.int64)
        hits = np.array([met[row] == pair for row in rows])
        gains = _gains(hits, _doubt(hits, _foreseen(judged, rows, one, other), np.asarray(judged.draws)[rows]))
        first = int(np.argmax(hits)) + 1
        often = (len(places.get(one, ())) * len(places.get(other, ()))) ** 2 / max(1.0, all_pairs)
        wealth = 0.5 * often * _grown(gains, 0) + 0.5 / ((rank + 1) * (rank + 2)) * _grown(gains, first)
        evidence += wealth[np.searchsorted(rows, np.arange(len(met)), side="right")]
        found.append(Swap((one, other), int(hits.sum()), len(rows), float(wealth[-1])))
    return Swaps(evidence, tuple(sorted(found, key=lambda swap: (-swap.evidence, swap.codes))))


def _foreseen(judged: Judged, rows: npt.NDArray[np.int64], one: str, other: str) -> Floats:
    """The chance of the pair's other code by what the model itself says."""
    others = [other if judged.predicted[row] == one else one for row in rows.tolist()]
    parts = [judged.rivals[row].get(code, 0.0) for row, code in zip(rows.tolist(), others, strict=True)]
    doubt: Floats = (1 - judged.confidence[rows]) * np.clip(parts, _LEAST_PART, 1.0)
    return doubt


def _gains(hits: npt.NDArray[np.bool_], doubt: Floats) -> Floats:
    """Logarithms of what a bet on each share of swapped codes multiplies its stake by, (shares, n)."""
    share = np.maximum(_SWAPPED[:, None], doubt)
    gains: Floats = np.where(hits, np.log(share / doubt), np.log((1 - share) / (1 - doubt)))
    return gains


def _grown(gains: Floats, start: int) -> Floats:
    """What 1 has become before the first and after each text, (n + 1,), when bets begin with text ``start``."""
    begun = gains.copy()
    begun[:, :start] = 0.0
    total = np.concatenate([np.zeros((len(gains), 1)), np.cumsum(begun, axis=1)], axis=1)
    grown: Floats = np.exp(np.clip(total, None, _LARGEST)).mean(axis=0)
    return grown


def _doubt(hits: npt.NDArray[np.bool_], doubt: Floats, draws: npt.NDArray[np.int64]) -> Floats:
    """How often the other code may come up at most without anything being wrong, (n,)."""
    earlier = np.searchsorted(draws, draws, side="left")
    seen = np.concatenate([[0], np.cumsum(hits)])[earlier]
    before = (seen + _BASELINE * doubt) / (earlier + _BASELINE)
    return np.clip(np.maximum(doubt, before), _LEAST_DOUBT, 1 - _LEAST_DOUBT)


def _wealth(payoffs: Floats) -> Floats:
    """Of gamblers who start every so often and stake each of the shares, after each payoff (n,) within [-1, 1]."""
    number = len(payoffs)
    total = np.concatenate([np.zeros((len(_STAKES), 1)), np.cumsum(np.log1p(np.outer(_STAKES, payoffs)), axis=1)], 1)
    wealth = np.zeros(number)
    starts = range(0, number, _STARTS_EVERY)
    for rank, start in enumerate(starts):
        part = 1 / ((rank + 1) * (rank + 2))
        wealth[:start] += part
        grown = total[:, start + 1 :] - total[:, start : start + 1]
        wealth[start:] += part * np.exp(np.clip(grown, None, _LARGEST)).mean(axis=0)
    # The parts of those who have not started yet.
    return wealth + 1 / (len(starts) + 1)


def _interval(residuals: Floats, part: Floats, alpha: float) -> tuple[float, float]:
    """The means against which neither bet, that it is more or that it is less, has ever reached 1 / alpha."""
    held = []
    for mean in _MEANS:
        payoffs = part * (residuals - mean) / (1 + abs(mean))
        sides = [np.cumsum(np.log1p(np.outer(_STAKES, sign * payoffs)), axis=1) for sign in (1, -1)]
        wealth = np.exp(np.clip(np.vstack(sides), None, _LARGEST)).mean(axis=0)
        if wealth.max() < 1 / alpha:
            held.append(float(mean))
    return (held[0], held[-1]) if held else (-1.0, 1.0)
