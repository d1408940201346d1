"""Whether a coder has become worse: right and wrong answers in the order in which they were given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from annotation.quality import betting

ALPHA: Final = 0.05
STARTS_EVERY: Final = 10


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


def watch(right: Sequence[bool], keys: Sequence[str], *, alpha: float = ALPHA) -> Drift:
    """Against the assumption that wrong answers come at any time as likely as at any other.

    Each answer's rank among those so far is drawn with ties broken at random, by a lot made of its key, and is then
    uniform under the assumption, whatever the coder's accuracy (Vovk 2021, conformal test martingales); the bet is
    that errors come late. The chance of ever ringing falsely is at most ``alpha``.
    """
    wrong = ~np.asarray(right, dtype=bool)
    number = len(wrong)
    if not number:
        return Drift(0, 1.0, 1.0, None)
    lots = np.array([_lot(key) for key in keys])
    seen = np.cumsum(wrong)
    position = np.arange(1, number + 1)
    # The share of answers so far that are as bad or worse, of equally bad ones a part by lot.
    ranks = np.where(wrong, lots * seen, seen + lots * (position - seen)) / position
    evidence = betting.wealth(1 - 2 * ranks, starts_every=STARTS_EVERY)
    rang_at, p_value = betting.verdict(evidence, alpha)
    return Drift(number, float(evidence[-1]), p_value, rang_at)


def _lot(key: str) -> float:
    return int.from_bytes(hashlib.sha256(f"lot\x1f{key}".encode()).digest()[:8], "big") / 2**64
