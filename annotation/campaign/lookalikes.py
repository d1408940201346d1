"""What a coder is shown of a gold text, so that it looks like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotation.campaign import reasons
from annotation.domain.campaign import Campaign
from annotation.domain.chance import chance
from annotation.domain.prediction import Prediction
from annotation.domain.team import GoldText
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature


@dataclass(frozen=True, slots=True)
class Shown:
    """As in a task: candidates without probabilities come from no model."""

    candidates: tuple[str, ...]
    probabilities: tuple[float, ...]
    model_version: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """``predictions`` are those of the model that the campaign's last draw asked about, by text key."""

    nomenclature: Nomenclature
    language: str
    number: int
    predictions: Mapping[str, Prediction]

    def of(self, text: GoldText) -> Shown:
        """What that model says of it, like everywhere; of a text it was not asked about, the codes near the right one,
        in an order that tells nothing."""
        said = self.predictions.get(text.text_key)
        if said is None:
            return Shown(self._near(text), (), None, reasons.chance(self.language))
        codes, probabilities = said.codes[: self.number], said.probabilities[: self.number]
        reason = reasons.uncertain(self.language, codes=codes, probabilities=probabilities)
        return Shown(tuple(codes), tuple(probabilities), said.model_version, reason)

    def _near(self, text: GoldText) -> tuple[str, ...]:
        found = {text.code: None}
        for above in (*(one.code for one in self.nomenclature.ancestors(text.code)), None):
            for code in self.nomenclature.leaves_below(above):
                if len(found) < self.number:
                    found.setdefault(code.code)
        return tuple(sorted(found, key=lambda code: chance(text.text_key, code)))


def read(work: UnitOfWork, campaign: Campaign, text_keys: Sequence[str]) -> Lookalikes:
    """For these gold texts of the campaign."""
    scored = [draw for draw in work.draws.of_campaign(campaign.key) if draw.model_version]
    version = scored[-1].model_version if scored else None
    drawn = scored[-1].recipe.get("budget", {}).get("candidates") if scored else None
    number = drawn or work.policies.current(campaign.key).candidates
    predictions = work.texts.predictions(version, text_keys) if version else {}
    return Lookalikes(work.nomenclatures.get(campaign.nomenclature), campaign.language, number, predictions)
