"""Signing in through an identity provider: to it, back from it, and out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from annotation.api import audit, cookies, granting, oidc, sign_in
from annotation.api.access import ForbiddenError, Visitor, address_of
from annotation.api.oidc import Flow, IdentityRefusedError, Provider
from annotation.api.sign_in import Entrance
from annotation.domain.account import Account, Role
from annotation.errors import NotFoundError
from annotation.network import Reach
from annotation.settings import OidcSettings

BACK = "/login/identity/back"
_LASTING = timedelta(minutes=10)
_PURPOSE = "identity"


@dataclass(frozen=True, slots=True)
class Identities:
    """``provider`` is None where none is set."""

    provider: Provider | None
    settings: OidcSettings


def router(entrance: Entrance, identities: Identities) -> APIRouter:
    routes = APIRouter(prefix="/login/identity", include_in_schema=False)
    access, settings = entrance.access, identities.settings

    def provider() -> Provider:
        if identities.provider is None:
            raise NotFoundError("This server has no identity provider.", cure="Set serve.oidc.issuer.")
        return identities.provider

    @routes.get("")
    def go(request: Request, next: str = "/") -> Response:  # noqa: A002
        flow, secure = Flow.new(), access.secure(request)
        target = provider().authorization_url(flow, redirect_uri=access.address(request) + BACK)
        content = {**asdict(flow), "next": sign_in.inside(next), "until": (entrance.clock() + _LASTING).timestamp()}
        response = RedirectResponse(target, status_code=303)
        signed = access.sessions.sign(_PURPOSE, content)
        cookies.put(response, cookies.IDENTITY_COOKIE, signed, seconds=int(_LASTING.total_seconds()), secure=secure)
        return response

    @routes.get("/back")
    def back(request: Request) -> Response:
        secure = access.secure(request)
        kept = access.sessions.signed(
            _PURPOSE, request.cookies.get(cookies.named(cookies.IDENTITY_COOKIE, secure=secure), "")
        )
        try:
            if kept is None or entrance.clock().timestamp() > kept["until"]:
                raise IdentityRefusedError("no signing-in was begun in this browser, or too long ago")
            flow = Flow(kept["state"], kept["nonce"], kept["verifier"])
            redirect_uri = access.address(request) + BACK
            claims = provider().claims(request.query_params, flow, redirect_uri=redirect_uri)
            account = _account(entrance, request, provider().client.issuer, claims, settings)
        except ForbiddenError as error:
            with entrance.ledger.begin() as work:
                work.audit.record(
                    sign_in.FAILED,
                    "identity provider",
                    now=entrance.clock(),
                    detail={"reason": error.message},
                    address=address_of(request),
                )
            raise
        response = entrance.begin(request, account, kept["next"])
        cookies.drop(response, cookies.IDENTITY_COOKIE, secure=secure)
        return response

    @routes.get("/out")
    def out(request: Request) -> Response:
        back_to = f"{access.address(request)}{sign_in.PATH}"
        return RedirectResponse(provider().end_session_url(redirect_uri=back_to) or sign_in.PATH, status_code=303)

    return routes


def provider_of(settings: OidcSettings, entrance: Entrance, reach: Reach) -> Identities:
    """InvalidInputError where the settings cannot be used."""
    if not settings.issuer:
        return Identities(None, settings)
    client = oidc.Client(settings.issuer, settings.client_id, settings.read_client_secret(), settings.scopes)
    return Identities(Provider(client, clock=entrance.clock, reach=reach), settings)


def role_of(claims: Mapping[str, Any], settings: OidcSettings) -> Role | None:
    """The highest role that the person's groups give, else the default; None for nobody's."""
    found = [settings.roles[value] for value in _values(claims, settings.role_claim) if value in settings.roles]
    return max(found, key=list(Role).index) if found else settings.default_role


def _values(claims: Mapping[str, Any], path: str) -> Sequence[str]:
    """What stands at the path, whose name may itself hold dots."""
    value: Any = claims
    if path in claims:
        value = claims[path]
    else:
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _account(
    entrance: Entrance, request: Request, issuer: str, claims: Mapping[str, Any], settings: OidcSettings
) -> Account:
    email, verified = claims.get("email"), claims.get("email_verified")
    if not isinstance(email, str) or verified not in (True, "true"):
        raise ForbiddenError(
            "The identity provider does not vouch for your e-mail address.", cure="Confirm the address there first."
        )
    with entrance.ledger.begin() as work:
        account = granting.welcome(
            work,
            granting.Identity(issuer, str(claims["sub"]), email),
            told=role_of(claims, settings) if settings.role_claim else None,
            keeps_role=not settings.role_claim,
            default=settings.default_role,
            now=entrance.clock(),
        )
        visitor = Visitor(account.email, account.role, account.id, address=address_of(request))
        audit.record(work, visitor, sign_in.SIGNED_IN, account.email, now=entrance.clock(), detail={"by": issuer})
    return account
