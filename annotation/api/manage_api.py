"""The API that changes campaigns."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from annotation.api import audit
from annotation.api.access import CurrentVisitor, Visitor
from annotation.api.lead_items import EnrolmentItem, ManagedItem
from annotation.api.manage_pages import Change, Office, author, note
from annotation.api.reads import ANSWERS, MISSING, CampaignKey
from annotation.api.representations import Problem
from annotation.campaign import managing
from annotation.domain.account import Role, Scope
from annotation.domain.campaign import Campaign
from annotation.domain.team import Standing

_CONFLICT: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "A field cannot be taken; the message names each"},
    409: {"model": Problem, "description": "The key is taken, or the campaign is closed"},
}
_POLICY = {"second_share": 0.1, "consensus": "two_agree", "arbitration": True}

Coder = Annotated[str, Path(description="A pseudonym.", examples=["C003"], max_length=32)]
Fields = Annotated[dict[str, Any], Body(description="Fields of the policy to change.", examples=[_POLICY])]


class NewCampaign(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str = Field(description="Letters, digits, dots, hyphens.", examples=["naf-2025"])
    title: str = Field(max_length=200, examples=["Activities of new businesses"])
    nomenclature: str = Field(description="Key of a nomenclature that was imported.", examples=["naf-rev2"])
    language: str = Field("fr", description="Of the coders: fr or en.", examples=["fr"])


class Extension(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ends_on: date = Field(description="Last day; not before the end set so far.", examples=["2027-03-31"])


class NewEnrolment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Standing = Field(examples=["active"])
    arbiter: bool = False
    skills: list[str] = Field(default=[], description="Codes of any level; none: all.", examples=[["G", "47"]])
    reason: str = Field("", max_length=200)


def router(office: Office) -> APIRouter:
    routes = APIRouter(
        prefix="/api/campaigns",
        tags=["campaigns"],
        dependencies=[Depends(office.access.api(Role.LEAD, Scope.WRITE))],
        responses=ANSWERS | MISSING | _CONFLICT,
    )

    @routes.post("", summary="Create a campaign", status_code=201)
    def create(new: NewCampaign, visitor: CurrentVisitor) -> ManagedItem:
        """With the default policy; its nomenclature is fixed for life."""
        campaign = Campaign(new.key, new.title, new.nomenclature, new.language, office.clock())
        return _done(office, visitor, "create", lambda w, by, now: managing.create(w, campaign, by=by, now=now))

    @routes.post("/{key}/pause", summary="Pause a campaign")
    def pause(key: CampaignKey, visitor: CurrentVisitor) -> ManagedItem:
        """Nothing new is handed out; what coders hold can be answered and counts."""
        return _done(office, visitor, "pause", lambda w, by, now: managing.pause(w, key, by=by, now=now))

    @routes.post("/{key}/resume", summary="Let a paused campaign go on")
    def resume(key: CampaignKey, visitor: CurrentVisitor) -> ManagedItem:
        """Where it was not paused, nothing changes."""
        return _done(office, visitor, "resume", lambda w, by, now: managing.resume(w, key, by=by, now=now))

    @routes.post("/{key}/extend", summary="Let a campaign go on to a later day")
    def extend(key: CampaignKey, to: Extension, visitor: CurrentVisitor) -> ManagedItem:
        """Sets ``ends_on`` of its policy."""
        return _done(
            office, visitor, "extend", lambda w, by, now: managing.extend(w, key, ends_on=to.ends_on, by=by, now=now)
        )

    @routes.post("/{key}/close", summary="Close a campaign for good")
    def close(key: CampaignKey, visitor: CurrentVisitor) -> ManagedItem:
        """Nothing is drawn or sent any more; what was judged stays."""
        return _done(office, visitor, "close", lambda w, _by, now: managing.close(w, key, now=now))

    @routes.patch("/{key}/policy", summary="Change how a campaign works")
    def policy(key: CampaignKey, fields: Fields, visitor: CurrentVisitor) -> ManagedItem:
        """The fields that are not given stay; where one cannot be taken, nothing changes."""
        return _done(office, visitor, "policy", lambda w, by, now: managing.revise(w, key, fields, by=by, now=now))

    @routes.put("/{key}/coders/{coder}", summary="Enrol a coder, or change their part")
    def coder(key: CampaignKey, coder: Coder, new: NewEnrolment, visitor: CurrentVisitor) -> EnrolmentItem:
        """By pseudonym: a coder is known once the platform has told of them."""
        now = office.clock()
        with office.ledger.begin() as work:
            enrolled = managing.enrol(
                work, key, coder=coder, state=new.state, arbiter=new.arbiter, skills=new.skills, reason=new.reason,
                now=now,
            )  # fmt: skip
            detail = new.model_dump(mode="json") | {"coder": coder}
            audit.record(work, visitor, "campaign_enrol", key, now=now, detail=detail)
        return EnrolmentItem.model_validate(enrolled)

    return routes


def _done(office: Office, visitor: Visitor, action: str, change: Change) -> ManagedItem:
    now = office.clock()
    with office.ledger.begin() as work:
        done = change(work, author(visitor), now)
        note(work, visitor, f"campaign_{action}", done, now=now)
    return ManagedItem.of(done)
