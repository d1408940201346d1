"""What was set aside, for programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from annotation.api.access import CurrentVisitor
from annotation.api.quarantine_pages import Ward
from annotation.api.reads import ANSWERS, MISSING, Limit, Offset
from annotation.api.representations import Page, Problem, QuarantinedItem, Representation
from annotation.campaign.quarantining import LONGEST_REASON
from annotation.domain.account import Role, Scope
from annotation.errors import NotFoundError

_BAD: dict[int | str, dict[str, Any]] = {400: {"model": Problem, "description": "The body cannot be taken"}}

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="As the list gives it.")]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=1000, examples=[[3, 4]], description="As the list gives.")]
Kind = Annotated[str | None, Query(max_length=32, description="Of this kind alone.", examples=["text"])]
Reason = Annotated[str, Query(max_length=200, description="A part of why it waits.")]
Every = Annotated[bool, Query(alias="all", description="Also what was taken later, or dropped.")]


class ToRetry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: Ids


class ToDrop(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: Ids
    reason: str = Field(min_length=1, max_length=LONGEST_REASON, examples=["A test of the office's."])


class RefusedItem(Representation):
    id: int
    reason: str = Field(description="Why it waits on.")


class RetriedItem(Representation):
    taken: list[int]
    refused: list[RefusedItem]
    settled: list[int] = Field(description="They needed nothing any more.")


class DroppedItem(Representation):
    dropped: int = Field(description="How many of them waited.")


def router(ward: Ward) -> APIRouter:
    routes = APIRouter(prefix="/api/quarantine", tags=["quarantine"], responses=ANSWERS)
    reads = Depends(ward.access.api(Role.SCIENTIST, Scope.READ))
    writes = Depends(ward.access.api(Role.LEAD, Scope.WRITE))

    @routes.get("", summary="List what was set aside", dependencies=[reads])
    def listed(
        kind: Kind = None, reason: Reason = "", every: Every = False, limit: Limit = 100, offset: Offset = 0
    ) -> Page[QuarantinedItem]:
        """Rows and answers that could not be taken and wait, with the reason; oldest first."""
        with ward.ledger.read() as work:
            found = work.quarantine.list(kind=kind, reason=reason, waiting=not every, limit=limit, offset=offset)
            total = work.quarantine.count(kind=kind, reason=reason, waiting=not every)
        items = [QuarantinedItem.of(one) for one in found]
        return Page[QuarantinedItem](items=items, total=total, limit=limit, offset=offset)

    @routes.get("/{number}", summary="See one of them", responses=MISSING, dependencies=[reads])
    def shown(number: Number) -> QuarantinedItem:
        """As it came in, with what became of it."""
        with ward.ledger.read() as work:
            found = work.quarantine.get(number)
        if found is None:
            raise NotFoundError(f"Nothing was set aside under {number}.", cure="See /api/quarantine?all=true")
        return QuarantinedItem.of(found)

    @routes.post("/retry", summary="Try some of them again", responses=MISSING | _BAD, dependencies=[writes])
    def retry(wanted: ToRetry, visitor: CurrentVisitor) -> RetriedItem:
        """Each is taken by the way it came, or waits on with its new reason."""
        result = ward.retry(visitor, wanted.ids)
        refused = [RefusedItem(id=number, reason=reason) for number, reason in result.refused]
        return RetriedItem(taken=list(result.taken), refused=refused, settled=list(result.settled))

    @routes.post("/drop", summary="Drop some of them", responses=MISSING | _BAD, dependencies=[writes])
    def drop(wanted: ToDrop, visitor: CurrentVisitor) -> DroppedItem:
        """They wait no more; who dropped them, when and why is kept with them."""
        return DroppedItem(dropped=ward.drop(visitor, wanted.ids, wanted.reason))

    return routes
