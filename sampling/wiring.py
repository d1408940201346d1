"""What this package does, on parts that somebody opened for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from annotation.domain.text import Normaliser
from annotation.wiring import Desk, OnProgress, clock, silent
from sampling import draw as drawing
from sampling import pool, scoring
from sampling.draw import DrawResult
from sampling.drift import report, windows
from sampling.drift.report import DriftReport
from sampling.drift.windows import Windows
from sampling.scorer import Scorer
from sampling.scoring import ScoringResult
from sampling.settings import DrawSettings, SamplingSettings


class Sampler(Desk, Protocol):
    """The parts that sampling works with: those of annotation, and models."""

    @property
    def settings(self) -> SamplingSettings: ...

    def load(self, model_version: str) -> tuple[Scorer, Normaliser]: ...

    def champion_or_error(self) -> str: ...


def score(
    sampler: Sampler, model_version: str, *, keys: Collection[str] | None = None, on_progress: OnProgress = silent
) -> ScoringResult:
    """Score what the model has not scored yet: all texts of the ledger, or those of ``keys``."""
    scorer, normaliser = sampler.load(model_version)
    return scoring.score(
        ledger=sampler.ledger,
        scorer=scorer,
        normaliser=normaliser,
        model_version=model_version,
        now=clock(),
        keys=keys,
        on_progress=on_progress,
    )


def choose_windows(sampler: Sampler) -> Windows:
    settings = sampler.settings
    return windows.choose(ledger=sampler.ledger, campaign_key=settings.campaign.key, settings=settings.drift)


def drift(sampler: Sampler, model_version: str, chosen: Windows) -> DriftReport:
    return report.report(
        ledger=sampler.ledger,
        windows=chosen,
        model_version=model_version,
        normaliser=sampler.load(model_version)[1],
        settings=sampler.settings.drift,
    )


def draw(
    sampler: Sampler, drifted: DriftReport, *, settings: DrawSettings | None = None, key: str | None = None
) -> DrawResult:
    """Draw for the campaign of the settings; ``settings`` replace the budgets configured."""
    with sampler.ledger.read() as work:
        campaign = work.campaigns.get(sampler.settings.campaign.key)
    candidates = pool.build(
        ledger=sampler.ledger,
        campaign_key=campaign.key,
        nomenclature=campaign.nomenclature,
        windows=drifted.windows,
        model_version=drifted.model_version,
        normaliser=sampler.load(drifted.model_version)[1],
    )
    return drawing.draw(
        ledger=sampler.ledger,
        campaign=campaign,
        pool=candidates,
        drift=drifted,
        settings=settings or sampler.settings.draw,
        now=clock(),
        key=key,
    )
