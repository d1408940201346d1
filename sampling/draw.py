"""One draw: budgets in, tasks out, all in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.declaration import Window
from annotation.domain.task import Component, Task, task_key
from annotation.errors import ConflictError, InvalidInputError
from annotation.ledger.repositories.labels import LABELS, EvaluationMember
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from sampling.drift import windows
from sampling.drift.report import DriftReport
from sampling.pool import Pool
from sampling.settings import DrawSettings
from sampling.strategies.base import Selection
from sampling.strategies.drifting import Drifting
from sampling.strategies.probability import Audit
from sampling.strategies.uncertain import BreakingTies


@dataclass(frozen=True, slots=True)
class DrawResult:
    """``new`` is False when the same draw had been made before; the figures are then those of that draw."""

    draw: Draw
    new: bool
    tasks: int
    components: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {
            "draw": self.draw.key,
            "new": self.new,
            "tasks": self.tasks,
            "components": self.components,
            "seed": self.draw.seed,
            "current_window": self.draw.current_window,
            "left_out": self.draw.recipe.get("left_out", {}),
        }


def draw(
    *,
    ledger: Ledger,
    campaign: Campaign,
    pool: Pool,
    drift: DriftReport,
    settings: DrawSettings,
    now: datetime,
    key: str | None = None,
) -> DrawResult:
    """Select tasks from the pool within the budgets; texts of the audit join the evaluation set for good.

    The audit chooses first, among all, and once in each stretch of the flow; then the drifting, then the uncertain,
    which also takes what the drifting could not fill. ``key`` names the draw: made again, it is found and not repeated.
    Without it, the key is made of what decides the draw (campaign, model, windows, budgets, seed). Errors:
    InvalidInputError (closed campaign), ConflictError (another draw took texts of the pool meanwhile).
    """
    if campaign.closed_at is not None:
        raise InvalidInputError(f"The campaign {campaign.key} is closed.", cure="Create another one.")
    key = key or _key(campaign, drift, settings)
    with ledger.begin() as work:
        work.leases.serialise(LABELS)
        if former := _former(work, campaign, key):
            return former
        # A second audit of the same texts would count them twice in the evaluation set.
        audited = _is_audited(work, campaign, drift.windows.current)
        budget = settings.model_copy(update={"audit": 0}) if audited else settings
        selections = _select(pool, drift, budget, campaign.language, generator(key, settings.seed))
        stored = work.draws.add(_draw(key, campaign, drift, budget, pool, selections, now))
        tasks = [t for s in selections for t in _tasks(stored, s, pool, drift.model_version, settings.candidates)]
        _refuse_asked(work, campaign, tasks)
        work.tasks.add(tasks)
        work.evaluation.add(campaign.nomenclature, _members(tasks, pool), now=now)
        work.events.add("draw", key, now=now, payload={"tasks": len(tasks)})
    return DrawResult(stored, True, len(tasks), dict(Counter(t.component.value for t in tasks)))


def _select(
    pool: Pool, drift: DriftReport, settings: DrawSettings, language: str, random: np.random.Generator
) -> list[Selection]:
    free = pd.Series(True, index=pool.frame.index)
    audit = _take(pool, free, Audit(settings.audit, settings.audit_strata, language), random)
    drifting = Drifting(settings.drifting, drift.risen_codes, drift.risen_words, language)
    moved = _take(pool, free, drifting, random)
    unfilled = settings.drifting - len(moved.picks)
    uncertain = _take(pool, free, BreakingTies(settings.uncertain + unfilled, language), random)
    return [audit, moved, uncertain]


def _take(
    pool: Pool, free: pd.Series, strategy: Audit | Drifting | BreakingTies, random: np.random.Generator
) -> Selection:
    selection = strategy.select(pool, free, random)
    taken = pool.frame.loc[[pick.row for pick in selection.picks]]
    free &= ~pool.frame["line"].isin(taken["line"]) & ~pool.frame["group_key"].isin(taken["group_key"])
    return selection


def _tasks(stored: Draw, selection: Selection, pool: Pool, model_version: str, candidates: int) -> list[Task]:
    rows = pool.frame.loc[[pick.row for pick in selection.picks]]
    return [
        Task(
            key=task_key(stored.key, text_key),
            draw_id=stored.id,
            text_key=text_key,
            component=selection.component,
            stratum=pick.stratum,
            inclusion_probability=pick.probability,
            seat=1,
            reason=pick.reason,
            candidates=tuple(codes[:candidates]),
            probabilities=tuple(probabilities[:candidates]),
            model_version=model_version,
        )
        for pick, text_key, codes, probabilities in zip(
            selection.picks, rows["text_key"], rows["codes"], rows["probabilities"], strict=True
        )
    ]


def _members(tasks: list[Task], pool: Pool) -> list[EvaluationMember]:
    groups = dict(zip(pool.frame["text_key"], pool.frame["group_key"], strict=True))
    return [
        # Strata of different draws are different strata: each was drawn within its own window.
        EvaluationMember(t.text_key, groups[t.text_key], t.key, f"{t.draw_id}: {t.stratum}", t.inclusion_probability)
        for t in tasks
        if t.component is Component.AUDIT
    ]


def _draw(
    key: str,
    campaign: Campaign,
    drift: DriftReport,
    settings: DrawSettings,
    pool: Pool,
    selections: list[Selection],
    now: datetime,
) -> Draw:
    recipe = {
        "budget": settings.model_dump(mode="json"),
        "pool": len(pool.frame),
        "left_out": pool.left_out,
        "selections": {s.component.value: s.recipe for s in selections},
    }
    return Draw(
        key=key,
        campaign=campaign.key,
        seed=settings.seed,
        model_version=drift.model_version,
        reference_window=str(drift.windows.reference),
        current_window=str(drift.windows.current),
        recipe=recipe,
        drawn_at=now,
    )


def _is_audited(work: UnitOfWork, campaign: Campaign, window: Window) -> bool:
    """Whether a former draw has taken an audit from any part of the window."""
    former = [d for d in work.draws.of_campaign(campaign.key) if d.current_window]
    overlapping = [d for d in former if windows.overlap(windows.parse(d.current_window), window)]
    return any(Component.AUDIT in work.tasks.count_by_component(d.id) for d in overlapping)


def _refuse_asked(work: UnitOfWork, campaign: Campaign, tasks: list[Task]) -> None:
    if work.tasks.asked_texts(campaign.key) & {task.text_key for task in tasks}:
        raise ConflictError("Another draw has taken texts of this pool since it was read.", cure="Run: awb draw")


def _former(work: UnitOfWork, campaign: Campaign, key: str) -> DrawResult | None:
    former = work.draws.find(key)
    if former is None:
        return None
    if former.campaign != campaign.key:
        raise ConflictError(f"{key} is a draw of the campaign {former.campaign}.", cure="Name this one otherwise.")
    components = work.tasks.count_by_component(former.id)
    return DrawResult(former, False, sum(components.values()), components)


def _key(campaign: Campaign, drift: DriftReport, settings: DrawSettings) -> str:
    parts = [campaign.key, drift.model_version, str(drift.windows.current), settings.model_dump(mode="json")]
    return f"{campaign.key[:40]}/{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}"


def generator(key: str, seed: int) -> np.random.Generator:
    """Draws of one seed differ from one another, and each is the same whenever it is made."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")])
