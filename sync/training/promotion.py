"""The decision about a challenger, carried out and written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from annotation.domain.version import Decision
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from sync.settings import GateSettings
from sync.training import evaluation, gate
from sync.training.evaluation import Evaluation
from sync.training.gate import Verdict
from sync.training.model import CHAMPION

if TYPE_CHECKING:
    from sync.training.registry import ModelRegistry

KIND = "promote"
FIRST = "Promoted: the first model has nobody to beat."


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """``before`` and ``after`` are the champion's accuracy, before and after the decision, on the same texts."""

    model_version: str
    promoted: bool
    reason: str
    champion: str
    before: Evaluation | None
    after: Evaluation | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version,
            "promoted": self.promoted,
            "reason": self.reason,
            "champion": self.champion,
            "before": self.before.as_dict() if self.before else None,
            "after": self.after.as_dict() if self.after else None,
        }


def promote(
    *,
    ledger: Ledger,
    registry: ModelRegistry,
    nomenclature: Nomenclature,
    version: str,
    policy: GateSettings,
    now: datetime,
    forced_because: str = "",
) -> PromotionResult:
    """Move the alias ``champion`` to the version if the gate lets it, and store the decision with its figures.

    Without a champion the version becomes it. ``forced_because`` overrides the gate and is stored as the reason. The
    evaluation set must have been scored by both models.
    """
    challenger, champion = registry.version(version), registry.version(CHAMPION)
    if challenger is None:
        raise NotFoundError(
            f"There is no version {version} of the model {registry.model_name}.", cure="See: awb train, MLflow's page."
        )
    name = f"{registry.model_name}/{challenger.version}"
    if champion is None:
        _record(ledger, Decision(KIND, name, True, FIRST, {}, now))
        registry.set_alias(challenger.version, CHAMPION)
        return PromotionResult(name, True, FIRST, name, None, None)
    if champion.version == challenger.version:
        standing = evaluation.evaluate(ledger=ledger, nomenclature=nomenclature, model_version=name)
        with ledger.read() as work:
            decided = work.decisions.latest(KIND, subject=name)
        # The reason too, for a run that was killed after it had moved the alias and says here what it did.
        reason = (
            f"It is the champion already. When it became so: {decided.reason}"
            if decided
            else "It is the champion already."
        )
        return PromotionResult(name, True, reason, name, standing, standing)
    old = f"{registry.model_name}/{champion.version}"
    comparison = evaluation.compare(
        ledger=ledger, nomenclature=nomenclature, challenger=name, champion=old, confidence=policy.confidence
    )
    verdict = _overruled(gate.decide(comparison, policy), forced_because)
    # The decision comes first: a run killed here moves the alias when it is repeated, and the reason is never lost.
    _record(ledger, Decision(KIND, name, verdict.promote, verdict.reason, comparison.as_dict(), now))
    registry.log_metrics(challenger.version, _metrics(comparison.challenger))
    if verdict.promote:
        registry.set_alias(challenger.version, CHAMPION)
        return PromotionResult(name, True, verdict.reason, name, comparison.champion, comparison.challenger)
    return PromotionResult(name, False, verdict.reason, old, comparison.champion, comparison.champion)


def _overruled(verdict: Verdict, because: str) -> Verdict:
    if not because or verdict.promote:
        return verdict
    return Verdict(True, f"Promoted by hand ({because}). The gate had said: {verdict.reason}")


def _record(ledger: Ledger, decision: Decision) -> None:
    """Store it, unless it is the last one on this model already: that of a run killed before it came to an end."""
    with ledger.begin() as work:
        last = work.decisions.latest(KIND, subject=decision.subject)
        if last is None or (last.reason, last.figures) != (decision.reason, decision.figures):
            work.decisions.add(decision)


def _metrics(measured: Evaluation) -> dict[str, float]:
    levels = {f"accuracy_level_{n}": e for n, e in enumerate(measured.levels, start=1) if e is not None}
    return {
        f"{name}{suffix}": value
        for name, e in levels.items()
        for suffix, value in (("", e.value), ("_low", e.low), ("_high", e.high))
    }
