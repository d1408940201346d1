"""The API's documentation, served without the content delivery network that offices' closed networks cannot reach."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from annotation.errors import InstallationError

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Annotation workbench: API</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<noscript>This page needs scripts; the same stands in <a href="/openapi.json">openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/static/documentation.js"></script>
</body>
</html>
"""


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    def page() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    @routes.get("/docs/{name}")
    def file(name: Literal["swagger-ui.css", "swagger-ui-bundle.js"]) -> Response:
        return FileResponse(_folder() / name)

    return routes


def _folder() -> Path:
    found = importlib.util.find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise InstallationError(
            "The files of the API's documentation are not installed.", cure="Install the package fastapi-offline."
        )
    return Path(found.origin).parent / "static"
