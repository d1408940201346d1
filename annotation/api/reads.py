"""The read-only API."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query

from annotation.api.access import Access
from annotation.api.overview import Overview
from annotation.api.representations import (
    CampaignItem,
    DecisionItem,
    DrawItem,
    ModelItem,
    Page,
    Problem,
    ProgressItem,
    TaskItem,
    TrainingSetItem,
)
from annotation.campaign import progress
from annotation.campaign.progress import State
from annotation.domain.account import Role, Scope
from annotation.domain.task import Component
from annotation.errors import NotFoundError
from annotation.ledger.repositories import questions
from annotation.ledger.unit_of_work import Ledger

Limit = Annotated[int, Query(ge=1, le=1000, description="How many items at most.")]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1, description="How many items to pass over.")]
CampaignKey = Annotated[str, Path(description="Key of the campaign.", examples=["main"])]
DrawId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Id of the draw, as the campaign's draws give it.")]
Name = Annotated[str, Path(description="Name under which versions are kept.", examples=["trainingset"])]
Kind = Annotated[str | None, Query(description="Of this kind alone.", max_length=64)]

Search = Annotated[str, Query(max_length=200, description="Words of the text, in this order.")]
Chosen = TypeVar("Chosen")
Wanted = Annotated[Chosen | None, Query(description="Of this kind alone.")]

ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No known token"},
    403: {"model": Problem, "description": "The token's role or scope does not allow it"},
    422: {"model": Problem, "description": "A parameter cannot be taken"},
    503: {"model": Problem, "description": "No tokens are configured, or the ledger does not answer"},
}
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is none of that name"}}


def router(*, ledger: Ledger, access: Access, overview: Overview) -> APIRouter:
    routes = APIRouter(
        prefix="/api",
        tags=["reads"],
        dependencies=[Depends(access.api(Role.SCIENTIST, Scope.READ))],
        responses=ANSWERS,
    )

    @routes.get("/campaigns", summary="List the campaigns")
    def campaigns(limit: Limit = 100, offset: Offset = 0) -> Page[CampaignItem]:
        """Oldest first."""
        with ledger.read() as work:
            return Page[CampaignItem].cut(work.campaigns.all(), CampaignItem.of, limit=limit, offset=offset)

    @routes.get("/campaigns/{key}", summary="See how far a campaign has come", responses=MISSING)
    def campaign(key: CampaignKey) -> ProgressItem:
        """Counts, pace, forecast, and the champion's accuracy with its interval."""
        return ProgressItem.of(overview.progress(key).progress)

    @routes.get("/campaigns/{key}/draws", summary="List the draws of a campaign", responses=MISSING)
    def draws(key: CampaignKey, limit: Limit = 100, offset: Offset = 0) -> Page[DrawItem]:
        """Newest first."""
        return Page[DrawItem].cut(overview.progress(key).progress.draws, DrawItem.of, limit=limit, offset=offset)

    @routes.get("/draws/{draw_id}/tasks", summary="List the tasks of a draw", responses=MISSING)
    def tasks(
        draw_id: DrawId,
        component: Wanted[Component] = None,
        state: Wanted[State] = None,
        search: Search = "",
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Page[TaskItem]:
        """In order of their key, with why each is asked and what was answered."""
        wanted = questions.Wanted(component, state.value if state else None, search.strip())
        with ledger.read() as work:
            work.draws.get(draw_id)
            keys = [one.key for one in work.questions.of_draw(draw_id, wanted, limit=limit, offset=offset)]
            known = work.tasks.get(keys)
            found = [known[key] for key in keys]
            texts = work.texts.get([task.text_key for task in found])
            marks = work.judgements.marks_of_tasks([task.key for task in found])
            total = work.questions.number(draw_id, wanted)
        items = [TaskItem.of(task, texts[task.text_key], marks.get(task.key, [])) for task in found]
        return Page[TaskItem](items=items, total=total, limit=limit, offset=offset)

    @routes.get("/trainingsets/{name}/versions", summary="List the versions of a training set", responses=MISSING)
    def trainingsets(name: Name, limit: Limit = 100, offset: Offset = 0) -> Page[TrainingSetItem]:
        """Newest first."""
        with ledger.read() as work:
            versions = work.trainingsets.all(name)
        if not versions:
            raise NotFoundError(f"The training set {name} has no version.", cure="Build one: awb trainingset build")
        return Page[TrainingSetItem].cut(versions[::-1], TrainingSetItem.of, limit=limit, offset=offset)

    @routes.get("/models/{name}/versions", summary="List the versions of a model", responses=MISSING)
    def models(name: Name, limit: Limit = 100, offset: Offset = 0) -> Page[ModelItem]:
        """Newest first, each with its accuracy on the evaluation set of its nomenclature."""
        champion = overview.champion().version
        with ledger.read() as work:
            versions = work.models.all(name)[::-1]
            if not versions:
                raise NotFoundError(f"The model {name} has no version.", cure="Train one: awb train")
            wanted = versions[offset : offset + limit]
            measured = progress.models(work, wanted, champion)
        items = [ModelItem.of(model) for model in measured]
        return Page[ModelItem](items=items, total=len(versions), limit=limit, offset=offset)

    @routes.get("/decisions", summary="List the decisions")
    def decisions(kind: Kind = None, limit: Limit = 100, offset: Offset = 0) -> Page[DecisionItem]:
        """What was done or not done (retrain, promote, relabel) and why; newest first."""
        with ledger.read() as work:
            return Page[DecisionItem].cut(work.decisions.all(kind)[::-1], DecisionItem.of, limit=limit, offset=offset)

    return routes
