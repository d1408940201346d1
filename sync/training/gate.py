"""Whether a challenger becomes champion, and the sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass

from sync.settings import GateSettings
from sync.training.evaluation import Comparison


@dataclass(frozen=True, slots=True)
class Verdict:
    promote: bool
    reason: str


def decide(comparison: Comparison, policy: GateSettings) -> Verdict:
    """Promote if enough texts were judged, the difference reaches the least one, and its interval leaves no room for
    a loss beyond the margin (non-inferiority)."""
    difference = comparison.difference
    if difference is None or difference.n < policy.least_evaluated:
        judged = comparison.challenger.judged
        return Verdict(
            False,
            f"{judged} texts of the evaluation set are judged; the gate wants {policy.least_evaluated} to compare.",
        )
    figures = (
        f"on the same {difference.n} texts, challenger minus champion is {_points(difference.value)} points "
        f"({policy.confidence:.0%} interval {_points(difference.low)} to {_points(difference.high)})"
    )
    if difference.value < policy.least_difference:
        return Verdict(False, f"Kept: {figures}; the gate wants {_points(policy.least_difference)} at least.")
    if difference.low < -policy.non_inferiority:
        return Verdict(
            False, f"Kept: {figures}; a loss of more than {100 * policy.non_inferiority:.1f} points is not ruled out."
        )
    return Verdict(
        True, f"Promoted: {figures}; a loss of more than {100 * policy.non_inferiority:.1f} points is ruled out."
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
