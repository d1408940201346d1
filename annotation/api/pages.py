"""The pages of campaigns. They ask nothing of any other server, and without script all of their figures are tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import campaign_plots, charts, rendering, wording
from annotation.api.access import Access, CurrentVisitor
from annotation.api.formats import Formats
from annotation.api.overview import Overview
from annotation.campaign import cost, measurement
from annotation.campaign.brought import Brought
from annotation.campaign.measurement import Measurement
from annotation.campaign.progress import LATEST_DECISIONS
from annotation.campaign.standing import Standing
from annotation.campaign.trust import Trust
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.agreement import NAMES, Agreement, Coefficient


def router(*, ledger: Ledger, access: Access, overview: Overview, language: str) -> APIRouter:
    """``language`` is that of the pages which belong to no campaign."""
    routes = APIRouter(include_in_schema=False)
    routes.include_router(_home(ledger=ledger, access=access, language=language))
    routes.include_router(_campaigns(ledger=ledger, access=access, overview=overview))
    return routes


def _home(*, ledger: Ledger, access: Access, language: str) -> APIRouter:
    routes = APIRouter(dependencies=[Depends(access.page(Role.CODER))])

    @routes.get("/", response_model=None)
    def home(visitor: CurrentVisitor) -> Response:
        if not visitor.role.reaches(Role.SCIENTIST):
            # Who types the address of the workbench is not to be refused at its door.
            return RedirectResponse("/me", status_code=303)
        with ledger.read() as work:
            campaigns = work.campaigns.all()
        return rendering.render(
            "campaigns.html",
            language=_common_language(campaigns, language),
            visitor=visitor,
            values={"campaigns": campaigns},
        )

    return routes


def _campaigns(*, ledger: Ledger, access: Access, overview: Overview) -> APIRouter:
    routes = APIRouter(dependencies=[Depends(access.page(Role.SCIENTIST))])

    @routes.get("/campaigns")
    def campaigns() -> RedirectResponse:
        return RedirectResponse("/", status_code=308)

    @routes.get("/campaigns/{key}")
    def campaign(key: str, visitor: CurrentVisitor) -> HTMLResponse:
        champion = overview.champion()
        stands, told, trusted = overview.all(key, champion.version)
        with ledger.read() as work:
            found, policy = work.campaigns.get(key), work.policies.current(key)
            decisions = work.decisions.newest(LATEST_DECISIONS)
        words, formats = wording.of(found.language), Formats(wording.known(found.language))
        values = {
            "campaign": found,
            "policy": policy,
            "decisions": decisions,
            "champion": champion.version,
            "trouble": champion.trouble,
            "address": f"/campaigns/{quote(key, safe='')}",
            "stands": stands,
            "told": told,
            "trusted": trusted,
        }
        values |= standing_values(stands.value, words, formats)
        values |= _models_values(told.value)
        values |= _trust_values(trusted.value, words)
        return rendering.render("campaign.html", language=found.language, visitor=visitor, values=values)

    return routes


def standing_values(standing: Standing | None, words: Mapping[str, str], formats: Formats) -> dict[str, Any]:
    if standing is None:
        return {}
    return {
        "charts": charts,
        "cost": cost.of(standing.seconds, standing.policy),
        "burn_down": campaign_plots.burn_down(standing, words, formats),
        "answered": campaign_plots.answered(standing, words, formats),
        "hours": campaign_plots.hours(standing, words, formats),
    }


def _models_values(brought: Brought | None) -> dict[str, Any]:
    if brought is None:
        return {}
    estimates = [step.measurement.estimate for step in brought.all_steps if step.measurement.estimate]
    if brought.champion.estimate:
        estimates.append(brought.champion.estimate)
    return {"axis": charts.axis(estimates), "gap": gap}


def _trust_values(trust: Trust | None, words: Mapping[str, str]) -> dict[str, Any]:
    if trust is None:
        return {}
    found = trust.agreement
    parts: list[tuple[str, Agreement]] = [
        *((words[f"component_{component}"], one) for component, one in found.components.items()),
        *found.periods.items(),
        *((f"{first} · {second}", one) for (first, second), one in found.pairs.items()),
    ]
    return {
        "measures": NAMES,
        "measure": getattr,
        "coefficient": _coefficient,
        "parts": [part for part in parts if part[1].units],
    }


def _coefficient(coefficient: Coefficient | None, formats: Formats) -> str:
    if coefficient is None:
        return formats.percent(None)
    value = formats.number(coefficient.value, 2)
    if coefficient.low is None or coefficient.high is None:
        return value
    return f"{value} ({formats.number(coefficient.low, 2)} – {formats.number(coefficient.high, 2)})"


def _common_language(campaigns: Sequence[Campaign], otherwise: str) -> str:
    spoken = {wording.known(campaign.language) for campaign in campaigns}
    return spoken.pop() if len(spoken) == 1 else otherwise


def gap(measured: Measurement, words: Mapping[str, str], formats: Formats) -> str:
    """Why there is no figure, in a sentence."""
    return words[f"gap_{measured.gap}"].format(
        members=formats.number(measured.members),
        coded=formats.number(measured.coded),
        scored=formats.number(measured.scored),
        least=measurement.LEAST_TEXTS,
    )
