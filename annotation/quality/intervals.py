"""Confidence intervals of shares that hold for few texts and for shares near 0 and 1."""

from __future__ import annotations

import math
from typing import Final

_NOTHING: Final = 1e-9


def quantile(confidence: float, degrees: float) -> float:
    """Student's two-sided quantile."""
    # scipy takes half a second to load, and this module is imported by every command.
    from scipy import special

    return float(special.stdtrit(degrees, 0.5 + confidence / 2))


def mid_p(share: float, n: float, confidence: float) -> tuple[float, float]:
    """The interval of a share seen in ``n`` texts, which need not be a whole number, like the share of them.

    Clopper and Pearson's (1934) binomial tails, of which what was seen counts half (Lancaster 1961), so that it is not
    longer than its confidence asks for; with beta functions it carries over to effective sizes (Korn and Graubard
    1998). For 30 texts and more, and shares from .8 to .999, it holds the truth with .92 to .99, where Wilson's falls
    to .84. Infinitely many texts leave no doubt: both ends are the share.
    """
    if math.isinf(n):
        return share, share
    tail = (1 - confidence) / 2
    return _lower(share * n, n, tail), 1 - _lower((1 - share) * n, n, tail)


def _lower(seen: float, n: float, tail: float) -> float:
    """The share for which ``seen`` and more, counting the first half, have a chance of ``tail``."""
    from scipy import optimize, special

    if seen <= _NOTHING:
        return 0.0

    def excess(share: float) -> float:
        more = float(special.betainc(seen + 1, n - seen, share)) if n - seen > _NOTHING else 0.0
        return (float(special.betainc(seen, n - seen + 1, share)) + more) / 2 - tail

    return min(seen / n, float(optimize.brentq(excess, 0.0, 1.0, xtol=1e-9)))


def bonett_price(mean: float, apart: float, n: float, reach: float) -> tuple[float, float]:
    """Of a paired difference of shares (Bonett and Price 2012): one text is added to either kind of disagreement.

    ``apart`` is the share of texts on which the two differ. Where they agree on all texts it still has a width, since
    agreement on fifty texts does not rule out that one of them is worse by points.
    """
    if math.isinf(n):
        return mean, mean
    middle = mean * n / (n + 2)
    spread = (apart * n + 2) / (n + 2) - middle**2
    half = reach * math.sqrt(spread / (n + 2))
    return max(-1.0, min(mean, middle - half)), min(1.0, max(mean, middle + half))
