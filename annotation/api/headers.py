"""What browsers are told about every answer."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Scripts in files of ours alone, none inside a page. The API's documentation also needs styles that it sets itself.
STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
DOCUMENTATION = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """An ASGI layer. Only the style sheet and the documentation's own files may be kept by a browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        state: dict[str, Any] = scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add(headers, scope["path"])
                _renew(headers, state)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add(headers: MutableHeaders, path: str) -> None:
    headers.update(_ALWAYS)
    headers["Content-Security-Policy"] = DOCUMENTATION if path == "/docs" else STRICT
    if not path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")


def _renew(headers: MutableHeaders, state: dict[str, Any]) -> None:
    """Hand on a session's cookie that was signed anew, unless the answer starts or ends a session itself."""
    if "set_cookie" in state and "set-cookie" not in headers:
        headers.append("Set-Cookie", state["set_cookie"])
