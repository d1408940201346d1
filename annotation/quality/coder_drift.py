"""Whether a coder has become worse: right and wrong answers in the order in which they were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ALPHA: Final = 0.05
# A change is looked for after every so many answers.
_EVERY: Final = 10
# Shares of wrong answers before a change, and how many times as large they are after it. Whether the alarm is false
# does not hang on them, only how soon it rings.
_WRONG: Final = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4])
_TIMES: Final = np.array([2.0, 4.0, 8.0])
_MOST: Final = 0.9


@dataclass(frozen=True, slots=True)
class Drift:
    """``evidence`` is what 1 has become, ``rang_at`` the place of the answer at which the alarm first rang."""

    answers: int
    evidence: float
    p_value: float
    rang_at: int | None

    @property
    def alarm(self) -> bool:
        return self.rang_at is not None

    def as_dict(self) -> dict[str, Any]:
        return {"answers": self.answers, "p_value": self.p_value, "alarm": self.alarm, "rang_at": self.rang_at}


def watch(right: Sequence[bool], *, alpha: float = ALPHA) -> Drift:
    """Against the assumption that the coder's accuracy, whatever it is, has stayed the same.

    The evidence is how much better a change explains the answers than the best constant accuracy does, on average over
    the places of the change: universal inference (Wasserman, Ramdas and Balakrishnan 2020). It may be read after each
    answer: the chance of ever ringing falsely is at most ``alpha`` (Ville 1939).
    """
    wrong = ~np.asarray(right, dtype=bool)
    number = len(wrong)
    if not number:
        return Drift(0, 1.0, 1.0, None)
    evidence = _evidence(np.concatenate([[0], np.cumsum(wrong)]))
    highest = float(evidence.max())
    rang = np.flatnonzero(evidence >= np.log(1 / alpha))
    return Drift(
        answers=number,
        evidence=float(np.exp(min(evidence[-1], 300.0))),
        p_value=float(np.exp(min(0.0, -highest))),
        rang_at=int(rang[0]) if len(rang) else None,
    )


def _evidence(wrong: npt.NDArray[np.int64]) -> Floats:
    """Its logarithm after each answer (n,); ``wrong`` (n + 1,) counts the wrong ones among the first so many."""
    from scipy import special

    seen = np.arange(1, len(wrong))
    starts = np.arange(_EVERY, len(wrong), _EVERY)
    # Who bets on a change that has not come yet believes in none so far; so does who bets on none at all.
    until = np.minimum(seen[:, None], np.append(starts, len(wrong))[None, :])
    before = np.repeat(_WRONG, len(_TIMES))
    after = np.minimum(np.outer(_WRONG, _TIMES).ravel(), _MOST)
    explained = _chance(until, wrong[until], before)
    explained += _chance(seen[:, None] - until, wrong[seen][:, None] - wrong[until], after)
    rank = np.arange(len(starts))
    parts = np.append(1 / ((rank + 1) * (rank + 2)), 1 / (len(starts) + 1)) / len(before)
    best = special.xlogy(wrong[seen], wrong[seen] / seen) + special.xlogy(seen - wrong[seen], 1 - wrong[seen] / seen)
    evidence: Floats = special.logsumexp(explained, axis=(1, 2), b=parts[:, None]) - best
    return evidence


def _chance(answers: npt.NDArray[np.int64], wrong: npt.NDArray[np.int64], share: Floats) -> Floats:
    """The logarithm of the chance of these very answers where each share (k,) of them is wrong, (..., k)."""
    found: Floats = np.multiply.outer(wrong, np.log(share)) + np.multiply.outer(answers - wrong, np.log1p(-share))
    return found
