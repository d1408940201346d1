"""The pages that people read. They work without script and ask nothing of any other server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse

from annotation.api import charts, rendering, wording
from annotation.api.access import Access, CurrentVisitor
from annotation.api.formats import Formats
from annotation.api.overview import Overview
from annotation.campaign import measurement
from annotation.campaign.measurement import Measurement
from annotation.campaign.throughput import WINDOW_DAYS
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.ledger.unit_of_work import Ledger


def router(*, ledger: Ledger, access: Access, overview: Overview, language: str) -> APIRouter:
    """``language`` is that of the pages which belong to no campaign."""
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page(Role.SCIENTIST))])

    @routes.get("/")
    def home(visitor: CurrentVisitor) -> HTMLResponse:
        with ledger.read() as work:
            campaigns = work.campaigns.all()
        return rendering.render(
            "campaigns.html",
            language=_common_language(campaigns, language),
            visitor=visitor,
            values={"campaigns": campaigns},
        )

    @routes.get("/campaigns")
    def campaigns() -> RedirectResponse:
        return RedirectResponse("/", status_code=308)

    @routes.get("/campaigns/{key}")
    def campaign(key: str, visitor: CurrentVisitor) -> HTMLResponse:
        viewed = overview.progress(key)
        estimates = [m.measurement.estimate for m in viewed.progress.models if m.measurement.estimate]
        if viewed.progress.champion.estimate:
            estimates.append(viewed.progress.champion.estimate)
        values = {
            "progress": viewed.progress,
            "trouble": viewed.champion.trouble,
            "axis": charts.axis(estimates),
            "areas": charts.areas(viewed.progress.days),
            "charts": charts,
            "gap": _gap,
            "window": WINDOW_DAYS,
        }
        return rendering.render(
            "campaign.html",
            language=viewed.progress.campaign.language,
            visitor=visitor,
            values=values,
        )

    return routes


def _common_language(campaigns: Sequence[Campaign], otherwise: str) -> str:
    spoken = {wording.known(campaign.language) for campaign in campaigns}
    return spoken.pop() if len(spoken) == 1 else otherwise


def _gap(measured: Measurement, words: Mapping[str, str], formats: Formats) -> str:
    """Why there is no figure, in a sentence."""
    return words[f"gap_{measured.gap}"].format(
        members=formats.number(measured.members),
        coded=formats.number(measured.coded),
        scored=formats.number(measured.scored),
        least=measurement.LEAST_TEXTS,
    )
