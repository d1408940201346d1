"""The versions of a training set, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from annotation.api import rendering
from annotation.api.access import Access, CurrentVisitor
from annotation.api.draw_pages import PageNumber
from annotation.api.insights import Change, Difference, Insights
from annotation.api.overview import Overview
from annotation.api.precomputed import Precomputed, Shown
from annotation.campaign import lineage
from annotation.domain.account import Role
from annotation.errors import WorkbenchError

PER_PAGE = 50
MOST_CODES = 20
MOST_EDITS = 100

From = Annotated[str, Query(alias="from", max_length=100, description="Tag of the former version.")]
Shift = Annotated[Change, Query(description="Which rows to show.")]
To = Annotated[str, Query(max_length=100, description="Tag of the later version.")]


@dataclass(frozen=True, slots=True)
class Archive:
    """What the store of training sets tells, read beside the page: it may lie on another machine."""

    overview: Overview
    insights: Insights
    kept: Precomputed[Any]
    language: str

    def ask(self, name: tuple[Hashable, ...], compute: Callable[[], Any], mark: Hashable = None) -> Shown[Any]:
        """Raise the errors of ours that ``compute`` ended with."""
        shown = self.kept.get(name, mark, compute)
        if isinstance(shown.trouble, WorkbenchError):
            raise shown.trouble
        return shown


def router(*, access: Access, archive: Archive) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page(Role.SCIENTIST))])
    ledger, overview, sets = archive.overview.ledger, archive.overview, archive.insights.trainingsets

    @routes.get("/trainingsets/{name}")
    def versions(name: str, visitor: CurrentVisitor) -> HTMLResponse:
        with ledger.read() as work:
            found = lineage.of_sets(work, name, overview.model)
        newest = found[0].version.tag
        values = {
            "name": name,
            "versions": found,
            "sources": archive.ask(("sources", name, newest), lambda: sets.sources(name, newest)),
            "address": f"/trainingsets/{quote(name, safe='')}",
        }
        return rendering.render("sets.html", visitor=visitor, language=archive.language, values=values)

    @routes.get("/trainingsets/{name}/versions/{tag}")
    def version(name: str, tag: str, visitor: CurrentVisitor) -> HTMLResponse:
        with ledger.read() as work:
            found = lineage.of_set(work, name, tag, overview.model)
            edits = list(islice(work.edits.of_version(name, tag), MOST_EDITS + 1))
            report = found.version.report
            examples = [row["text_key"] for one in report.get("findings", ()) for row in one["rows"]]
            texts = work.texts.get([*(one.text_key for one in edits), *examples])
        codes = sorted(report.get("codes", {}).items(), key=lambda one: (-one[1], one[0]))
        values = {
            "name": name,
            "found": found,
            "report": report,
            "codes": codes[:MOST_CODES],
            "all_codes": len(codes),
            "edits": edits[:MOST_EDITS],
            "more_edits": len(edits) > MOST_EDITS,
            "texts": texts,
        }
        return rendering.render("set_version.html", visitor=visitor, language=archive.language, values=values)

    @routes.get("/trainingsets/{name}/diff")
    def diff(
        name: str, visitor: CurrentVisitor, old: From, to: To, change: Shift = Change.ADDED, page: PageNumber = 1
    ) -> HTMLResponse:
        with ledger.read() as work:
            tags = [one.tag for one in work.trainingsets.all(name)]
            for tag in (old, to):
                work.trainingsets.get(name, tag)
        shown: Shown[Difference] = archive.ask(("diff", name, old, to), lambda: sets.difference(name, old, to))
        base = f"/trainingsets/{quote(name, safe='')}/diff"
        values = {"name": name, "old": old, "new": to, "tags": tags, "change": change, "page": page, "shown": shown}
        values |= _pages(base, {"from": old, "to": to, "change": change.value}, page)
        if shown.value is not None:
            values |= _stretch(shown.value, change, page)
        return rendering.render("set_diff.html", visitor=visitor, language=archive.language, values=values)

    return routes


def _pages(base: str, query: Mapping[str, str], page: int) -> dict[str, Any]:
    def address(**other: object) -> str:
        return f"{base}?{urlencode(dict(query) | {name: str(value) for name, value in other.items()})}"

    return {
        "address": address(page=page),
        "before": address(page=page - 1),
        "after": address(page=page + 1),
        "kinds": {kind: address(change=kind.value) for kind in Change},
    }


def _stretch(difference: Difference, change: Change, page: int) -> dict[str, Any]:
    offset = (page - 1) * PER_PAGE
    rows = difference.rows(change, limit=PER_PAGE, offset=offset)
    return {
        "counts": difference.counts,
        "moves": {
            name: (moves[:MOST_CODES], len(moves))
            for name, moves in (("codes", difference.codes), ("coders", difference.coders))
        },
        "rows": rows,
        "first": offset + 1,
        "last": offset + len(rows),
        "more": offset + len(rows) < difference.counts[change],
    }
