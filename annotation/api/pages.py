"""The pages that people read. They work without script and ask nothing of any other server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import access as accesses
from annotation.api import charts, rendering, wording
from annotation.api.access import Access, CurrentVisitor
from annotation.api.formats import Formats
from annotation.api.overview import Overview
from annotation.campaign import measurement
from annotation.campaign.measurement import Measurement
from annotation.campaign.throughput import WINDOW_DAYS
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger

_LONGEST_FORM = 8192


def router(*, ledger: Ledger, access: Access, overview: Overview, language: str) -> APIRouter:
    """``language`` is that of the pages which belong to no campaign."""
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page(Role.SCIENTIST))])

    @routes.get("/")
    def home(visitor: CurrentVisitor) -> HTMLResponse:
        with ledger.read() as work:
            campaigns = work.campaigns.all()
        return rendering.render(
            "campaigns.html",
            language=_common_language(campaigns, language),
            visitor=visitor,
            values={"campaigns": campaigns},
        )

    @routes.get("/campaigns")
    def campaigns() -> RedirectResponse:
        return RedirectResponse("/", status_code=308)

    @routes.get("/campaigns/{key}")
    def campaign(key: str, visitor: CurrentVisitor) -> HTMLResponse:
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
        return rendering.render(
            "campaign.html",
            language=viewed.progress.campaign.language,
            visitor=visitor,
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


def _form(language: str, target: str, *, wrong: bool) -> HTMLResponse:
    values = {"next": target, "wrong": wrong}
    return rendering.render("login.html", language=language, visitor=None, status=401 if wrong else 200, values=values)


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
