"""From a template to the page of a visitor, in a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from annotation.api import navigation, wording
from annotation.api.access import Visitor
from annotation.api.formats import NONE, Formats
from annotation.domain import characters
from annotation.domain.campaign import Campaign


def _shown(value: object) -> object:
    """Of texts that people wrote, what turns letters around or cannot be seen is not shown."""
    return characters.shown(value) if type(value) is str else value


_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)


def static_files() -> StaticFiles:
    return StaticFiles(directory=STATIC)


def render(
    template: str,
    *,
    visitor: Visitor | None,
    language: str,
    status: int = 200,
    values: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    """The template with the words and formats of a language; ``visitor`` is None before somebody has signed in."""
    language = wording.known(language)
    content = _TEMPLATES.get_template(template).render(
        language=language,
        words=wording.LANGUAGES[language],
        formats=Formats(language),
        visitor=visitor,
        links=navigation.of(visitor),
        campaign_links=navigation.of_campaign(visitor),
        nothing=NONE,
        **(values or {}),
    )
    return HTMLResponse(content, status_code=status)


def trouble(
    *,
    visitor: Visitor | None,
    language: str,
    status: int,
    message: str,
    cure: str,
    campaigns: Sequence[Campaign] = (),
) -> HTMLResponse:
    """A page in place of the one that was asked for; it leads on to what exists."""
    values = {"status": status, "message": message, "cure": cure, "campaigns": campaigns}
    return render("trouble.html", visitor=visitor, language=language, status=status, values=values)
