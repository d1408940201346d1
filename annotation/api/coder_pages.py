"""What coders read of their own answers, and what others read of coders, who are pseudonyms to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from annotation.api import rendering
from annotation.api.access import Access, CurrentVisitor
from annotation.api.overview import Overview
from annotation.campaign import disagreements, standing
from annotation.campaign.coder_quality import CoderQuality
from annotation.campaign.disagreements import Disagreement
from annotation.campaign.standing import CoderProgress
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.domain.team import Enrolment
from annotation.ledger.unit_of_work import UnitOfWork

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Share:
    """A coder's own part in one campaign; ``more`` disagreements are not shown."""

    campaign: Campaign
    progress: CoderProgress | None
    disagreements: Sequence[Disagreement]
    more: int


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one pseudonym; None where there is nothing."""

    coder: str
    enrolment: Enrolment | None
    progress: CoderProgress | None
    quality: CoderQuality | None


def router(*, access: Access, overview: Overview, language: str) -> APIRouter:
    """``language`` is that of a coder's own page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/me", dependencies=[Depends(access.page(Role.CODER))])
    def me(visitor: CurrentVisitor) -> HTMLResponse:
        with overview.ledger.read() as work:
            # Who is behind a pseudonym is looked up here and kept nowhere.
            names = work.coders.of_email(visitor.name) if visitor.name else []
            shares = [
                one for name in names for campaign in work.campaigns.all() for one in _shares(work, campaign, name)
            ]
        values = {"email": visitor.name, "shares": shares}
        return rendering.render("coder.html", visitor=visitor, language=language, values=values)

    @routes.get("/campaigns/{key}/coders", dependencies=[Depends(access.page(Role.SCIENTIST))])
    def coders(key: str, visitor: CurrentVisitor) -> HTMLResponse:
        stands = overview.standing(key)
        trusted = overview.trust(key, patience=None if stands.fresh else 0)
        with overview.ledger.read() as work:
            campaign, enrolled = work.campaigns.get(key), work.enrolments.current(key)
        progress = {one.coder: one for one in stands.value.coders} if stands.value else {}
        quality = trusted.value.coders if trusted.value else {}
        values = {
            "campaign": campaign,
            "address": f"/campaigns/{quote(key, safe='')}/coders",
            "stands": stands,
            "trusted": trusted,
            "rows": [
                Row(name, enrolled.get(name), progress.get(name), quality.get(name))
                for name in sorted({*enrolled, *progress})
            ],
        }
        return rendering.render("coders.html", visitor=visitor, language=campaign.language, values=values)

    return routes


def _shares(work: UnitOfWork, campaign: Campaign, coder: str) -> list[Share]:
    """None or one."""
    progress = standing.of_coder(work, campaign.key, coder)
    if progress is None:
        return []
    differing = disagreements.of_coder(work, campaign.key, coder)
    return [Share(campaign, progress, differing[:_MOST_SHOWN], max(0, len(differing) - _MOST_SHOWN))]
