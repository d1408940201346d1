"""Pages of admins: who has access, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import forms, granting, rate_limit, rendering
from annotation.api.access import CurrentVisitor, Visitor
from annotation.api.forms import CurrentFields
from annotation.api.sign_in import Entrance
from annotation.domain.account import Account, Role
from annotation.errors import NotFoundError, WorkbenchError
from annotation.ledger.unit_of_work import UnitOfWork

_ROWS = 100
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Change = Literal["role", "disable", "enable", "link"]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


def router(entrance: Entrance) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    for part in (_accounts(entrance), _audit(entrance)):
        routes.include_router(part)
    return routes


def _accounts(entrance: Entrance) -> APIRouter:
    access, ledger = entrance.access, entrance.ledger
    routes = APIRouter(prefix="/accounts", dependencies=[Depends(access.page(Role.ADMIN))])
    form = [Depends(access.form(Role.ADMIN))]

    def page(request: Request, visitor: Visitor, *, status: int = 200, path: str = "", **told: Any) -> HTMLResponse:
        with ledger.read() as work:
            accounts = work.accounts.all()
            tokens = [one for one in work.tokens.of() if one.revoked_at is None]
        values = {
            "accounts": accounts,
            "emails": {one.id: one.email for one in accounts},
            "tokens": tokens,
            "roles": list(Role),
            "link": access.address(request) + path if path else None,
            "account": None,
            "trouble": None,
            **told,
        }
        return rendering.render(
            "accounts.html", visitor=visitor, language=entrance.language, status=status, values=values
        )

    @routes.get("")
    def accounts(request: Request, visitor: CurrentVisitor) -> HTMLResponse:
        return page(request, visitor)

    @routes.post("", dependencies=form)
    def add(request: Request, visitor: CurrentVisitor, fields: CurrentFields) -> HTMLResponse:
        now = entrance.clock()
        try:
            with ledger.begin() as work:
                role = forms.choice(Role, fields, "role")
                made = granting.add_account(work, fields.get("email", ""), role, by=visitor, now=now)
                path = granting.password_link(work, made, sessions=access.sessions, by=visitor, now=now)
        except WorkbenchError as error:
            return page(request, visitor, status=forms.status_of(error), trouble=error)
        return page(request, visitor, path=path, account=made)

    @routes.post("/{account_id}/{change}", dependencies=form)
    def change(
        request: Request,
        account_id: Id,
        change: Change,
        visitor: CurrentVisitor,
        fields: CurrentFields,
    ) -> Response:
        now, path = entrance.clock(), ""
        with ledger.read() as work:
            account = _known(work, account_id)
        try:
            with ledger.begin() as work:
                if change == "role":
                    granting.set_role(work, account, forms.choice(Role, fields, "role"), by=visitor, now=now)
                elif change == "disable":
                    granting.disable(work, account, by=visitor, now=now)
                elif change == "enable":
                    granting.enable(work, account, by=visitor, now=now)
                else:
                    path = granting.password_link(work, account, sessions=access.sessions, by=visitor, now=now)
        except WorkbenchError as error:
            return page(request, visitor, status=forms.status_of(error), trouble=error)
        if path:
            return page(request, visitor, path=path, account=account)
        return RedirectResponse("/accounts", status_code=303)

    return routes


def _audit(entrance: Entrance) -> APIRouter:
    routes = APIRouter(dependencies=[Depends(entrance.access.page(Role.ADMIN))])

    @routes.get("/audit")
    def audit_log(visitor: CurrentVisitor, number: PageNumber = 1) -> HTMLResponse:
        with entrance.ledger.read() as work:
            rows = work.audit.latest(limit=_ROWS + 1, offset=(number - 1) * _ROWS, without=(rate_limit.TRIED,))
        values = {"rows": rows[:_ROWS], "number": number, "more": len(rows) > _ROWS}
        return rendering.render("audit.html", visitor=visitor, language=entrance.language, values=values)

    return routes


def _known(work: UnitOfWork, account_id: int) -> Account:
    found = work.accounts.find(account_id)
    if found is None:
        raise NotFoundError("There is no such account.", cure="See: awb account list")
    return found
