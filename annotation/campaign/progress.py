"""How far a campaign has come and what it brought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median

from annotation.campaign import measurement, throughput
from annotation.campaign.measurement import Benchmark, Measurement
from annotation.campaign.throughput import Day, Forecast
from annotation.domain.campaign import Campaign, Draw
from annotation.domain.judgement import Outcome
from annotation.domain.task import Component
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.ledger.repositories.campaigns import TaskMark
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.unit_of_work import Ledger, UnitOfWork

LATEST_DECISIONS = 10


class State(StrEnum):
    """Done: a settling judgement is in force. Waiting: put off, or passed to somebody else. Outstanding: no answer."""

    DONE = "done"
    WAITING = "waiting"
    OUTSTANDING = "outstanding"


@dataclass(frozen=True, slots=True)
class Counts:
    """Tasks; the three states add up to ``asked``."""

    asked: int
    done: int
    waiting: int

    @property
    def outstanding(self) -> int:
        return self.asked - self.done - self.waiting

    @property
    def share_done(self) -> float | None:
        return self.done / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class CoderProgress:
    """Judgements in force of one pseudonym; the median time is in seconds."""

    coder: str
    done: int
    unclassifiable: int
    waiting: int
    median_lead_time: float | None
    last_judged_at: datetime


@dataclass(frozen=True, slots=True)
class DrawProgress:
    """``budget`` is what was wanted of each component, ``asked`` what was found; ``reasons`` hold one example each."""

    id: int
    key: str
    drawn_at: datetime
    model_version: str | None
    counts: Counts
    budget: Mapping[Component, int]
    asked: Mapping[Component, int]
    reasons: Mapping[Component, str]


@dataclass(frozen=True, slots=True)
class ModelProgress:
    version: ModelVersion
    measurement: Measurement
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """Everything that the campaign page shows; ``unclassifiable`` is a share of the settled tasks."""

    campaign: Campaign
    as_of: datetime
    counts: Counts
    components: Mapping[Component, Counts]
    coders: tuple[CoderProgress, ...]
    days: tuple[Day, ...]
    forecast: Forecast
    unclassifiable: float | None
    draws: tuple[DrawProgress, ...]
    champion: Measurement
    models: tuple[ModelProgress, ...]
    trainingsets: tuple[TrainingSetVersion, ...]
    decisions: tuple[Decision, ...]
    quarantined: int


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
    first, coders with the busiest first.
    """
    with ledger.read() as work:
        campaign = work.campaigns.get(campaign_key)
        tasks = work.tasks.marks(campaign_key)
        judgements = work.judgements.marks(campaign_key)
        draws = work.draws.of_campaign(campaign_key)
        states = _states(judgements)
        days = _days(draws, tasks, judgements, now)
        counts = _counts(tasks, states)
        versions = [v for v in work.models.all(model) if v.nomenclature == campaign.nomenclature]
        measured = models(work, versions[::-1], champion)
        return CampaignProgress(
            campaign=campaign,
            as_of=now,
            counts=counts,
            components=_by_component(tasks, states),
            coders=_coders(judgements),
            days=days,
            forecast=throughput.forecast(days, remaining=counts.asked - counts.done, today=now.date()),
            unclassifiable=_unclassifiable(judgements),
            draws=_draws(draws, tasks, states, work.tasks.example_reasons(campaign_key)),
            champion=_champion(work, campaign.nomenclature, champion, measured),
            models=measured,
            trainingsets=tuple(reversed(work.trainingsets.all(trainingset))),
            decisions=tuple(reversed(work.decisions.all()[-LATEST_DECISIONS:])),
            quarantined=work.quarantine.count(),
        )


def state(judgements: Iterable[JudgementMark]) -> State:
    """What the judgements in force on one task make of it."""
    settles = [judgement.outcome.settles for judgement in judgements]
    if any(settles):
        return State.DONE
    return State.WAITING if settles else State.OUTSTANDING


def _states(judgements: Sequence[JudgementMark]) -> dict[str, State]:
    of_task: dict[str, list[JudgementMark]] = {}
    for judgement in judgements:
        of_task.setdefault(judgement.task_key, []).append(judgement)
    return {key: state(marks) for key, marks in of_task.items()}


def _counts(tasks: Sequence[TaskMark], states: Mapping[str, State]) -> Counts:
    found = Counter(states.get(task.key) for task in tasks)
    return Counts(len(tasks), found[State.DONE], found[State.WAITING])


def _by_component(tasks: Sequence[TaskMark], states: Mapping[str, State]) -> dict[Component, Counts]:
    """In the order in which the components are declared; only those that asked something."""
    of_component: dict[Component, list[TaskMark]] = {}
    for task in tasks:
        of_component.setdefault(task.component, []).append(task)
    return {c: _counts(of_component[c], states) for c in Component if c in of_component}


def _coders(judgements: Sequence[JudgementMark]) -> tuple[CoderProgress, ...]:
    of_coder: dict[str, list[JudgementMark]] = {}
    for judgement in judgements:
        of_coder.setdefault(judgement.coder, []).append(judgement)
    coders = [_coder(name, marks) for name, marks in of_coder.items()]
    return tuple(sorted(coders, key=lambda coder: (-coder.done, coder.coder)))


def _coder(name: str, marks: Sequence[JudgementMark]) -> CoderProgress:
    times = [mark.lead_time for mark in marks if mark.lead_time is not None]
    return CoderProgress(
        coder=name,
        done=sum(mark.outcome.settles for mark in marks),
        unclassifiable=sum(mark.outcome is Outcome.UNCLASSIFIABLE for mark in marks),
        waiting=sum(not mark.outcome.settles for mark in marks),
        median_lead_time=median(times) if times else None,
        last_judged_at=max(mark.judged_at for mark in marks),
    )


def _days(
    draws: Sequence[Draw], tasks: Sequence[TaskMark], judgements: Sequence[JudgementMark], now: datetime
) -> tuple[Day, ...]:
    drawn = {draw.id: draw.drawn_at.date() for draw in draws}
    settled: dict[str, datetime] = {}
    for mark in judgements:
        if mark.outcome.settles:
            settled[mark.task_key] = min(settled.get(mark.task_key, mark.judged_at), mark.judged_at)
    asked = [drawn[task.draw_id] for task in tasks]
    return throughput.by_day(asked, [moment.date() for moment in settled.values()], today=now.date())


def _unclassifiable(judgements: Sequence[JudgementMark]) -> float | None:
    settled = {mark.task_key: mark.outcome for mark in judgements if mark.outcome.settles}
    if not settled:
        return None
    return sum(outcome is Outcome.UNCLASSIFIABLE for outcome in settled.values()) / len(settled)


def _draws(
    draws: Sequence[Draw],
    tasks: Sequence[TaskMark],
    states: Mapping[str, State],
    reasons: Mapping[tuple[int, Component], str],
) -> tuple[DrawProgress, ...]:
    of_draw: dict[int, list[TaskMark]] = {}
    for task in tasks:
        of_draw.setdefault(task.draw_id, []).append(task)
    return tuple(_draw(draw, of_draw.get(draw.id, []), states, reasons) for draw in reversed(draws))


def _draw(
    draw: Draw,
    tasks: Sequence[TaskMark],
    states: Mapping[str, State],
    reasons: Mapping[tuple[int, Component], str],
) -> DrawProgress:
    asked = Counter(task.component for task in tasks)
    return DrawProgress(
        id=draw.id,
        key=draw.key,
        drawn_at=draw.drawn_at,
        model_version=draw.model_version,
        counts=_counts(tasks, states),
        budget=budget(draw),
        asked={c: asked[c] for c in Component if c in asked},
        reasons={c: reasons[draw.id, c] for c in Component if (draw.id, c) in reasons},
    )


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
