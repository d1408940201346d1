"""Tables to take away, as files that are written while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse, StreamingResponse

from annotation.api import rendering
from annotation.api.access import Access, CurrentVisitor
from annotation.api.insights import Change, Difference, SetRow, TrainingSets
from annotation.api.overview import Overview
from annotation.api.set_pages import From, To
from annotation.campaign import disguising, extracting, tablebytes
from annotation.campaign.extracting import Columns, Extract, Kind
from annotation.campaign.tablebytes import Format
from annotation.domain.account import Role, Scope
from annotation.domain.pseudonym import PseudonymKey
from annotation.ledger.unit_of_work import UnitOfWork

ROWS_AT_ONCE = 5_000

CampaignKey = Annotated[str, Path(description="Key of the campaign.", examples=["main"])]
Table = Annotated[str, Path(description=f"One of {', '.join(extracting.CAMPAIGN)}.", examples=["judgements"])]
Name = Annotated[str, Path(description="Name under which versions are kept.", examples=["trainingset"])]
Form = Annotated[Format, Path(description="csv (UTF-8 with a byte order mark, formulas disarmed) or parquet.")]

Opened = Callable[[UnitOfWork], Extract]

DIFF: Columns = {
    "change": Kind.TEXT, "text_key": Kind.TEXT, "text": Kind.TEXT, "nomenclature": Kind.TEXT, "code": Kind.TEXT,
    "code_before": Kind.TEXT, "source": Kind.TEXT, "source_before": Kind.TEXT, "weight": Kind.NUMBER,
    "weight_before": Kind.NUMBER, "rule": Kind.TEXT, "rule_before": Kind.TEXT, "coder": Kind.TEXT,
    "judgement": Kind.INTEGER, "label": Kind.INTEGER, "split": Kind.TEXT,
}  # fmt: skip


_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {form.media_type: {} for form in Format}, "description": "The file"}
}


@dataclass(frozen=True, slots=True)
class Counter:
    """Where tables are handed out; with a key, coders are named by it."""

    overview: Overview
    trainingsets: TrainingSets
    key: PseudonymKey | None = None

    def campaign(self, key: str, table: str, form: Format) -> StreamingResponse:
        now = self.overview.clock()
        return self._sent(lambda work: extracting.of_campaign(work, key, table, now=now), f"{key}-{table}", form)

    def versions(self, name: str, form: Format) -> StreamingResponse:
        return self._sent(lambda work: extracting.of_trainingset(work, name), f"{name}-versions", form)

    def models(self, name: str, form: Format) -> StreamingResponse:
        return self._sent(lambda work: extracting.of_model(work, name), f"{name}-models", form)

    def difference(self, name: str, old: str, new: str, form: Format) -> StreamingResponse:
        found = self.trainingsets.difference(name, old, new)
        table = disguising.disguised(Extract("diff", DIFF, _changes(found)), self.key)
        return _answer(tablebytes.written(table, form), f"{name}-{old}-{new}", form, self.overview.clock())

    def _sent(self, opened: Opened, name: str, form: Format) -> StreamingResponse:
        with self.overview.ledger.read() as work:
            opened(work)  # What is not there is told before the first byte.

        def pieces() -> Iterator[bytes]:
            with self.overview.ledger.read() as work:
                yield from tablebytes.written(disguising.disguised(opened(work), self.key), form)

        return _answer(pieces(), name, form, self.overview.clock())


def pages(*, access: Access, counter: Counter) -> APIRouter:
    """For browsers, with the page that lists what there is."""
    routes = _routes(counter, "/exports", in_schema=False, guard=access.page(Role.SCIENTIST))
    overview = counter.overview

    @routes.get("/campaigns/{key}/exports", include_in_schema=False)
    def listed(key: str, visitor: CurrentVisitor) -> HTMLResponse:
        with overview.ledger.read() as work:
            campaign = work.campaigns.get(key)
            has_sets = bool(work.trainingsets.all(overview.trainingset))
            has_models = bool(work.models.all(overview.model))
        values = {
            "campaign": campaign,
            "tables": list(extracting.CAMPAIGN),
            "formats_there": list(Format),
            "trainingset": overview.trainingset if has_sets else None,
            "model": overview.model if has_models else None,
        }
        return rendering.render("exports.html", visitor=visitor, language=campaign.language, values=values)

    return routes


def api(*, access: Access, counter: Counter, answers: dict[int | str, dict[str, Any]]) -> APIRouter:
    """The same for programs."""
    guard = access.api(Role.SCIENTIST, Scope.READ)
    return _routes(counter, "/api/exports", in_schema=True, guard=guard, answers=answers)


def _routes(
    counter: Counter,
    prefix: str,
    *,
    in_schema: bool,
    guard: Callable[..., Any],
    answers: dict[int | str, dict[str, Any]] | None = None,
) -> APIRouter:
    routes = APIRouter(
        tags=["exports"], include_in_schema=in_schema, dependencies=[Depends(guard)], responses=_FILES | (answers or {})
    )

    @routes.get(f"{prefix}/campaigns/{{key}}/{{table}}.{{form}}", summary="Take a table of a campaign away")
    def campaign(key: CampaignKey, table: Table, form: Form) -> StreamingResponse:
        """Coders are pseudonyms. Judgements come with their whole history, labels as they are in force."""
        return counter.campaign(key, table, form)

    @routes.get(f"{prefix}/trainingsets/{{name}}/versions.{{form}}", summary="Take the versions of a training set away")
    def versions(name: Name, form: Form) -> StreamingResponse:
        """Oldest first, each with the recipe that gives its rows again."""
        return counter.versions(name, form)

    @routes.get(f"{prefix}/trainingsets/{{name}}/diff.{{form}}", summary="Take the diff of two versions away")
    def diff(name: Name, form: Form, old: From, to: To) -> StreamingResponse:
        """One row per text that was added, removed, recoded, or got another source or weight."""
        return counter.difference(name, old, to, form)

    @routes.get(f"{prefix}/models/{{name}}.{{form}}", summary="Take the versions of a model away")
    def models(name: Name, form: Form) -> StreamingResponse:
        """Oldest first, each with its metrics and the training set version that it saw."""
        return counter.models(name, form)

    return routes


def _changes(found: Difference) -> Iterator[Sequence[Any]]:
    for change in (one for one in Change if one is not Change.BY_RULE):
        for offset in range(0, found.counts[change], ROWS_AT_ONCE):
            for row in found.rows(change, limit=ROWS_AT_ONCE, offset=offset):
                yield _changed(change, row)


def _changed(change: Change, row: SetRow) -> Sequence[Any]:
    before = row.before or {}
    return (
        change.value, row.text_key, row.text, row.nomenclature, row.code, before.get("code"), row.source,
        before.get("source"), row.weight, before.get("weight"), row.rule, before.get("rule"), row.coder,
        row.judgement_id, row.label_id, row.split,
    )  # fmt: skip


def _answer(pieces: Iterator[bytes], name: str, form: Format, now: datetime) -> StreamingResponse:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{kept}-{now:%Y-%m-%d}.{form.value}"'}
    return StreamingResponse(pieces, media_type=form.media_type, headers=headers)
