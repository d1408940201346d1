"""The API on drift, draws, training sets, models and the history of texts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from annotation.api.access import Access
from annotation.api.insights import Change
from annotation.api.lead_items import (
    DifferenceItem,
    DrawDetailsItem,
    DriftItem,
    EnrolmentItem,
    LineageItem,
    MonitoringItem,
    PromiseItem,
    ShareItem,
    TextItem,
)
from annotation.api.monitoring_pages import Level, Observatory
from annotation.api.reads import ANSWERS, MISSING, CampaignKey, DrawId, Limit, Name, Offset
from annotation.api.representations import Page
from annotation.api.set_pages import From, Shift, To
from annotation.campaign import drawn, lineage, monitoring
from annotation.domain.account import Role, Scope
from annotation.domain.policy import Policy

# A program waits for figures that a page would show later.
PATIENCE_SECONDS = 120.0

Version = Annotated[str, Path(description="Version of the model.", examples=["3"])]
TextKey = Annotated[str, Path(description="Key of the text, as tasks give it.", examples=["0a1b2c3d4e5f6a7b8c9d"])]


def router(*, access: Access, observatory: Observatory) -> APIRouter:
    routes = APIRouter(
        prefix="/api",
        tags=["reads"],
        dependencies=[Depends(access.api(Role.SCIENTIST, Scope.READ))],
        responses=ANSWERS | MISSING,
    )
    overview, insights = observatory.overview, observatory.insights
    ledger = overview.ledger

    @routes.get("/campaigns/{key}/monitoring", summary="See how the flow and the model move")
    def monitored(key: CampaignKey, level: Level = 1) -> MonitoringItem:
        """Codes and confidence by week over half a year, the drift last found, accuracy promised and measured."""
        with ledger.read() as work:
            nomenclature = work.nomenclatures.get(work.campaigns.get(key).nomenclature)
            drift = monitoring.recorded_drift(work, key, nomenclature)
            version = monitoring.model_of(work, key, None)
        found = observatory.look(key, version, drift, patience=PATIENCE_SECONDS) if version else None
        if found and found.trouble:
            raise found.trouble
        figures = found.value if found else None
        flow = figures.flow if figures else None
        shares = monitoring.shares(flow, nomenclature, level=min(level, nomenclature.levels)) if flow else ()
        return MonitoringItem(
            model_version=version,
            calibrated=bool(figures and figures.calibrated),
            level=min(level, nomenclature.levels),
            codes=[ShareItem.of(one) for one in shares],
            drift=DriftItem.of(drift, flow.texts if flow else {}) if drift else None,
            accuracy=[PromiseItem.of(one) for one in (figures.promises if figures else ())],
            **MonitoringItem.flow(flow),
        )

    @routes.get("/campaigns/{key}/policy", summary="Read how a campaign works")
    def policy(key: CampaignKey) -> Policy:
        """The policy in force."""
        with ledger.read() as work:
            work.campaigns.get(key)
            return work.policies.current(key)

    @routes.get("/campaigns/{key}/coders", summary="List who is enrolled in a campaign")
    def coders(key: CampaignKey, limit: Limit = 100, offset: Offset = 0) -> Page[EnrolmentItem]:
        """By pseudonym; those who left are among them."""
        with ledger.read() as work:
            work.campaigns.get(key)
            found = list(work.enrolments.current(key).values())
        return Page[EnrolmentItem].cut(found, EnrolmentItem.model_validate, limit=limit, offset=offset)

    @routes.get("/draws/{draw_id}", summary="See how a draw was made")
    def draw(draw_id: DrawId) -> DrawDetailsItem:
        """Components, budgets and what was found, strata, and the width that was foreseen."""
        with ledger.read() as work:
            return DrawDetailsItem.of(drawn.describe(work, draw_id))

    @routes.get("/trainingsets/{name}/diff", summary="Compare two versions of a training set")
    def diff(
        name: Name, old: From, to: To, change: Shift = Change.ADDED, limit: Limit = 100, offset: Offset = 0
    ) -> DifferenceItem:
        """What was added, removed, recoded and reweighted, by code, and the rows of one of these page by page."""
        with ledger.read() as work:
            for tag in (old, to):
                work.trainingsets.get(name, tag)
        found = insights.trainingsets.difference(name, old, to)
        return DifferenceItem.of(found, change, limit=limit, offset=offset)

    @routes.get("/models/{name}/versions/{version}", summary="See where a model version comes from")
    def model(name: Name, version: Version) -> LineageItem:
        """The training set version that it saw, its metrics, and the draws made from its predictions."""
        with ledger.read() as work:
            found = lineage.of_model(work, name, version, overview.trainingset)
        return LineageItem.of(found, insights.model_address(name, version))

    @routes.get("/texts/{text_key}", summary="See all that is known of a text")
    def text(text_key: TextKey) -> TextItem:
        """Everything that was asked, said, settled and predicted of it."""
        with ledger.read() as work:
            return TextItem.of(lineage.of_text(work, text_key))

    return routes
