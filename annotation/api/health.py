"""Whether this server can do its work, for whoever watches over it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from annotation.errors import InstallationError, UnreachableError
from annotation.ledger.unit_of_work import Ledger


class Part(BaseModel):
    ok: bool
    detail: str = Field(examples=["reachable, tables up to date"])


class Health(BaseModel):
    ok: bool
    parts: dict[str, Part] = Field(examples=[{"ledger": {"ok": True, "detail": "reachable, tables up to date"}}])


def router(*, ledger: Ledger) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/health", summary="Check the parts", responses={503: {"model": Health, "description": "Not healthy"}})
    def health(response: Response) -> Health:
        """No token is asked for, and nothing is told but what a watcher needs."""
        parts = {"ledger": _ledger(ledger)}
        ok = all(part.ok for part in parts.values())
        response.status_code = 200 if ok else 503
        return Health(ok=ok, parts=parts)

    return routes


def _ledger(ledger: Ledger) -> Part:
    try:
        ledger.require_migrated()
    except UnreachableError:
        return Part(ok=False, detail="does not answer")
    except InstallationError:
        return Part(ok=False, detail="tables are missing or of another version; run: awb init")
    return Part(ok=True, detail="reachable, tables up to date")
