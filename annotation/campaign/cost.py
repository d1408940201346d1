"""What coders' time costs, and what a point of accuracy has cost."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.domain.policy import Policy
from annotation.quality.accuracy import Estimate


@dataclass(frozen=True, slots=True)
class Cost:
    """``amount`` is None where the campaign's policy names no hourly rate."""

    seconds: float
    amount: float | None
    currency: str

    @property
    def hours(self) -> float:
        return self.seconds / 3600


@dataclass(frozen=True, slots=True)
class PerPoint:
    """Hours, and money where there is a rate, per point (0.01) of accuracy gained.

    ``high`` is None where the gain may as well be nothing, so that no cost is too high to be true.
    """

    hours: float
    low: float
    high: float | None
    rate: float
    currency: str

    @property
    def amount(self) -> float | None:
        return self.hours * self.rate if self.rate else None


def of(seconds: float, policy: Policy) -> Cost:
    rate = policy.hourly_rate
    return Cost(seconds, seconds / 3600 * rate if rate else None, policy.currency)


def per_point(seconds: float, gain: Estimate, policy: Policy) -> PerPoint | None:
    """None where the model did not gain, or nobody worked for it.

    The ends are those of the gain's interval: the time is known, the gain is estimated.
    """
    if gain.value <= 0 or seconds <= 0:
        return None
    hours = seconds / 3600
    return PerPoint(
        hours=hours / (100 * gain.value),
        low=hours / (100 * gain.high),
        high=hours / (100 * gain.low) if gain.low > 0 else None,
        rate=policy.hourly_rate,
        currency=policy.currency,
    )
