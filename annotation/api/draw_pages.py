"""The draws of a campaign, and the tasks of a draw with why each is asked."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse

from annotation.api import rendering
from annotation.api.access import Access, CurrentVisitor
from annotation.campaign import drawn, progress
from annotation.campaign.progress import State
from annotation.domain.account import Role
from annotation.domain.task import Component
from annotation.ledger.repositories.questions import Asked, Said, Wanted
from annotation.ledger.unit_of_work import Ledger, UnitOfWork

PER_PAGE = 50

DrawId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Id of the draw, as the campaign's draws give it.")]
# A form sends the fields that nobody filled in, too.
Search = Annotated[str, Query(max_length=200, description="Words of the text, in this order.")]
ComponentField = Annotated[Component | str, Query(description="Tasks of this component alone.")]
StateField = Annotated[State | str, Query(description="Tasks in this state alone.")]
PageNumber = Annotated[int, Query(ge=1, le=100_000)]


def router(*, ledger: Ledger, access: Access) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page(Role.SCIENTIST))])

    @routes.get("/campaigns/{key}/draws")
    def draws(key: str, visitor: CurrentVisitor) -> HTMLResponse:
        with ledger.read() as work:
            campaign = work.campaigns.get(key)
            found = [drawn.describe(work, draw.id) for draw in reversed(work.draws.of_campaign(key))]
        values = {"campaign": campaign, "draws": found}
        return rendering.render("draws.html", visitor=visitor, language=campaign.language, values=values)

    @routes.get("/draws/{draw_id}")
    def draw(
        draw_id: DrawId,
        visitor: CurrentVisitor,
        component: ComponentField = "",
        state: StateField = "",
        search: Search = "",
        page: PageNumber = 1,
    ) -> HTMLResponse:
        wanted = filtered(component, state, search)
        with ledger.read() as work:
            details = drawn.describe(work, draw_id)
            campaign = work.campaigns.get(details.draw.campaign)
            values = {"campaign": campaign, "details": details} | _tasks(work, draw_id, wanted, page)
        return rendering.render("draw.html", visitor=visitor, language=campaign.language, values=values)

    return routes


def filtered(component: Component | str, state: State | str, search: str) -> Wanted:
    """What is no component or state restricts nothing."""
    return Wanted(
        Component(component) if component in list(Component) else None,
        State(state).value if state in list(State) else None,
        search.strip(),
    )


def state_of(said: list[Said]) -> State:
    if any(one.outcome.settles for one in said):
        return State.DONE
    return State.WAITING if said else State.OUTSTANDING


def _tasks(work: UnitOfWork, draw_id: int, wanted: Wanted, page: int) -> dict[str, Any]:
    offset = (page - 1) * PER_PAGE
    found = work.questions.of_draw(draw_id, wanted, limit=PER_PAGE + 1, offset=offset)
    said = work.questions.said_of([task.key for task in found])
    shown: list[tuple[Asked, list[Said], State]] = [
        (task, said.get(task.key, []), state_of(said.get(task.key, []))) for task in found[:PER_PAGE]
    ]
    kept = {"component": wanted.component or "", "state": wanted.state or "", "search": wanted.search}
    query = {name: str(value) for name, value in kept.items() if value}
    return {
        "tasks": shown,
        "wanted": wanted,
        "states": list(progress.State),
        "components": list(Component),
        "page": page,
        "first": offset + 1,
        "last": offset + len(shown),
        "before": _address(draw_id, query, page - 1) if page > 1 else None,
        "after": _address(draw_id, query, page + 1) if len(found) > PER_PAGE else None,
    }


def _address(draw_id: int, query: dict[str, str], page: int) -> str:
    return f"/draws/{draw_id}?{urlencode(query | {'page': str(page)})}"
