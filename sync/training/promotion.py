"""The decision about a challenger, carried out and written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.domain.version import Decision
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from sync.settings import GateSettings
from sync.training import evaluation, gate
from sync.training.evaluation import Evaluation
from sync.training.registry import CHAMPION, ModelRegistry

KIND = "promote"


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
        verdict, before, figures = gate.Verdict(True, "Promoted: the first model has nobody to beat."), None, {}
        after = None
    elif champion.version == challenger.version:
        standing = _evaluate(ledger, nomenclature, name, policy)
        return PromotionResult(name, True, "It is the champion already.", name, standing, standing)
    else:
        old = f"{registry.model_name}/{champion.version}"
        comparison = evaluation.compare(
            ledger=ledger, nomenclature=nomenclature, challenger=name, champion=old, confidence=policy.confidence
        )
        verdict = gate.decide(comparison, policy)
        if forced_because and not verdict.promote:
            verdict = gate.Verdict(True, f"Promoted by hand ({forced_because}). The gate had said: {verdict.reason}")
        before = comparison.champion
        after = comparison.challenger if verdict.promote else comparison.champion
        figures = {
            "challenger": comparison.challenger.as_dict(),
            "champion": comparison.champion.as_dict(),
            "difference": comparison.difference.as_dict() if comparison.difference else None,
        }
    # The decision comes first: a run killed here moves the alias when it is repeated, and the reason is never lost.
    with ledger.begin() as work:
        work.decisions.add(Decision(KIND, name, verdict.promote, verdict.reason, figures, now))
    if verdict.promote:
        registry.set_alias(challenger.version, CHAMPION)
    standing_champion = name if verdict.promote or champion is None else f"{registry.model_name}/{champion.version}"
    return PromotionResult(name, verdict.promote, verdict.reason, standing_champion, before, after)


def _evaluate(ledger: Ledger, nomenclature: Nomenclature, model_version: str, policy: GateSettings) -> Evaluation:
    return evaluation.evaluate(
        ledger=ledger, nomenclature=nomenclature, model_version=model_version, confidence=policy.confidence
    )
