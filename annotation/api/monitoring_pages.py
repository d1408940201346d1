"""The page on drift, confidence and accuracy of a campaign's flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from annotation.api import rendering, wording
from annotation.api.access import Access, CurrentVisitor
from annotation.api.formats import Formats
from annotation.api.insights import Insights
from annotation.api.overview import Overview
from annotation.api.plots import Plot, Series, Shape, Unit
from annotation.api.precomputed import Precomputed, Shown
from annotation.campaign import monitoring
from annotation.campaign.monitoring import Flow, Known, Promise, RecordedDrift, ShareOfCode
from annotation.domain.account import Role
from annotation.domain.declaration import Window
from annotation.nomenclature.nomenclature import Nomenclature

Level = Annotated[int, Query(ge=1, le=20, description="Level of the nomenclature, 1 the coarsest.")]


@dataclass(frozen=True, slots=True)
class Figures:
    flow: Flow | None
    promises: tuple[Promise, ...]
    calibrated: bool


@dataclass(frozen=True, slots=True)
class Observatory:
    """The figures of the flow, worked out once for every state of the ledger."""

    overview: Overview
    insights: Insights
    kept: Precomputed[Figures]
    promised: Known = field(default_factory=dict)

    def look(
        self, key: str, model_version: str, drift: RecordedDrift | None, *, patience: float | None = None
    ) -> Shown[Figures]:
        with self.overview.ledger.read() as work:
            mark = (model_version, *work.flow_figures.mark(), drift.turn if drift else 0)
        return self.kept.get(key, mark, lambda: self._work_out(key, model_version, drift), patience=patience)

    def _work_out(self, key: str, model_version: str, drift: RecordedDrift | None) -> Figures:
        with self.overview.ledger.read() as work:
            document = work.calibrations.current(model_version)
            seen = monitoring.flow(
                work,
                model_version=model_version,
                confidence=lambda sure, apart, codes: self.insights.confidence(document, sure, apart, codes),
                drift=drift,
            )
            return Figures(seen, monitoring.promises(work, key, self.promised), document is not None)


def router(*, access: Access, observatory: Observatory) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page(Role.SCIENTIST))])
    ledger = observatory.overview.ledger

    @routes.get("/campaigns/{key}/monitoring")
    def page(key: str, visitor: CurrentVisitor, level: Level = 1) -> HTMLResponse:
        with ledger.read() as work:
            campaign = work.campaigns.get(key)
            nomenclature = work.nomenclatures.get(campaign.nomenclature)
            drift = monitoring.recorded_drift(work, key, nomenclature)
            model_version = monitoring.model_of(work, key, None)
        nothing: Shown[Figures] = Shown(None, fresh=True)
        shown = observatory.look(key, model_version, drift) if model_version else nothing
        level = min(level, nomenclature.levels)
        values: dict[str, Any] = {
            "campaign": campaign,
            "drift": drift,
            "windows": windows(drift),
            "model_version": model_version,
            "shown": shown,
            "address": f"/campaigns/{quote(key, safe='')}/monitoring?level={level}",
            "level": level,
            "levels": nomenclature.levels,
            "texts": shown.value.flow.texts if shown.value and shown.value.flow else {},
        }
        if shown.value:
            values |= _plots(shown.value, nomenclature, level, campaign.language)
        return rendering.render("monitoring.html", visitor=visitor, language=campaign.language, values=values)

    return routes


def windows(drift: RecordedDrift | None) -> tuple[Window, ...]:
    """Reference and current."""
    if drift is None or not drift.reference_window or not drift.current_window:
        return ()
    ends = [text.partition("/")[::2] for text in (drift.reference_window, drift.current_window)]
    return tuple(Window(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in ends)


def _plots(figures: Figures, nomenclature: Nomenclature, level: int, language: str) -> dict[str, Any]:
    known = wording.known(language)
    words, formats = wording.LANGUAGES[known], Formats(known)
    shares = monitoring.shares(figures.flow, nomenclature, level=level) if figures.flow else ()
    return {
        "shares": shares,
        "share_plot": _share_plot(figures.flow, shares, level, words, formats) if figures.flow else None,
        "confidence_plot": _confidence_plot(figures.flow, words, formats) if figures.flow else None,
        "promises": figures.promises,
        "accuracy_plot": _accuracy_plot(figures.promises, words),
    }


def _share_plot(
    flow: Flow, shares: Sequence[ShareOfCode], level: int, words: Mapping[str, str], formats: Formats
) -> Plot:
    title = words["monitoring_shares_chart"].format(
        model=flow.model_version, number=len(shares), level=level, **_ends(flow, formats)
    )
    series = [Series(one.code, one.shares, f"series-{place}") for place, one in enumerate(shares, start=1)]
    return Plot(Shape.LINES, title, words["monitoring_week"], _weeks(flow), series, unit=Unit.SHARE, lowest=0)


def _confidence_plot(flow: Flow, words: Mapping[str, str], formats: Formats) -> Plot:
    found = flow.confidence
    middle = Series(
        words["monitoring_median"],
        [one.median if one else None for one in found],
        "series-1",
        low=[one.low if one else None for one in found],
        high=[one.high if one else None for one in found],
    )
    mean = Series(words["monitoring_mean"], [one.mean if one else None for one in found], "series-2", dashed=True)
    title = words["monitoring_confidence_chart"].format(**_ends(flow, formats))
    return Plot(
        Shape.LINES, title, words["monitoring_week"], _weeks(flow), [middle, mean], Unit.SHARE, lowest=0, highest=1
    )


def _accuracy_plot(promises: Sequence[Promise], words: Mapping[str, str]) -> Plot:
    measured = [one.measured for one in promises]
    series = [
        Series(
            words["monitoring_measured"],
            [one.value if one else None for one in measured],
            "series-1",
            low=[one.low if one else None for one in measured],
            high=[one.high if one else None for one in measured],
        ),
        Series(words["monitoring_promised"], [one.promised for one in promises], "series-2"),
    ]
    labels = [one.draw.key for one in promises]
    return Plot(Shape.POINTS, words["monitoring_accuracy_chart"], words["draw"], labels, series, unit=Unit.SHARE)


def _weeks(flow: Flow) -> list[str]:
    return [week.isoformat() for week in flow.weeks]


def _ends(flow: Flow, formats: Formats) -> dict[str, str]:
    return {"first": formats.day(flow.weeks[0]), "last": formats.day(flow.weeks[-1])}
