"""How far a campaign has come and what it brought: everything about it in one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from annotation.campaign import measurement, standing
from annotation.campaign.measurement import Benchmark, Measurement
from annotation.campaign.standing import Counts, Standing, Tally
from annotation.domain.campaign import Draw
from annotation.domain.task import FIRST_SEAT, Component, Kind, Task
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.ledger.repositories.campaigns import TaskSeat
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.repositories.tallies import AnsweredTally, AskedTally
from annotation.ledger.unit_of_work import Ledger, UnitOfWork

LATEST_DECISIONS = 10


class State(StrEnum):
    """Done: a settling judgement is in force. Waiting: put off, or passed to somebody else. Outstanding: no answer."""

    DONE = "done"
    WAITING = "waiting"
    OUTSTANDING = "outstanding"


@dataclass(frozen=True, slots=True)
class DrawProgress:
    """``budget`` is what was wanted of each component, ``asked`` what was found, ``further`` the seats that were added
    later: second answers, arbitrations, training. ``reasons`` hold one example each."""

    id: int
    key: str
    drawn_at: datetime
    model_version: str | None
    counts: Counts
    budget: Mapping[Component, int]
    asked: Mapping[Component, int]
    further: Mapping[Component, int]
    reasons: Mapping[Component, str]


@dataclass(frozen=True, slots=True)
class ModelProgress:
    version: ModelVersion
    measurement: Measurement
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignProgress(Standing):
    """Where the campaign stands, and what came of it."""

    draws: tuple[DrawProgress, ...]
    champion: Measurement
    models: tuple[ModelProgress, ...]
    trainingsets: tuple[TrainingSetVersion, ...]
    decisions: tuple[Decision, ...]


def progress(
    *,
    ledger: Ledger,
    campaign_key: str,
    now: datetime,
    champion: str | None,
    trainingset: str,
    model: str,
) -> CampaignProgress:
    """The campaign as the ledger knows it; NotFoundError where it does not.

    ``champion`` is a model version as predictions name it (``name/version``); ``trainingset`` and ``model`` are the
    names whose versions are listed, models of other nomenclatures left out. Draws, versions and decisions come newest
    first, coders in the order of their pseudonyms.
    """
    with ledger.read() as work:
        campaign = work.campaigns.get(campaign_key)
        counted = standing.tally(work, campaign_key)
        stands = standing.of_tally(work, campaign, counted, now=now)
        versions = [v for v in work.models.all(model) if v.nomenclature == campaign.nomenclature]
        measured = models(work, versions[::-1], champion)
        return CampaignProgress(
            **{field.name: getattr(stands, field.name) for field in fields(stands)},
            draws=_draws(work, campaign_key, counted),
            champion=_champion(work, campaign.nomenclature, champion, measured),
            models=measured,
            trainingsets=tuple(reversed(work.trainingsets.all(trainingset))),
            decisions=tuple(reversed(work.decisions.all()[-LATEST_DECISIONS:])),
        )


def state(judgements: Iterable[JudgementMark]) -> State:
    """What the judgements in force on one task make of it."""
    settles = [judgement.outcome.settles for judgement in judgements]
    if any(settles):
        return State.DONE
    return State.WAITING if settles else State.OUTSTANDING


def _draws(work: UnitOfWork, campaign_key: str, counted: Tally) -> tuple[DrawProgress, ...]:
    reasons = work.tasks.example_reasons(campaign_key)
    seats: dict[int, list[TaskSeat]] = {}
    for seat in work.tasks.seats(campaign_key):
        seats.setdefault(seat.draw_id, []).append(seat)
    return tuple(
        _draw(
            draw,
            by_component(seats.get(draw.id, ())),
            [one for one in counted.asked if one.draw_id == draw.id],
            [one for one in counted.answered if one.draw_id == draw.id],
            reasons,
        )
        for draw in reversed(work.draws.of_campaign(campaign_key))
    )


def _draw(
    draw: Draw,
    seats: tuple[Mapping[Component, int], Mapping[Component, int]],
    asked: Sequence[AskedTally],
    answered: Sequence[AnsweredTally],
    reasons: Mapping[tuple[int, Component], str],
) -> DrawProgress:
    return DrawProgress(
        id=draw.id,
        key=draw.key,
        drawn_at=draw.drawn_at,
        model_version=draw.model_version,
        counts=standing.counts(asked, answered),
        budget=budget(draw),
        asked=seats[0],
        further=seats[1],
        reasons={c: reasons[draw.id, c] for c in Component if (draw.id, c) in reasons},
    )


def by_component(tasks: Iterable[Task | TaskSeat]) -> tuple[dict[Component, int], dict[Component, int]]:
    """What a draw found, by its tasks, and the seats that were added to it later; components without any left out."""
    found, further = Counter[Component](), Counter[Component]()
    for task in tasks:
        drawn = task.seat == FIRST_SEAT and task.kind is Kind.CODING
        (found if drawn else further)[task.component] += 1
    return {c: found[c] for c in Component if found[c]}, {c: further[c] for c in Component if further[c]}


def budget(draw: Draw) -> dict[Component, int]:
    """What the recipe wanted of each component; empty where it does not say."""
    wanted = draw.recipe.get("budget")
    if not isinstance(wanted, Mapping):
        return {}
    return {c: wanted[c.value] for c in Component if isinstance(wanted.get(c.value), int) and wanted[c.value] > 0}


def models(work: UnitOfWork, versions: Sequence[ModelVersion], champion: str | None) -> tuple[ModelProgress, ...]:
    """The versions in the order given, each measured on the evaluation set of its nomenclature."""
    benchmarks = {key: measurement.benchmark(work, key) for key in {version.nomenclature for version in versions}}
    return tuple(_model(work, version, benchmarks[version.nomenclature], champion) for version in versions)


def _model(work: UnitOfWork, version: ModelVersion, benchmark: Benchmark, champion: str | None) -> ModelProgress:
    label = f"{version.name}/{version.version}"
    return ModelProgress(
        version, measurement.measure(work, benchmark, label), ("champion",) if label == champion else ()
    )


def _champion(work: UnitOfWork, nomenclature: str, label: str | None, models: Sequence[ModelProgress]) -> Measurement:
    for model in models:
        if model.aliases:
            return model.measurement
    return measurement.measure(work, measurement.benchmark(work, nomenclature), label)
