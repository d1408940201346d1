"""How far the answers of a campaign may be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.campaign import agreeing, coder_quality
from annotation.campaign.agreeing import CampaignAgreement
from annotation.campaign.anchoring import Anchoring
from annotation.campaign.coder_quality import CoderQuality
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import gold
from annotation.quality.gold import Share


@dataclass(frozen=True, slots=True)
class Trust:
    """``coders`` are by pseudonym, in their order; ``gold`` is of all of them together."""

    agreement: CampaignAgreement
    anchoring: Anchoring | None
    coders: Mapping[str, CoderQuality]

    @property
    def gold(self) -> Share | None:
        known = [one.gold for one in self.coders.values() if one.gold]
        return gold.share(sum(one.right for one in known), sum(one.n for one in known))


def of_campaign(work: UnitOfWork, campaign_key: str) -> Trust:
    return Trust(
        agreeing.of_campaign(work, campaign_key),
        agreeing.anchoring(work, campaign_key),
        coder_quality.of_campaign(work, campaign_key),
    )
