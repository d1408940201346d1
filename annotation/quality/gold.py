"""How often a coder is right where the code is known, and how far that may be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from annotation.quality import intervals

# A coder who errs takes one of a handful of codes that lie near.
ALTERNATIVES: Final = 4
LEAST_WEIGHT: Final = 0.1
_PRIOR_STRENGTHS: Final = tuple(2.0**power for power in range(1, 9))


@dataclass(frozen=True, slots=True)
class Share:
    """``right`` of ``n`` answers, as a share with its confidence interval."""

    right: int
    n: int
    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high, "right": self.right, "answers": self.n}


@dataclass(frozen=True, slots=True)
class Prior:
    """The beta distribution that the accuracies of all coders are taken to come from."""

    right: float
    wrong: float

    @property
    def mean(self) -> float:
        return self.right / (self.right + self.wrong)

    def shrunken(self, right: int, n: int) -> float:
        """The accuracy to expect of a coder of whom ``n`` answers were seen."""
        return (self.right + right) / (self.right + self.wrong + n)


def share(right: int, n: int, *, confidence: float = 0.95) -> Share | None:
    """None without answers."""
    if not n:
        return None
    low, high = intervals.mid_p(right / n, n, confidence)
    return Share(right, n, right / n, low, high)


def upper_bound(right: int, n: int, *, alpha: float) -> float:
    """The accuracy below which a coder lies at 1 - ``alpha``, however often one looks.

    The accuracies that a bet spread evenly over all others has not made 1 / ``alpha`` times unlikely (Robbins 1970);
    an interval for one look would pause good coders, since every answer is a look.
    """
    from scipy import optimize, special

    spread = float(special.betaln(1 + right, 1 + n - right))

    def wealth(accuracy: float) -> float:
        return spread - right * math.log(accuracy) - (n - right) * math.log1p(-accuracy)

    best = right / n if n else 1.0
    edge = 1 - 1e-12
    if best >= edge or wealth(edge) < -math.log(alpha):
        return 1.0
    return float(optimize.brentq(lambda a: wealth(a) + math.log(alpha), max(best, 1e-12), edge, xtol=1e-9))


def prior(answers: Mapping[str, tuple[int, int]]) -> Prior:
    """From (right, n) by coder: the beta distribution under which these answers are likeliest (Griffin and Krutchkoff
    1971 and others call it beta-binomial empirical Bayes), its mean held at the coders' common share.

    With fewer than two coders nothing tells how far coders differ: they count as much alike as the grid allows.
    """
    from scipy import special

    counted = [(right, n) for right, n in answers.values() if n]
    right, total = sum(r for r, _ in counted), sum(n for _, n in counted)
    mean = (right + 1) / (total + 2)
    strongest = _PRIOR_STRENGTHS[-1]
    if len(counted) < 2:
        return Prior(mean * strongest, (1 - mean) * strongest)

    def likelihood(strength: float) -> float:
        a, b = mean * strength, (1 - mean) * strength
        return sum(float(special.betaln(a + r, b + n - r) - special.betaln(a, b)) for r, n in counted)

    best = max(_PRIOR_STRENGTHS, key=likelihood)
    return Prior(mean * best, (1 - mean) * best)


def weight(accuracy: float, *, usual: float) -> float:
    """How much a coder's vote counts beside that of one of ``usual`` accuracy, whose weight is 1.

    Votes weigh by the log odds of being right (Nitzan and Paroush 1982), against each of a handful of wrong codes.
    """
    return max(LEAST_WEIGHT, _odds(accuracy) / max(_odds(usual), 1e-3))


def _odds(accuracy: float) -> float:
    held = min(max(accuracy, 1e-3), 1 - 1e-3)
    return max(0.0, math.log(ALTERNATIVES * held / (1 - held)))
