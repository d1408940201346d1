"""Pages on which a lead creates a campaign, pauses, extends and closes it, sets its policy and enrols coders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import audit, policy_form, rendering
from annotation.api.access import Access, CurrentVisitor, Visitor
from annotation.api.forms import CurrentFields, Fields
from annotation.campaign import managing
from annotation.campaign.managing import Fault, InvalidFieldsError, Managed
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.domain.team import Standing
from annotation.errors import ConflictError, InvalidInputError, WorkbenchError
from annotation.ledger.unit_of_work import Ledger, UnitOfWork

# What a page may say after a change; the address carries only the word.
SAID = ("created", "paused", "resumed", "extended", "closed", "revised", "enrolled", "unchanged")

Change = Callable[[UnitOfWork, str, datetime], Managed]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a form brought that could not be taken: ``where`` names the form, ``faults`` are by field."""

    where: str
    given: Fields
    faults: Mapping[str, Fault]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """What the routes need."""

    ledger: Ledger
    access: Access
    clock: Callable[[], datetime]
    language: str

    def show(self, key: str, visitor: Visitor, *, said: str = "", complaint: Complaint | None = None) -> HTMLResponse:
        with self.ledger.read() as work:
            campaign, policy = work.campaigns.get(key), work.policies.current(key)
            enrolled, known = work.enrolments.current(key), work.coders.pseudonyms()
        refused = complaint if complaint and complaint.where == "policy" else None
        values = {
            "campaign": campaign,
            "policy": policy,
            "groups": policy_form.groups(
                policy,
                given=refused.given if refused else None,
                faults=refused.faults if refused else None,
                language=campaign.language,
            ),
            "shown_limit": policy_form.shown_limit,
            "enrolled": enrolled,
            "strangers": [one for one in known if one not in enrolled],
            "standings": list(Standing),
            "today": self.clock().date(),
            "said": said if said in SAID else "",
            "complaint": complaint,
        }
        status = 422 if complaint else 200
        return rendering.render(
            "manage.html", visitor=visitor, language=campaign.language, status=status, values=values
        )

    def change(self, key: str, visitor: Visitor, fields: Fields, form: str, change: Change, *, said: str) -> Response:
        """Carry the change out and note who did it, or show the page again with what is wrong."""
        now = self.clock()
        try:
            with self.ledger.begin() as work:
                done = change(work, author(visitor), now)
                note(work, visitor, f"campaign_{form}", done, now=now)
        except InvalidFieldsError as error:
            return self.show(key, visitor, complaint=Complaint(form, fields, error.faults))
        except (ConflictError, InvalidInputError) as error:
            return self.show(key, visitor, complaint=Complaint(form, fields, {}, str(error)))
        return leads_to(key, said if done.changed else "unchanged")


def router(office: Office) -> APIRouter:
    reads = Depends(office.access.page(Role.LEAD))
    writes = Depends(office.access.form(Role.LEAD))
    routes = APIRouter(include_in_schema=False)

    @routes.get("/new", dependencies=[reads])
    def new(visitor: CurrentVisitor) -> HTMLResponse:
        return _blank(office, visitor)

    @routes.post("/new", dependencies=[writes])
    def create(visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        now = office.clock()
        given = {name: fields.get(name, "").strip() for name in ("key", "title", "nomenclature", "language")}
        try:
            with office.ledger.begin() as work:
                campaign = Campaign(given["key"], given["title"], given["nomenclature"], given["language"], now)
                done = managing.create(work, campaign, by=author(visitor), now=now)
                note(work, visitor, "campaign_create", done, now=now)
        except InvalidFieldsError as error:
            return _blank(office, visitor, Complaint("create", fields, error.faults))
        except WorkbenchError as error:
            return _blank(office, visitor, Complaint("create", fields, {}, str(error)))
        return leads_to(done.campaign.key, "created")

    @routes.get("/campaigns/{key}/manage", dependencies=[reads])
    def manage(key: str, visitor: CurrentVisitor, said: str = "") -> HTMLResponse:
        return office.show(key, visitor, said=said)

    @routes.post("/campaigns/{key}/pause", dependencies=[writes])
    def pause(key: str, visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        def change(work: UnitOfWork, by: str, now: datetime) -> Managed:
            return managing.pause(work, key, by=by, now=now)

        return office.change(key, visitor, fields, "pause", change, said="paused")

    @routes.post("/campaigns/{key}/resume", dependencies=[writes])
    def resume(key: str, visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        def change(work: UnitOfWork, by: str, now: datetime) -> Managed:
            return managing.resume(work, key, by=by, now=now)

        return office.change(key, visitor, fields, "resume", change, said="resumed")

    @routes.post("/campaigns/{key}/extend", dependencies=[writes])
    def extend(key: str, visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        def change(work: UnitOfWork, by: str, now: datetime) -> Managed:
            return managing.extend(work, key, ends_on=managing.day(fields.get("ends_on", "")), by=by, now=now)

        return office.change(key, visitor, fields, "extend", change, said="extended")

    @routes.post("/campaigns/{key}/close", dependencies=[writes])
    def close(key: str, visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        def change(work: UnitOfWork, _by: str, now: datetime) -> Managed:
            if "sure" not in fields:
                raise InvalidFieldsError({"sure": Fault("must be ticked", "unsure")})
            return managing.close(work, key, now=now)

        return office.change(key, visitor, fields, "close", change, said="closed")

    @routes.post("/campaigns/{key}/policy", dependencies=[writes])
    def policy(key: str, visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        def change(work: UnitOfWork, by: str, now: datetime) -> Managed:
            return managing.revise(work, key, policy_form.values(fields), by=by, now=now)

        return office.change(key, visitor, fields, "policy", change, said="revised")

    @routes.post("/campaigns/{key}/coders", dependencies=[writes])
    def coders(key: str, visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        now = office.clock()
        try:
            with office.ledger.begin() as work:
                enrolled = managing.enrol(work, key, **enrolment(fields), now=now)
                detail: dict[str, Any] = {
                    "coder": enrolled.coder, "state": enrolled.state.value, "arbiter": enrolled.arbiter,
                    "skills": list(enrolled.skills), "reason": enrolled.reason,
                }  # fmt: skip
                audit.record(work, visitor, "campaign_enrol", key, now=now, detail=detail)
        except WorkbenchError as error:
            return office.show(key, visitor, complaint=Complaint("coders", fields, {}, str(error)))
        return leads_to(key, "enrolled")

    return routes


def author(visitor: Visitor) -> str:
    """Who set a policy, without a name: the account's number leads to it for those who may know."""
    return f"account {visitor.account_id}" if visitor.account_id else "page"


def note(work: UnitOfWork, visitor: Visitor, action: str, done: Managed, *, now: datetime) -> None:
    """Into the audit log, where something changed."""
    if done.changed:
        detail = {"before": plain(done.before), "after": plain(done.after)}
        audit.record(work, visitor, action, done.campaign.key, now=now, detail=detail)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in values.items()}


def enrolment(fields: Fields) -> dict[str, Any]:
    """What the form says of a coder, for ``managing.enrol``."""
    state = fields.get("state", "")
    if state not in list(Standing):
        raise InvalidInputError(f"{state!r} is no standing.", cure=f"Choose one of {', '.join(Standing)}.")
    return {
        "coder": fields.get("coder", "").strip(),
        "state": Standing(state),
        "arbiter": "arbiter" in fields,
        "skills": managing.words(fields.get("skills", "")),
        "reason": fields.get("reason", ""),
    }


def leads_to(key: str, said: str) -> RedirectResponse:
    return RedirectResponse(f"/campaigns/{quote(key, safe='')}/manage?said={said}", status_code=303)


def _blank(office: Office, visitor: Visitor, complaint: Complaint | None = None) -> HTMLResponse:
    with office.ledger.read() as work:
        nomenclatures = work.nomenclatures.keys()
    values = {"nomenclatures": nomenclatures, "complaint": complaint, "default_language": office.language}
    status = 422 if complaint else 200
    return rendering.render("manage_new.html", visitor=visitor, language=office.language, status=status, values=values)
