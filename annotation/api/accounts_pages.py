"""Pages about access: everybody's own password and tokens; for admins accounts and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import anonymous, audit, granting, passwords, rate_limit, rendering
from annotation.api.access import CurrentVisitor, ForbiddenError, Visitor, address_of
from annotation.api.forms import CurrentFields, Fields
from annotation.api.sign_in import Entrance
from annotation.domain.account import Account, Role, Scope
from annotation.errors import InvalidInputError, NotFoundError, WorkbenchError
from annotation.ledger.unit_of_work import UnitOfWork

_ROWS = 100
_One = TypeVar("_One", Role, Scope)
_UNTOLD: Mapping[str, Any] = {"made": None, "trouble": None}
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


def router(entrance: Entrance) -> APIRouter:
    """Of people who have signed in."""
    routes = APIRouter(include_in_schema=False)
    for part in (_own(entrance), _accounts(entrance), _audit(entrance), _first_password(entrance)):
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
        values = {"account": account, "tokens": tokens, "now": entrance.clock(), **_UNTOLD, **told}
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
            return page(visitor, status=error_status(error), trouble=error)
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
                    _choice(Scope, fields, "scope"),
                    days=_number(fields, "days"),
                    by=visitor,
                    now=entrance.clock(),
                )
        except InvalidInputError as error:
            return page(visitor, status=error_status(error), trouble=error)
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
            **_UNTOLD,
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
                role = _choice(Role, fields, "role")
                made = granting.add_account(work, fields.get("email", ""), role, by=visitor, now=now)
                path = granting.password_link(work, made, sessions=access.sessions, by=visitor, now=now)
        except WorkbenchError as error:
            return page(request, visitor, status=error_status(error), trouble=error)
        return page(request, visitor, path=path, account=made)

    @routes.post("/{account_id}/{change}", dependencies=form)
    def change(
        request: Request, account_id: Id, change: str, visitor: CurrentVisitor, fields: CurrentFields
    ) -> Response:
        now, path = entrance.clock(), ""
        try:
            with ledger.begin() as work:
                account = _known(work, account_id)
                if change == "role":
                    granting.set_role(work, account, _choice(Role, fields, "role"), by=visitor, now=now)
                elif change == "disable":
                    granting.disable(work, account, by=visitor, now=now)
                elif change == "enable":
                    granting.enable(work, account, by=visitor, now=now)
                elif change == "link":
                    path = granting.password_link(work, account, sessions=access.sessions, by=visitor, now=now)
                else:
                    raise NotFoundError(f"Accounts know no {change[:40]}.")
        except NotFoundError:
            raise
        except WorkbenchError as error:
            return page(request, visitor, status=error_status(error), trouble=error)
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


def _first_password(entrance: Entrance) -> APIRouter:
    """Setting a password by a link, for those who cannot sign in yet."""
    access, ledger = entrance.access, entrance.ledger
    routes = APIRouter()

    def page(request: Request, link: str, account: Account, error: WorkbenchError | None = None) -> HTMLResponse:
        values = {"link": link, "account": account, "trouble": error, "shortest": passwords.SHORTEST}
        status = error_status(error) if error else 200
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


def error_status(error: WorkbenchError) -> int:
    """Of a page that says what is wrong with its own form."""
    return 403 if isinstance(error, ForbiddenError) else 422


def _owner(work: UnitOfWork, visitor: Visitor) -> Account:
    account = work.accounts.find(visitor.account_id) if visitor.account_id is not None else None
    if account is None:
        raise NotFoundError(
            "You have no account: you came in by a token of the settings, or sit at this machine.",
            cure="Make one with: awb account add EMAIL --role admin",
        )
    return account


def _known(work: UnitOfWork, account_id: int) -> Account:
    found = work.accounts.find(account_id)
    if found is None:
        raise NotFoundError("There is no such account.", cure="See: awb account list")
    return found


def _choice(kind: type[_One], fields: Fields, name: str) -> _One:
    try:
        return kind(fields.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(f"The {name} is not one of {', '.join(kind)}.", cure="Choose one.") from error


def _number(fields: Fields, name: str) -> int:
    try:
        return int(fields.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(f"{name} is no whole number.", cure="Write digits alone.") from error
