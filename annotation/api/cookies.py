"""How cookies are put and taken away: never readable by a script, never sent along by another site's form."""

from __future__ import annotations

from starlette.responses import Response

COOKIE = "awb_session"
FORM_COOKIE = "awb_form"
IDENTITY_COOKIE = "awb_identity"


def named(name: str, *, secure: bool) -> str:
    """With https, the name under which a browser takes the cookie from this very host alone."""
    return f"__Host-{name}" if secure else name


def put(response: Response, name: str, value: str, *, seconds: int, secure: bool) -> None:
    response.set_cookie(
        named(name, secure=secure), value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure
    )


def drop(response: Response, name: str, *, secure: bool) -> None:
    response.delete_cookie(named(name, secure=secure), path="/", httponly=True, samesite="lax", secure=secure)


def header(name: str, value: str, *, seconds: int, secure: bool) -> str:
    """The ``Set-Cookie`` header, for whoever has no response at hand."""
    response = Response()
    put(response, name, value, seconds=seconds, secure=secure)
    return response.headers["set-cookie"]
