"""What this package does, on parts that somebody opened for it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from annotation import wiring as annotation
from annotation.domain.declaration import Window
from annotation.domain.task import Component
from annotation.domain.text import Normaliser
from annotation.errors import ConflictError, InvalidInputError
from annotation.wiring import Desk, OnProgress, clock, silent
from sampling import calibrating, effort, evidence, explanation, lineup, partitions, pool, scoring, suspecting, workers
from sampling import calibration as calibrations
from sampling import draw as drawing
from sampling.calibrating import CalibrationResult
from sampling.calibration import Calibration
from sampling.draw import DrawResult, Order
from sampling.drift import report, windows
from sampling.drift.report import DriftReport
from sampling.drift.windows import Windows
from sampling.explanation import Explanation
from sampling.model import PortableModel
from sampling.partitions import PartitionsResult, PartitionStorage
from sampling.replay import history, savings
from sampling.replay import replay as replaying
from sampling.replay.learner import Learner
from sampling.replay.plan import Plan
from sampling.replay.replay import Replay
from sampling.scoredtable import Columns
from sampling.scorer import Scorer
from sampling.scoring import ScoringResult
from sampling.settings import CalibrationSettings, DrawSettings, ReplaySettings, SamplingSettings, ScoringSettings
from sampling.strategies import catalogue

# Below, a pool of processes takes longer to start than the texts to score.
POOL_PAYS_FROM = 100_000


class Sampler(Desk, Protocol):
    """The parts that sampling works with: those of annotation, and models."""

    @property
    def settings(self) -> SamplingSettings: ...

    def load(self, model_version: str) -> tuple[Scorer, Normaliser]: ...

    def portable(self, model_version: str) -> PortableModel: ...

    def storage_of(self, path: str) -> PartitionStorage: ...

    def champion_or_error(self) -> str: ...


class Player(Protocol):
    """The parts that a replay works with."""

    @property
    def settings(self) -> SamplingSettings: ...

    @property
    def home(self) -> Path: ...

    @property
    def normaliser(self) -> Normaliser: ...

    @property
    def learner(self) -> Learner: ...

    def coded_texts(self, path: str, *, text: str, code: str) -> Iterable[tuple[str, str]]: ...


def score(
    sampler: Sampler,
    model_version: str,
    *,
    keys: Collection[str] | None = None,
    settings: ScoringSettings | None = None,
    on_progress: OnProgress = silent,
) -> ScoringResult:
    """Score what the model has not scored yet: all texts of the ledger, or those of ``keys``."""
    given = settings or sampler.settings.scoring
    model = sampler.portable(model_version)
    with sampler.ledger.read() as work:
        texts = work.texts.without_prediction(model_version, keys=keys)
    size = given.workers or (workers.cores() if len(texts) >= POOL_PAYS_FROM else 1)
    size = min(size, -(-len(texts) // scoring.BATCH))  # no process is started for nothing
    with workers.opened(size=size, scheduler=given.scheduler if texts else "") as crew:
        return scoring.score(
            ledger=sampler.ledger, texts=texts, model=model, workers=crew, now=clock(), on_progress=on_progress
        )


def score_partitions(
    sampler: Sampler,
    model_version: str,
    *,
    folder: str,
    to: str,
    columns: Columns,
    codes: int,
    settings: ScoringSettings | None = None,
    on_progress: OnProgress = silent,
) -> PartitionsResult:
    """Score the Parquet files at or below a folder or prefix into as many below another; the ledger is not touched.

    Without variables in ``columns``, those of the model are read.
    """
    given = settings or sampler.settings.scoring
    model = sampler.portable(model_version)
    told = partitions.of_model(columns, model)
    source, target = sampler.storage_of(folder), sampler.storage_of(to)
    found = len(partitions.find(source, folder, target.url_of(to)))
    size = min(found, given.workers or workers.cores())
    with workers.opened(size=size, scheduler=given.scheduler) as crew:
        return partitions.score(
            source=source,
            folder=folder,
            target=target,
            to=to,
            columns=told,
            model=model,
            workers=crew,
            codes=codes,
            on_progress=on_progress,
        )


def calibrate(
    sampler: Sampler,
    model_version: str,
    *,
    settings: CalibrationSettings | None = None,
    on_progress: OnProgress = silent,
) -> CalibrationResult:
    """Calibrate a model on the audit's labels, after scoring those of its texts that it has not seen."""
    nomenclature = annotation.nomenclature(sampler)
    with sampler.ledger.read() as work:
        keys = {member.text_key for member in work.evaluation.members(nomenclature.key)}
    score(sampler, model_version, keys=keys, on_progress=on_progress)
    return calibrating.calibrate(
        ledger=sampler.ledger,
        nomenclature=nomenclature,
        model_version=model_version,
        settings=settings or sampler.settings.calibration,
        now=clock(),
    )


def choose_windows(sampler: Sampler) -> Windows:
    settings = sampler.settings
    return windows.choose(ledger=sampler.ledger, campaign_key=settings.campaign.key, settings=settings.drift)


def windows_of(sampler: Sampler, *, reference: str = "", current: str = "") -> Windows:
    """The windows that somebody wrote, and where nobody did, as they are chosen.

    Errors: InvalidInputError (no window, or one in which nothing arrived).
    """
    given = [
        windows.given(text, option=option) if text else None
        for text, option in ((reference, "--reference"), (current, "--current"))
    ]
    before, now = given
    for window in filter(None, given):
        _refuse_empty(sampler, window)
    chosen = Windows(before, now) if before and now else choose_windows(sampler)
    return windows.replaced(chosen, reference=before, current=now, days=sampler.settings.drift.reference_days)


def _refuse_empty(sampler: Sampler, window: Window) -> None:
    with sampler.ledger.read() as work:
        if not work.texts.declared_in(window):
            raise InvalidInputError(
                f"No declarations from {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}.",
                cure="Name a window in which some arrived.",
            )


def score_windows(
    sampler: Sampler, model_version: str, compared: Windows, *, on_progress: OnProgress = silent
) -> ScoringResult:
    """Score what the model has not scored of two windows: a part of them may be unlike the rest."""
    with sampler.ledger.read() as work:
        keys = {key for window in (compared.reference, compared.current) for key in work.texts.declared_in(window)}
    return score(sampler, model_version, keys=keys, on_progress=on_progress)


def drift(sampler: Sampler, model_version: str, chosen: Windows) -> DriftReport:
    with sampler.ledger.read() as work:
        named = sampler.settings.campaign.nomenclature
        nomenclature = work.nomenclatures.get(named) if named else None
        stored = work.calibrations.current(model_version)
    return report.report(
        ledger=sampler.ledger,
        windows=chosen,
        model_version=model_version,
        normaliser=sampler.load(model_version)[1],
        settings=sampler.settings.drift,
        nomenclature=nomenclature,
        calibration=Calibration.from_document(stored) if stored else calibrations.NONE,
    )


def draw(
    sampler: Sampler,
    drifted: DriftReport,
    *,
    settings: DrawSettings | None = None,
    key: str | None = None,
    named: Mapping[Component, Collection[str]] | None = None,
) -> DrawResult:
    """Draw for the campaign of the settings; ``settings`` replace the budgets configured.

    Suspected labels are a draw of their own beside it, and counted with it.
    """
    order = order_of(sampler, drifted, settings=settings, key=key, named=named)
    made = drawing.draw(ledger=sampler.ledger, order=order, now=clock())
    if not order.settings.suspected:
        return made
    asked = suspecting.draw(
        ledger=sampler.ledger,
        campaign=order.campaign,
        beside=made.draw,
        settings=order.settings,
        normaliser=sampler.load(drifted.model_version)[1],
        now=clock(),
    )
    components = made.components | ({Component.SUSPECTED.value: asked} if asked else {})
    return replace(made, tasks=made.tasks + asked, components=components)


def foresee(
    sampler: Sampler, drifted: DriftReport, *, settings: DrawSettings | None = None, key: str | None = None
) -> Explanation:
    """What ``draw`` would ask now, and why; nothing is written."""
    order = order_of(sampler, drifted, settings=settings, key=key)
    if former := drawing.find(ledger=sampler.ledger, order=order):
        raise ConflictError(f"The draw {former.draw.key} was made before.", cure="Give another --key, or none.")
    selected = drawing.select(ledger=sampler.ledger, order=order, now=clock())
    shown = [question.text_key for some in explanation.examples(selected).values() for question in some]
    with sampler.ledger.read() as work:
        texts = {key: text.text for key, text in work.texts.get(shown).items()}
        spent = effort.spent(work, order.campaign.key)
    return explanation.explain(selected, effort=spent, texts=texts)


def order_of(
    sampler: Sampler,
    drifted: DriftReport,
    *,
    settings: DrawSettings | None = None,
    key: str | None = None,
    named: Mapping[Component, Collection[str]] | None = None,
) -> Order:
    """What ``draw`` asks for. ``named`` are the keys of texts that a component is to choose among."""
    given = settings or sampler.settings.draw
    with sampler.ledger.read() as work:
        campaign = work.campaigns.get(sampler.settings.campaign.key)
        spent = effort.spent(work, campaign.key)
    normaliser = sampler.load(drifted.model_version)[1]
    found = pool.build(
        ledger=sampler.ledger,
        campaign_key=campaign.key,
        nomenclature=campaign.nomenclature,
        windows=drifted.windows,
        model_version=drifted.model_version,
        normaliser=normaliser,
        importance=given.importance,
    )
    others = evidence.strategies(
        ledger=sampler.ledger,
        campaign=campaign,
        pool=found,
        window=drifted.windows.current,
        model_version=drifted.model_version,
        normaliser=normaliser,
        settings=given,
    )
    return Order(
        campaign=campaign,
        pool=found,
        windows=drifted.windows,
        model_version=drifted.model_version,
        settings=effort.fitted(given, spent),
        strategies=lineup.strategies(found, drifted, given, named=named, others=others),
        clusters=lineup.clusters(found, near=given.near_copies),
        key=key,
    )


def replay(
    player: Player, path: str, *, text: str, code: str, settings: ReplaySettings, on_progress: OnProgress = silent
) -> Replay:
    """Play the coded texts of a file; neither ledger nor model is touched."""
    return replaying.replay(
        history=history.build(player.coded_texts(path, text=text, code=code), normaliser=player.normaliser),
        strategies={name: catalogue.find(name) for name in dict.fromkeys((savings.RANDOM, *settings.strategies))},
        learner=player.learner,
        plan=Plan(settings.initial, settings.batch, settings.until, settings.evaluation),
        seeds=settings.seeds,
        folder=player.home / "replay",
        workers=settings.workers or os.cpu_count() or 1,
        on_progress=on_progress,
    )
