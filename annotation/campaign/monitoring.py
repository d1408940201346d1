"""How flow and model move: codes and confidence by week, the drift last found, what was promised and measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from annotation.campaign import flow as flows
from annotation.domain.campaign import Draw
from annotation.domain.declaration import Window
from annotation.ledger.repositories.flow_figures import Cell
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality.accuracy import Estimate
from annotation.quality.samples import Floats

WEEKS = 26
EXAMPLES = 5
MOST_CODES = 12
_TURNS_SEARCHED = 20
_QUANTILES = (0.1, 0.5, 0.9)

# From the probability (n,), the margin (n,) and the first code (n,) to the chance of being right (n,).
Confidence = Callable[[Floats, Floats, Sequence[str | None]], Floats]


@dataclass(frozen=True, slots=True)
class Sureness:
    """The confidence of a week's declarations: mean, first decile, median, last decile."""

    mean: float
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Flow:
    """By week (its Monday), the last one first declared in last: declarations by predicted code, and confidence.

    ``codes`` has a count per week, under None what the model could not code. ``texts`` are examples of drifted codes.
    """

    model_version: str
    weeks: tuple[date, ...]
    declarations: tuple[int, ...]
    codes: Mapping[str | None, tuple[int, ...]]
    confidence: tuple[Sureness | None, ...]
    texts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ShareOfCode:
    """``code`` of some level by week, as shares of the week's declarations; None where a week has none."""

    code: str
    title: str
    shares: tuple[float | None, ...]
    declarations: int


@dataclass(frozen=True, slots=True)
class DriftedCode:
    code: str
    title: str
    before: float
    after: float
    p_value: float
    count: int


@dataclass(frozen=True, slots=True)
class RecordedDrift:
    """What the last turn that looked for drift found; ``kinds`` says for each kind whether it raised the alarm."""

    turn: int
    found_at: datetime
    model_version: str
    reference_window: str
    current_window: str
    alarm: bool | None
    kinds: Mapping[str, bool]
    codes: tuple[DriftedCode, ...]
    words: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """A draw's window: the accuracy that the confidence promised, and what was measured by all labels and the audit.

    ``coded`` of ``asked`` texts carry a code.
    """

    draw: Draw
    promised: float | None
    measured: Estimate | None
    audit: Estimate | None
    asked: int
    coded: int


# By id of the draw: what decides a promise, and the promise.
Known = dict[int, tuple[Hashable, Promise | None]]


def model_of(work: UnitOfWork, campaign_key: str, champion: str | None) -> str | None:
    """The version that the campaign looks at: that of its last draw, else the champion."""
    drawn = [draw.model_version for draw in work.draws.of_campaign(campaign_key) if draw.model_version]
    return drawn[-1] if drawn else champion


def flow(
    work: UnitOfWork, *, model_version: str, confidence: Confidence, drift: RecordedDrift | None = None
) -> Flow | None:
    """The last 26 weeks in which something arrived; None where the version has scored nothing of them."""
    span = work.texts.span()
    if span is None:
        return None
    window = Window(max(span.start, span.end - timedelta(weeks=WEEKS)), span.end + timedelta(microseconds=1))
    cells = work.flow_figures.cells(model_version, window)
    if not cells:
        return None
    first, last = cells[0].week, cells[-1].week
    weeks = tuple(first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1))
    place = {week: index for index, week in enumerate(weeks)}
    codes: dict[str | None, list[int]] = defaultdict(lambda: [0] * len(weeks))
    for cell in cells:
        codes[cell.code][place[cell.week]] += cell.declarations
    return Flow(
        model_version=model_version,
        weeks=weeks,
        declarations=tuple(map(sum, zip(*codes.values(), strict=True))),
        codes={code: tuple(counts) for code, counts in codes.items()},
        confidence=_sureness(cells, weeks, confidence),
        texts=_texts(work, model_version, drift),
    )


def shares(seen: Flow, nomenclature: Nomenclature, *, level: int, most: int = 8) -> tuple[ShareOfCode, ...]:
    """The codes of a level with most declarations, largest first; those that the nomenclature lacks are left out."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(seen.weeks))
    for code, numbers in seen.codes.items():
        if code is not None and code in nomenclature:
            above = counts[nomenclature.at_level(code, min(level, nomenclature[code].level))]
            above[:] = map(sum, zip(above, numbers, strict=True))
    largest = sorted(counts, key=lambda code: (-sum(counts[code]), code))[:most]
    return tuple(
        ShareOfCode(
            code,
            nomenclature[code].title,
            tuple(n / all_ if all_ else None for n, all_ in zip(counts[code], seen.declarations, strict=True)),
            sum(counts[code]),
        )
        for code in largest
    )


def recorded_drift(work: UnitOfWork, campaign_key: str, nomenclature: Nomenclature) -> RecordedDrift | None:
    """Of the newest turn that got as far; None where none did."""
    last = work.turns.last_number(campaign_key)
    for number in range(last, max(0, last - _TURNS_SEARCHED), -1):
        result = work.turns.results(campaign_key, number).get("drift")
        if result is not None:
            return _recorded(result, number, work.turns.started_at(campaign_key, number), nomenclature)
    return None


def promises(work: UnitOfWork, campaign_key: str, known: Known | None = None) -> tuple[Promise, ...]:
    """Of the draws that asked about a model's predictions, oldest first.

    ``known`` keeps what was measured of each draw, and is brought up to date: a draw costs a second for 10,000 tasks,
    and most have no answer that is new.
    """
    campaign, policy = work.campaigns.get(campaign_key), work.policies.current(campaign_key)
    newest, kept = work.flow_figures.newest_answers(campaign_key), {} if known is None else known
    for draw in work.draws.of_campaign(campaign_key):
        mark = (newest.get(draw.id, 0), policy)
        if draw.id not in kept or kept[draw.id][0] != mark:
            kept[draw.id] = (mark, _promise(work, draw, campaign.nomenclature))
    of_draws = (kept[draw.id][1] for draw in work.draws.of_campaign(campaign_key))
    return tuple(one for one in of_draws if one is not None)


def _promise(work: UnitOfWork, draw: Draw, nomenclature: str) -> Promise | None:
    measured = flows.of_draw(work, draw, nomenclature=nomenclature)
    if measured is None:
        return None
    promised = (draw.recipe.get("foreseen") or {}).get("accuracy")
    return Promise(draw, promised, measured.estimate, measured.audit, measured.asked, measured.coded)


def _sureness(cells: Sequence[Cell], weeks: Sequence[date], confidence: Confidence) -> tuple[Sureness | None, ...]:
    sure = confidence(
        np.array([cell.probability for cell in cells]),
        np.array([cell.margin for cell in cells]),
        [cell.code for cell in cells],
    )
    week = np.array([cell.week.toordinal() for cell in cells])
    number = np.array([cell.declarations for cell in cells], dtype=float)
    found: list[Sureness | None] = []
    for monday in weeks:
        here = week == monday.toordinal()
        found.append(_spread(sure[here], number[here]) if here.any() else None)
    return tuple(found)


def _spread(values: Floats, weights: Floats) -> Sureness:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order]) / weights.sum()
    places = np.minimum(np.searchsorted(below, _QUANTILES), len(values) - 1)
    low, median, high = values[order][places].tolist()
    return Sureness(float(np.average(values, weights=weights)), low, median, high)


def _texts(work: UnitOfWork, model_version: str, drift: RecordedDrift | None) -> dict[str, tuple[str, ...]]:
    if drift is None or not drift.codes:
        return {}
    start, _, end = drift.current_window.partition("/")
    window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
    codes = [one.code for one in drift.codes]
    found = work.flow_figures.examples(drift.model_version or model_version, window, codes, each=EXAMPLES)
    return {code: tuple(texts) for code, texts in found.items()}


def _recorded(result: Mapping[str, Any], turn: int, found_at: datetime, nomenclature: Nomenclature) -> RecordedDrift:
    codes = [one for one in result.get("codes", ()) if isinstance(one, Mapping)][:MOST_CODES]
    return RecordedDrift(
        turn=turn,
        found_at=found_at,
        model_version=str(result.get("model_version") or ""),
        reference_window=str(result.get("reference_window", "")),
        current_window=str(result.get("current_window", "")),
        alarm=result.get("alarm"),
        kinds={name: bool(kind["alarm"]) for name, kind in (result.get("kinds") or {}).items()},
        codes=tuple(_drifted(one, nomenclature) for one in codes),
        words=tuple((str(w["value"]), float(w["before"]), float(w["after"])) for w in result.get("words", ()))[
            :MOST_CODES
        ],
    )


def _drifted(shift: Mapping[str, Any], nomenclature: Nomenclature) -> DriftedCode:
    code = str(shift["value"])
    title = nomenclature[code].title if code in nomenclature else ""
    return DriftedCode(code, title, shift["before"], shift["after"], shift["p_value"], shift["count"])
