"""The versions of a model, what one of them learnt from, and the history of a text."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from annotation.api import charts, rendering
from annotation.api.access import Access, CurrentVisitor
from annotation.api.draw_pages import PageNumber
from annotation.api.insights import SetRow
from annotation.api.set_pages import Archive
from annotation.campaign import lineage, progress
from annotation.campaign.lineage import ModelLineage
from annotation.campaign.measurement import Measurement
from annotation.campaign.progress import ModelProgress
from annotation.domain.account import Role
from annotation.domain.version import ModelVersion, TrainingSetVersion

PER_PAGE = 25


def router(*, access: Access, archive: Archive) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page(Role.SCIENTIST))])
    ledger, overview, sets = archive.overview.ledger, archive.overview, archive.insights.trainingsets

    @routes.get("/models/{name}")
    def versions(name: str, visitor: CurrentVisitor) -> HTMLResponse:
        with ledger.read() as work:
            found = lineage.of_models(work, name, overview.trainingset)
        shown = archive.ask(("measured", name), lambda: measured(archive, name), mark_of(archive))
        known: dict[str, Measurement] = shown.value or {}
        estimates = [one.estimate for one in known.values() if one.estimate]
        values = {
            "name": name,
            "models": found,
            "shown": shown,
            "measured": known,
            "axis": charts.axis(estimates),
            "trainingset": overview.trainingset,
            "address": f"/models/{quote(name, safe='')}",
        }
        return rendering.render("models.html", visitor=visitor, language=archive.language, values=values)

    @routes.get("/models/{name}/{version}")
    def version(name: str, version: str, visitor: CurrentVisitor, page: PageNumber = 1) -> HTMLResponse:
        with ledger.read() as work:
            found = lineage.of_model(work, name, version, overview.trainingset)
            calibration = work.calibrations.figures(found.label)
        shown = archive.ask(("measured", name), lambda: measured(archive, name), mark_of(archive))
        base = f"/models/{quote(name, safe='')}/{quote(version, safe='')}"
        values = {
            "lineage": found,
            "calibration": calibration,
            "measured": (shown.value or {}).get(version),
            "registry": archive.insights.model_address(name, version),
            "levels": _levels(found.model),
            "page": page,
            "address": f"{base}?page={page}",
            "before": f"{base}?page={page - 1}",
            "after": f"{base}?page={page + 1}",
        } | _learnt(archive, found, page)
        return rendering.render("lineage.html", visitor=visitor, language=archive.language, values=values)

    @routes.get("/texts/{text_key}")
    def text(text_key: str, visitor: CurrentVisitor) -> HTMLResponse:
        with ledger.read() as work:
            found = lineage.of_text(work, text_key)
            versions = work.trainingsets.all(overview.trainingset)
            models = work.models.all(overview.model)
        name = overview.trainingset
        shown = archive.ask(("history", text_key), lambda: sets.history(name, text_key), len(versions))
        values = {
            "lineage": found,
            "shown": shown,
            "standing": standing(shown.value or (), versions, models),
            "trainingset": name,
            "address": f"/texts/{quote(text_key, safe='')}",
        }
        return rendering.render("lineage_text.html", visitor=visitor, language=archive.language, values=values)

    return routes


def mark_of(archive: Archive) -> tuple[int, ...]:
    with archive.overview.ledger.read() as work:
        return (*work.flow_figures.mark(), work.evaluation.last_id())


def measured(archive: Archive, name: str) -> dict[str, Measurement]:
    """The accuracy of each version on the evaluation set, by version."""
    with archive.overview.ledger.read() as work:
        found: tuple[ModelProgress, ...] = progress.models(work, work.models.all(name), None)
    return {one.version.version: one.measurement for one in found}


def standing(
    history: tuple[SetRow, ...] | list[SetRow], versions: list[TrainingSetVersion], models: list[ModelVersion]
) -> list[tuple[TrainingSetVersion, SetRow | None, list[ModelVersion]]]:
    """What each ancestor of the current version says of the text, oldest first, with the models that saw it."""
    if not versions:
        return []
    found = []
    for place, one in enumerate(lineage.ancestry(versions, versions[-1].tag), start=1):
        rows = [row for row in history if row.sequence <= place]
        row = rows[-1] if rows and not rows[-1].removed else None
        found.append((one, row, [m for m in models if m.trainingset_digest == one.digest]))
    return found


def _learnt(archive: Archive, found: ModelLineage, page: int) -> dict[str, Any]:
    """Rows of the training set that the model saw, each with the judgement behind its label."""
    if found.trainingset is None:
        return {"rows": None, "judgements": {}, "sources": None}
    sets, name, tag = archive.insights.trainingsets, found.trainingset.name, found.trainingset.tag
    sources = archive.ask(("sources", name, tag), lambda: sets.sources(name, tag))
    offset = (page - 1) * PER_PAGE
    rows = archive.ask(("rows", name, tag, page), lambda: sets.rows(name, tag, limit=PER_PAGE, offset=offset))
    ids = [row.judgement_id for row in rows.value or () if row.judgement_id is not None]
    with archive.overview.ledger.read() as work:
        judgements = work.provenance.of_judgements(ids)
    return {
        "rows": rows,
        "judgements": judgements,
        "sources": sources,
        "first": offset + 1,
        "last": offset + len(rows.value or ()),
        "more": offset + PER_PAGE < found.trainingset.rows,
    }


def _levels(model: ModelVersion) -> list[tuple[int, float]]:
    """The accuracy on the validation rows by level of the nomenclature."""
    head = "validation_accuracy_level_"
    found = [(name.removeprefix(head), value) for name, value in model.metrics.items() if name.startswith(head)]
    return sorted((int(level), float(value)) for level, value in found if level.isdigit())
