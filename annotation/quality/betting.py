"""Evidence that may be looked at after every observation: what a gambler makes of 1 who bets against an assumption.

While the assumption holds, the chance that the wealth ever reaches 1 / alpha is at most alpha (Ville 1939; betting on
bounded means, Waudby-Smith and Ramdas 2024).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Shares of the wealth at stake; a mean over several needs no tuning.
STAKES: Final = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7])
# Gamblers who start later, so that a long calm past does not use up the wealth before a change.
STARTS_EVERY: Final = 25
LARGEST: Final = 300.0


def wealth(payoffs: Floats, *, starts_every: int = STARTS_EVERY) -> Floats:
    """After each payoff (n,) within [-1, 1], of gamblers who start every so often and stake each of the shares."""
    number = len(payoffs)
    total = np.concatenate([np.zeros((len(STAKES), 1)), np.cumsum(np.log1p(np.outer(STAKES, payoffs)), axis=1)], 1)
    held = np.zeros(number)
    starts = range(0, number, starts_every)
    for rank, start in enumerate(starts):
        part = 1 / ((rank + 1) * (rank + 2))
        held[:start] += part
        grown = total[:, start + 1 :] - total[:, start : start + 1]
        held[start:] += part * np.exp(np.clip(grown, None, LARGEST)).mean(axis=0)
    # The parts of those who have not started yet.
    return held + 1 / (len(starts) + 1)


def verdict(evidence: Floats, alpha: float) -> tuple[int | None, float]:
    """Where the wealth (n,) first reached 1 / alpha, and the p-value that holds at any time."""
    rang = np.flatnonzero(evidence >= 1 / alpha)
    return int(rang[0]) if len(rang) else None, float(min(1.0, 1 / max(1.0, evidence.max(initial=1.0))))
