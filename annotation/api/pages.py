"""The pages that people read. They work without script and ask nothing of any other server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from annotation.api import access as accesses
from annotation.api import charts, wording
from annotation.api.access import Access
from annotation.api.formats import NONE, Formats
from annotation.api.overview import Overview
from annotation.campaign import measurement
from annotation.campaign.measurement import Measurement
from annotation.campaign.throughput import WINDOW_DAYS
from annotation.domain.campaign import Campaign
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger

_HERE = Path(__file__).parent
_LONGEST_FORM = 8192
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def static_files() -> StaticFiles:
    return StaticFiles(directory=_HERE / "static")


def render(
    template: str, *, language: str, signed_in: bool, status: int = 200, values: Mapping[str, Any] | None = None
) -> HTMLResponse:
    """The template with the words and formats of a language."""
    language = wording.known(language)
    content = _TEMPLATES.get_template(template).render(
        language=language,
        words=wording.LANGUAGES[language],
        formats=Formats(language),
        signed_in=signed_in,
        nothing=NONE,
        **(values or {}),
    )
    return HTMLResponse(content, status_code=status)


def router(*, ledger: Ledger, access: Access, overview: Overview, language: str) -> APIRouter:
    """``language`` is that of the pages which belong to no campaign."""
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page)])

    @routes.get("/")
    def home() -> HTMLResponse:
        with ledger.read() as work:
            campaigns = work.campaigns.all()
        return render(
            "campaigns.html",
            language=_common_language(campaigns, language),
            signed_in=access.by_token,
            values={"campaigns": campaigns},
        )

    @routes.get("/campaigns")
    def campaigns() -> RedirectResponse:
        return RedirectResponse("/", status_code=308)

    @routes.get("/campaigns/{key}")
    def campaign(key: str) -> HTMLResponse:
        viewed = overview.progress(key)
        estimates = [m.measurement.estimate for m in viewed.progress.models if m.measurement.estimate]
        if viewed.progress.champion.estimate:
            estimates.append(viewed.progress.champion.estimate)
        values = {
            "progress": viewed.progress,
            "trouble": viewed.champion.trouble,
            "axis": charts.axis(estimates),
            "areas": charts.areas(viewed.progress.days),
            "charts": charts,
            "gap": _gap,
            "window": WINDOW_DAYS,
        }
        return render(
            "campaign.html",
            language=viewed.progress.campaign.language,
            signed_in=access.by_token,
            values=values,
        )

    return routes


def sign_in_router(*, access: Access, language: str) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    def form(next: str = "/") -> Response:  # noqa: A002
        if not access.by_token:
            return RedirectResponse("/", status_code=303)
        return _form(language, _inside(next), wrong=False)

    @routes.post("/login")
    async def sign_in(request: Request) -> Response:
        fields = await _fields(request)
        target = _inside(fields.get("next", "/"))
        if not access.knows(fields.get("token", "").strip()):
            return _form(language, target, wrong=True)
        response = RedirectResponse(target, status_code=303)
        response.set_cookie(
            accesses.COOKIE,
            access.new_session(),
            max_age=accesses.SESSION_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    @routes.post("/logout")
    def sign_out() -> RedirectResponse:
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(accesses.COOKIE, httponly=True, samesite="lax")
        return response

    return routes


def login_redirect(request: Request) -> RedirectResponse:
    """To the form, which leads back to the page that was asked for."""
    return RedirectResponse(f"/login?{urlencode({'next': request.url.path})}", status_code=303)


def trouble(
    *, language: str, signed_in: bool, status: int, message: str, cure: str, campaigns: Sequence[Campaign] = ()
) -> HTMLResponse:
    """A page in place of the one that was asked for; it leads on to what exists."""
    values = {"status": status, "message": message, "cure": cure, "campaigns": campaigns}
    return render("trouble.html", language=language, signed_in=signed_in, status=status, values=values)


def _form(language: str, target: str, *, wrong: bool) -> HTMLResponse:
    values = {"next": target, "wrong": wrong}
    return render("login.html", language=language, signed_in=False, status=401 if wrong else 200, values=values)


async def _fields(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise InvalidInputError("The form is too long.", cure="Paste the token alone.")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _inside(target: str) -> str:
    """The target if it is a path of ours; a form must not lead people to somebody else's site."""
    outside = not target.startswith("/") or target.startswith("//") or any(c in target for c in "\\\r\n\t")
    return "/" if outside else target


def _common_language(campaigns: Sequence[Campaign], otherwise: str) -> str:
    spoken = {wording.known(campaign.language) for campaign in campaigns}
    return spoken.pop() if len(spoken) == 1 else otherwise


def _gap(measured: Measurement, words: Mapping[str, str], formats: Formats) -> str:
    """Why there is no figure, in a sentence."""
    return words[f"gap_{measured.gap}"].format(
        members=formats.number(measured.members),
        coded=formats.number(measured.coded),
        scored=formats.number(measured.scored),
        least=measurement.LEAST_TEXTS,
    )
