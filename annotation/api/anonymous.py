"""Forms for people who have no session yet: what they bring back is bound to a cookie of their browser."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from annotation.api import cookies, rendering
from annotation.api.access import Access
from annotation.api.forms import Fields

_SECONDS = 3600


def page(
    access: Access, request: Request, template: str, *, language: str, status: int, values: Mapping[str, Any]
) -> HTMLResponse:
    """The page with ``csrf`` among its values, and the cookie that belongs to it."""
    secure = access.secure(request)
    key = request.cookies.get(cookies.named(cookies.FORM_COOKIE, secure=secure)) or secrets.token_urlsafe(16)
    given = {**values, "csrf": access.sessions.csrf(f"form {key}")}
    response = rendering.render(template, visitor=None, language=language, status=status, values=given)
    cookies.put(response, cookies.FORM_COOKIE, key, seconds=_SECONDS, secure=secure)
    return response


def check(access: Access, request: Request, fields: Fields) -> None:
    """Raise ForbiddenError for a form that is not this browser's own."""
    key = request.cookies.get(cookies.named(cookies.FORM_COOKIE, secure=access.secure(request)))
    access.check_form(request, fields, access.sessions.csrf(f"form {key}") if key else "")
