"""Who may open which route: one line for each. A route of the application that has none here fails a test.

A line says what the weakest visitor is who gets through; all above get through too. ``OPEN`` asks for nobody, pages ask
for a session in the role (others are led to the log-in page, or refused with 403), forms besides for the page's own
``csrf`` and for an account, and the API for a token in the role and with the scope.
"""

from __future__ import annotations

from dataclasses import dataclass

from annotation.domain.account import Role, Scope


@dataclass(frozen=True, slots=True)
class Open:
    """For everybody. ``answers`` are the statuses that a stranger without any field filled in may get."""

    answers: frozenset[int] = frozenset({200})


@dataclass(frozen=True, slots=True)
class Page:
    role: Role


@dataclass(frozen=True, slots=True)
class Form:
    role: Role


@dataclass(frozen=True, slots=True)
class Api:
    role: Role
    scope: Scope = Scope.READ


@dataclass(frozen=True, slots=True)
class Secret:
    """For holders of another secret, such as a webhook's; nobody else gets through."""


Rule = Open | Page | Form | Api | Secret

CODER, SCIENTIST, LEAD, ADMIN = Role.CODER, Role.SCIENTIST, Role.LEAD, Role.ADMIN

RULES: dict[str, Rule] = {
    "GET /openapi.json": Open(),
    "GET /docs": Open(),
    "GET /docs/{name}": Open(frozenset({200, 422})),
    "GET /health": Open(),
    "GET /login": Open(),
    "POST /login": Open(frozenset({403})),
    "POST /logout": Open(frozenset({303})),
    "GET /login/identity": Open(frozenset({404})),
    "GET /login/identity/back": Open(frozenset({403})),
    "GET /login/identity/out": Open(frozenset({404})),
    "GET /password": Open(frozenset({404})),
    "POST /password": Open(frozenset({404})),
    "POST /webhooks/labelstudio": Secret(),
    "GET /ml/health": Secret(),
    "GET /ml/versions": Secret(),
    "POST /ml/setup": Secret(),
    "POST /ml/predict": Secret(),
    "POST /ml/webhook": Secret(),
    "GET /metrics": Api(SCIENTIST),
    # Coders are led to their own page.
    "GET /": Page(CODER),
    "GET /campaigns": Page(SCIENTIST),
    "GET /campaigns/{key}": Page(SCIENTIST),
    "GET /account": Page(CODER),
    "POST /account/password": Form(CODER),
    "POST /account/tokens": Form(CODER),
    "POST /account/tokens/{token_id}/revoke": Form(CODER),
    "GET /accounts": Page(ADMIN),
    "POST /accounts": Form(ADMIN),
    "POST /accounts/{account_id}/{change}": Form(ADMIN),
    "GET /audit": Page(ADMIN),
    "GET /api/campaigns": Api(SCIENTIST),
    "GET /api/campaigns/{key}": Api(SCIENTIST),
    "GET /api/campaigns/{key}/draws": Api(SCIENTIST),
    "GET /api/draws/{draw_id}/tasks": Api(SCIENTIST),
    "GET /api/trainingsets/{name}/versions": Api(SCIENTIST),
    "GET /api/models/{name}/versions": Api(SCIENTIST),
    "GET /api/decisions": Api(SCIENTIST),
    "GET /api/quarantine": Api(SCIENTIST),
    "GET /api/quarantine/{number}": Api(SCIENTIST),
    "POST /api/quarantine/retry": Api(LEAD, Scope.WRITE),
    "POST /api/quarantine/drop": Api(LEAD, Scope.WRITE),
    "GET /quarantine": Page(SCIENTIST),
    "POST /quarantine": Form(LEAD),
    "GET /campaigns/{key}/brought": Page(SCIENTIST),
    "GET /campaigns/{key}/coders": Page(SCIENTIST),
    "GET /me": Page(CODER),
    "GET /campaigns/{key}/monitoring": Page(SCIENTIST),
    "GET /campaigns/{key}/draws": Page(SCIENTIST),
    "GET /draws/{draw_id}": Page(SCIENTIST),
    "GET /trainingsets/{name}": Page(SCIENTIST),
    "GET /trainingsets/{name}/versions/{tag}": Page(SCIENTIST),
    "GET /trainingsets/{name}/diff": Page(SCIENTIST),
    "GET /models/{name}": Page(SCIENTIST),
    "GET /models/{name}/{version}": Page(SCIENTIST),
    "GET /texts/{text_key}": Page(SCIENTIST),
    "GET /campaigns/{key}/exports": Page(SCIENTIST),
    "GET /exports/campaigns/{key}/{table}.{form}": Page(SCIENTIST),
    "GET /exports/trainingsets/{name}/versions.{form}": Page(SCIENTIST),
    "GET /exports/trainingsets/{name}/diff.{form}": Page(SCIENTIST),
    "GET /exports/models/{name}.{form}": Page(SCIENTIST),
    "GET /new": Page(LEAD),
    "POST /new": Form(LEAD),
    "GET /campaigns/{key}/manage": Page(LEAD),
    "POST /campaigns/{key}/pause": Form(LEAD),
    "POST /campaigns/{key}/resume": Form(LEAD),
    "POST /campaigns/{key}/extend": Form(LEAD),
    "POST /campaigns/{key}/close": Form(LEAD),
    "POST /campaigns/{key}/policy": Form(LEAD),
    "POST /campaigns/{key}/coders": Form(LEAD),
    "GET /api/campaigns/{key}/monitoring": Api(SCIENTIST),
    "GET /api/campaigns/{key}/policy": Api(SCIENTIST),
    "GET /api/campaigns/{key}/coders": Api(SCIENTIST),
    "GET /api/draws/{draw_id}": Api(SCIENTIST),
    "GET /api/trainingsets/{name}/diff": Api(SCIENTIST),
    "GET /api/models/{name}/versions/{version}": Api(SCIENTIST),
    "GET /api/texts/{text_key}": Api(SCIENTIST),
    "GET /api/exports/campaigns/{key}/{table}.{form}": Api(SCIENTIST),
    "GET /api/exports/trainingsets/{name}/versions.{form}": Api(SCIENTIST),
    "GET /api/exports/trainingsets/{name}/diff.{form}": Api(SCIENTIST),
    "GET /api/exports/models/{name}.{form}": Api(SCIENTIST),
    "POST /api/campaigns": Api(LEAD, Scope.WRITE),
    "POST /api/campaigns/{key}/pause": Api(LEAD, Scope.WRITE),
    "POST /api/campaigns/{key}/resume": Api(LEAD, Scope.WRITE),
    "POST /api/campaigns/{key}/extend": Api(LEAD, Scope.WRITE),
    "POST /api/campaigns/{key}/close": Api(LEAD, Scope.WRITE),
    "PATCH /api/campaigns/{key}/policy": Api(LEAD, Scope.WRITE),
    "PUT /api/campaigns/{key}/coders/{coder}": Api(LEAD, Scope.WRITE),
}
