"""Whether the answers of those who saw something differ from the answers of those who did not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

_NORMAL: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """``value`` is None of nothing, and so are the ends of its interval."""

    hits: int
    n: int
    value: float | None
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        return {"value": self.value, "low": self.low, "high": self.high, "hits": self.hits, "n": self.n}


@dataclass(frozen=True, slots=True)
class Contrast:
    """``difference`` is shown minus blind, with its 95 % interval; None where either is empty."""

    shown: Share
    blind: Share
    difference: float | None
    low: float | None
    high: float | None

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    def as_dict(self) -> dict[str, Any]:
        return {
            "shown": self.shown.as_dict(),
            "blind": self.blind.as_dict(),
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
        }


def share(hits: int, n: int) -> Share:
    """With Wilson's (1927) interval at 95 %."""
    if not n:
        return Share(0, 0, None, None, None)
    value, square = hits / n, _NORMAL**2
    middle = (hits + square / 2) / (n + square)
    half = _NORMAL * math.sqrt(hits * (n - hits) / n + square / 4) / (n + square)
    return Share(hits, n, value, max(0.0, middle - half), min(1.0, middle + half))


def contrast(*, shown: tuple[int, int], blind: tuple[int, int]) -> Contrast:
    """Of two independent shares, each as hits and number; the interval is Newcombe's (1998, method 10)."""
    one, other = share(*shown), share(*blind)
    if one.value is None or other.value is None:
        return Contrast(one, other, None, None, None)
    # None is impossible now, which the types cannot tell.
    low_one, high_one, low_other, high_other = (float(end or 0) for end in (one.low, one.high, other.low, other.high))
    difference = one.value - other.value
    low = difference - math.hypot(one.value - low_one, high_other - other.value)
    high = difference + math.hypot(high_one - one.value, other.value - low_other)
    return Contrast(one, other, difference, low, high)
