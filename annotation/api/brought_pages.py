"""The page that a lead shows to those who are to give their time: what it brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from annotation.api import pages, rendering, wording
from annotation.api.access import Access, CurrentVisitor
from annotation.api.formats import Formats
from annotation.api.overview import Overview
from annotation.api.plots import Plot, Series, Shape, Unit
from annotation.campaign import hour
from annotation.campaign.brought import Brought
from annotation.domain.account import Role

# Where the application looks for a replay's result.
REPLAY_FILE = "replay.json"


def router(*, access: Access, overview: Overview) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[Depends(access.page(Role.SCIENTIST))])

    @routes.get("/campaigns/{key}/brought")
    def brought(key: str, visitor: CurrentVisitor) -> HTMLResponse:
        champion = overview.champion()
        told = overview.brought(key, champion.version)
        with overview.ledger.read() as work:
            campaign = work.campaigns.get(key)
        words, formats = wording.of(campaign.language), Formats(wording.known(campaign.language))
        values: dict[str, Any] = {
            "campaign": campaign,
            "told": told,
            "trouble": champion.trouble,
            "address": f"/campaigns/{quote(key, safe='')}/brought",
            "gap": pages.gap,
            "replay_file": REPLAY_FILE,
        }
        if told.value is not None:
            values["big"] = _big(told.value, words, formats)
            values["versions"] = versions(told.value, words, formats)
            values["hour"] = hour.a_day(told.value.standing)
        return rendering.render("brought.html", visitor=visitor, language=campaign.language, values=values)

    return routes


def versions(brought: Brought, words: Mapping[str, str], formats: Formats) -> Plot | None:
    """Accuracy of the versions that went into production, with the human ceiling; None with fewer than two."""
    steps = [(step, step.measurement.estimate) for step in brought.measured]
    estimates = [estimate for _, estimate in steps if estimate]
    if len(estimates) < 2:
        return None
    series = [
        Series(
            words["brought_gain"],
            [one.value for one in estimates],
            "link",
            low=[one.low for one in estimates],
            high=[one.high for one in estimates],
        )
    ]
    shown = [one.low for one in estimates]
    if brought.ceiling:
        series.append(Series(words["brought_ceiling"], [brought.ceiling.value] * len(estimates), "waiting"))
        shown.append(brought.ceiling.value)
    return Plot(
        Shape.POINTS,
        words["brought_versions_chart"].format(ceiling=words["brought_versions_ceiling"] if brought.ceiling else ""),
        words["brought_model"],
        [f"{step.label} · {formats.short_day(step.version.trained_at)}" for step, _ in steps],
        series,
        unit=Unit.SHARE,
        lowest=max(0.0, int(min(shown) * 10) / 10),
        highest=1.0,
    )


def _big(brought: Brought, words: Mapping[str, str], formats: Formats) -> list[str]:
    """The sentences at the head of the page."""
    if not brought.labels:
        # The model may have been measured and used by other campaigns, which is not of this one's making.
        return [words["brought_big_unanswered"]]
    answers, steps = formats.number(brought.labels), brought.during
    ends = [formats.percent(step.measurement.estimate.value) for step in steps if step.measurement.estimate]
    if not ends:
        said = [words["brought_big_none"].format(answers=answers)]
    elif brought.total is None or brought.total.value <= 0:
        said = [words["brought_big_one"].format(last=ends[-1], answers=answers)]
    else:
        said = [words["brought_big"].format(answers=answers, first=ends[0], last=ends[-1])]
    unattended, relief = brought.unattended, brought.relief
    if relief is not None:
        share, hours = formats.percent(relief.share), formats.round(relief.hours)
        said.append(words["brought_big_relief"].format(share=share, hours=hours))
    elif unattended is not None and unattended.share is not None:
        said.append(words["brought_big_share"].format(share=formats.percent(unattended.share.value)))
    return said
