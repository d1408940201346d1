"""The tables that people take away: their columns, and their rows as they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from annotation.campaign import agreeing, coder_quality, drawn
from annotation.campaign import standing as standings
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality.agreement import Agreement, Coefficient


class Kind(StrEnum):
    """What the cells of a column are. DOCUMENT: lists and mappings, written as JSON."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    MOMENT = "moment"
    DOCUMENT = "document"


Columns = Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Extract:
    """``rows`` are read as they are asked for, with values in the order of ``columns``; None is an empty cell."""

    name: str
    columns: Columns
    rows: Iterator[Sequence[Any]]


_T, _I, _N, _F, _M, _D = Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.FLAG, Kind.MOMENT, Kind.DOCUMENT

TASKS: Final[Columns] = {
    "task": _T, "draw_id": _I, "draw": _T, "text_key": _T, "text": _T, "component": _T, "kind": _T, "seat": _I,
    "stratum": _T, "inclusion_probability": _N, "reason": _T, "candidates": _D, "probabilities": _D,
    "model_version": _T, "declarations": _I, "confidence": _N, "blind": _F,
}  # fmt: skip
JUDGEMENTS: Final[Columns] = {
    "judgement": _I, "task": _T, "text_key": _T, "coder": _T, "outcome": _T, "code": _T, "judged_at": _M,
    "seconds": _N, "difficulty": _I, "comment": _T, "detail": _T, "deleted": _F, "in_force": _F,
}  # fmt: skip
LABELS: Final[Columns] = {
    "label": _I, "text_key": _T, "text": _T, "nomenclature": _T, "code": _T, "source": _T, "weight": _N, "coder": _T,
    "judgement": _I, "judgements": _D, "evidence": _T, "settled_at": _M,
}  # fmt: skip
DRAWS: Final[Columns] = {
    "draw_id": _I, "draw": _T, "drawn_at": _M, "model_version": _T, "reference_window": _T, "current_window": _T,
    "seed": _I, "component": _T, "wanted": _I, "found": _I, "further": _I, "strategy": _T,
    "foreseen_accuracy": _N, "foreseen_half_width": _N,
}  # fmt: skip
CODERS: Final[Columns] = {
    "coder": _T, "done": _I, "unclassifiable": _I, "waiting": _I, "median_seconds": _N, "last_judged_at": _M,
    "gold_share": _N, "gold_low": _N, "gold_high": _N, "gold_answers": _I,
}  # fmt: skip
AGREEMENT: Final[Columns] = {
    "part": _T, "value": _T, "coefficient": _T, "estimate": _N, "low": _N, "high": _N, "texts": _I,
}  # fmt: skip
TRAININGSETS: Final[Columns] = {
    "name": _T, "version": _T, "parent": _T, "rows": _I, "digest": _T, "snapshot_id": _I, "recipe": _D, "built_at": _M,
}  # fmt: skip
MODELS: Final[Columns] = {
    "name": _T, "version": _T, "nomenclature": _T, "trainingset": _T, "trainingset_digest": _T, "run_id": _T,
    "sha256": _T, "parameters": _D, "metrics": _D, "trained_at": _M,
}  # fmt: skip

# Rows about two coders, who are named in the value.
PAIR: Final = "pair"
_COEFFICIENTS: Final = ("percent", "cohen", "fleiss", "krippendorff", "krippendorff_hierarchical", "gwet")


def of_campaign(work: UnitOfWork, campaign_key: str, table: str, *, now: datetime) -> Extract:
    """A table of ``CAMPAIGN``. NotFoundError for a campaign or table that is not there."""
    work.campaigns.get(campaign_key)
    if table not in CAMPAIGN:
        raise NotFoundError(f"There is no table {table}.", cure=f"There are {', '.join(CAMPAIGN)}.")
    columns, read = CAMPAIGN[table]
    return Extract(table, columns, read(work, campaign_key, now))


def of_trainingset(work: UnitOfWork, name: str) -> Extract:
    """The versions of a training set, oldest first."""
    versions = work.trainingsets.all(name)
    if not versions:
        raise NotFoundError(f"The training set {name} has no version.", cure="Build one: awb trainingset build")
    rows = ((v.name, v.tag, v.parent, v.rows, v.digest, v.snapshot_id, v.recipe, v.built_at) for v in versions)
    return Extract("versions", TRAININGSETS, rows)


def of_model(work: UnitOfWork, name: str) -> Extract:
    """The versions of a model, oldest first."""
    versions = work.models.all(name)
    if not versions:
        raise NotFoundError(f"The model {name} has no version.", cure="Train one: awb train")
    rows = (
        (
            *(m.name, m.version, m.nomenclature, m.trainingset_tag, m.trainingset_digest),
            *(m.run_id, m.sha256, m.parameters, m.metrics, m.trained_at),
        )
        for m in versions
    )
    return Extract("models", MODELS, rows)


def _draws(work: UnitOfWork, campaign_key: str, _now: datetime) -> Iterator[Sequence[Any]]:
    """One row per draw and component."""
    for draw in work.draws.of_campaign(campaign_key):
        told = drawn.describe(work, draw.id)
        head = (draw.id, draw.key, draw.drawn_at, draw.model_version, draw.reference_window, draw.current_window)
        for part in told.parts:
            own = (draw.seed, part.component.value, part.wanted, part.found, part.further, part.strategy)
            yield (*head, *own, told.foreseen, told.half_width)


def _coders(work: UnitOfWork, campaign_key: str, now: datetime) -> Iterator[Sequence[Any]]:
    quality = coder_quality.of_campaign(work, campaign_key)
    for one in standings.standing(work, campaign_key, now=now).coders:
        gold = quality[one.coder].gold if one.coder in quality else None
        checked = (gold.value, gold.low, gold.high, gold.n) if gold else (None,) * 4
        own = (one.coder, one.done, one.unclassifiable, one.waiting, one.median_lead_time, one.last_judged_at)
        yield (*own, *checked)


def _agreement(work: UnitOfWork, campaign_key: str, _now: datetime) -> Iterator[Sequence[Any]]:
    """One row per part of the campaign and coefficient."""
    found = agreeing.of_campaign(work, campaign_key)
    yield from _coefficients("overall", "", found.overall)
    yield from _coefficients("blind", "", found.blind)
    for level, agreement in found.overall.levels.items():
        yield from _coefficients("level", str(level), agreement)
    for component, agreement in found.components.items():
        yield from _coefficients("component", component.value, agreement)
    for period, agreement in found.periods.items():
        yield from _coefficients("period", period, agreement)
    for pair, agreement in found.pairs.items():
        yield from _coefficients(PAIR, " ".join(pair), agreement)


def _coefficients(part: str, value: str, agreement: Agreement) -> Iterator[Sequence[Any]]:
    for name in _COEFFICIENTS:
        one: Coefficient | None = getattr(agreement, name)
        if one is not None:
            yield (part, value, name, one.value, one.low, one.high, one.units)


CAMPAIGN: Final[Mapping[str, tuple[Columns, Callable[[UnitOfWork, str, datetime], Iterator[Sequence[Any]]]]]] = {
    "tasks": (TASKS, lambda work, key, _now: work.extracts.tasks(key)),
    "judgements": (JUDGEMENTS, lambda work, key, _now: work.extracts.judgements(key)),
    "labels": (LABELS, lambda work, key, _now: work.extracts.labels(key)),
    "coders": (CODERS, _coders),
    "draws": (DRAWS, _draws),
    "agreement": (AGREEMENT, _agreement),
}
