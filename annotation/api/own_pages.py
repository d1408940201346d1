"""Pages about somebody's own access: their password and tokens, and the link by which a password is first set."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import anonymous, audit, forms, granting, passwords, rate_limit, rendering
from annotation.api.access import CurrentVisitor, ForbiddenError, Visitor, address_of
from annotation.api.forms import CurrentFields
from annotation.api.sign_in import Entrance
from annotation.domain.account import Account, Role, Scope
from annotation.errors import InvalidInputError, NotFoundError, WorkbenchError
from annotation.ledger.unit_of_work import UnitOfWork

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


def router(entrance: Entrance) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    for part in (_own(entrance), _first_password(entrance)):
        routes.include_router(part)
    return routes


def _own(entrance: Entrance) -> APIRouter:
    access, ledger = entrance.access, entrance.ledger
    routes = APIRouter(prefix="/account", dependencies=[Depends(access.page(Role.CODER))])
    form = [Depends(access.form(Role.CODER))]

    def page(visitor: Visitor, *, status: int = 200, **told: Any) -> HTMLResponse:
        with ledger.read() as work:
            account = _owner(work, visitor)
            tokens = work.tokens.of(account.id)
        values = {"account": account, "tokens": tokens, "now": entrance.clock(), "made": None, "trouble": None, **told}
        return rendering.render(
            "tokens.html", visitor=visitor, language=entrance.language, status=status, values=values
        )

    @routes.get("")
    def own(visitor: CurrentVisitor) -> HTMLResponse:
        return page(visitor)

    @routes.post("/password", dependencies=form)
    def change_password(request: Request, visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        now = entrance.clock()
        with ledger.begin() as work:
            account = _owner(work, visitor)
            seconds = rate_limit.admit(work, subject=account.email, address=visitor.address, now=now)
        try:
            if seconds:
                raise InvalidInputError("Too many attempts.", cure=f"Wait {seconds} seconds, then try again.")
            new = granting.own_password(account, fields.get("old", ""), fields.get("new", ""))
        except InvalidInputError as error:
            return page(visitor, status=forms.status_of(error), trouble=error)
        with ledger.begin() as work:
            changed = granting.set_password(work, account, new, by=visitor, now=now)
            audit.record(work, visitor, rate_limit.SIGNED_IN, account.email, now=now)
        return entrance.begin(request, changed, "/account")

    @routes.post("/tokens", dependencies=form)
    def create(visitor: CurrentVisitor, fields: CurrentFields) -> HTMLResponse:
        try:
            with ledger.begin() as work:
                made = granting.create_token(
                    work,
                    _owner(work, visitor),
                    fields.get("name", ""),
                    forms.choice(Scope, fields, "scope"),
                    days=forms.number(fields, "days"),
                    by=visitor,
                    now=entrance.clock(),
                )
        except InvalidInputError as error:
            return page(visitor, status=forms.status_of(error), trouble=error)
        return page(visitor, made=made.secret)

    @routes.post("/tokens/{token_id}/revoke", dependencies=form)
    def revoke(token_id: Id, visitor: CurrentVisitor) -> RedirectResponse:
        with ledger.begin() as work:
            token = work.tokens.get(token_id)
            if token.account_id != visitor.account_id and visitor.role is not Role.ADMIN:
                raise NotFoundError(f"You have no token {token_id}.")
            granting.revoke_token(work, token, by=visitor, now=entrance.clock())
        return RedirectResponse("/account" if token.account_id == visitor.account_id else "/accounts", 303)

    return routes


def _first_password(entrance: Entrance) -> APIRouter:
    """Setting a password by a link, for those who cannot sign in yet."""
    access, ledger = entrance.access, entrance.ledger
    routes = APIRouter()

    def page(request: Request, link: str, account: Account, error: WorkbenchError | None = None) -> HTMLResponse:
        values = {"link": link, "account": account, "trouble": error, "shortest": passwords.SHORTEST}
        status = forms.status_of(error) if error else 200
        return anonymous.page(
            access, request, "password.html", language=entrance.language, status=status, values=values
        )

    @routes.get("/password")
    def form(request: Request, link: str = "") -> HTMLResponse:
        with ledger.read() as work:
            account = granting.linked(work, link, sessions=access.sessions, now=entrance.clock())
        return page(request, link, account)

    @routes.post("/password")
    def set_password(request: Request, fields: CurrentFields) -> Response:
        link, now = fields.get("link", ""), entrance.clock()
        with ledger.read() as work:
            account = granting.linked(work, link, sessions=access.sessions, now=now)
        try:
            anonymous.check(access, request, fields)
            new = passwords.hashed(passwords.checked(fields.get("new", ""), email=account.email))
        except (ForbiddenError, InvalidInputError) as error:
            return page(request, link, account, error)
        owner = Visitor(account.email, account.role, account.id, address=address_of(request))
        with ledger.begin() as work:
            again = granting.linked(work, link, sessions=access.sessions, now=now)
            changed = granting.set_password(work, again, new, by=owner, now=now)
            audit.record(work, owner, rate_limit.SIGNED_IN, changed.email, now=now)
        return entrance.begin(request, changed, "/")

    return routes


def _owner(work: UnitOfWork, visitor: Visitor) -> Account:
    account = work.accounts.find(visitor.account_id) if visitor.account_id is not None else None
    if account is None:
        raise NotFoundError(
            "You have no account: you came in by a token of the settings, or sit at this machine.",
            cure="Make one with: awb account add EMAIL --role admin",
        )
    return account
