"""Who may open which route: one line for each. A route of the application that has none here fails a test.

A line says what the weakest visitor is who gets through; all above get through too. ``OPEN`` asks for nobody, pages ask
for a session in the role (others are led to the log-in page, or refused with 403), forms besides for the page's own
``csrf``, and the API for a token in the role and with the scope.
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
    "GET /password": Open(frozenset({404})),
    "POST /password": Open(frozenset({404})),
    "POST /webhooks/labelstudio": Secret(),
    "GET /ml/health": Secret(),
    "GET /ml/versions": Secret(),
    "POST /ml/setup": Secret(),
    "POST /ml/predict": Secret(),
    "POST /ml/webhook": Secret(),
    "GET /metrics": Api(SCIENTIST),
    "GET /": Page(SCIENTIST),
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
}
