"""One draw: budgets in, tasks out, all in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.declaration import Window
from annotation.domain.task import Component, Task
from annotation.errors import ConflictError, InvalidInputError
from annotation.ledger.repositories.labels import LABELS, EvaluationMember
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from sampling import design, recipe
from sampling.design import Plan, Shape
from sampling.drift import windows
from sampling.drift.windows import Windows
from sampling.pool import Pool
from sampling.questions import Question, Questions
from sampling.settings import DrawSettings
from sampling.strategies.base import Strategy
from sampling.strategies.probability import Audit
from sampling.units import Units

# A confidence that no label has checked flatters more, so that sure texts are audited more.
LEAST_SPREAD = {True: 0.1, False: 0.3}


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
            "foreseen": self.draw.recipe.get("foreseen"),
        }


@dataclass(frozen=True, slots=True)
class Selected:
    """A draw that is not stored yet: neither it nor its tasks know its id. ``audited``: the window had its audit."""

    draw: Draw
    plan: Plan
    questions: Questions
    tasks: tuple[Task, ...]
    audited: bool

    @property
    def components(self) -> dict[str, int]:
        return dict(Counter(task.component.value for task in self.tasks))


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: a draw from ``pool`` for ``campaign``.

    ``strategies`` score the pool, one for each component but the audit; a component without one is empty. ``clusters``
    (texts,) number near copies alike; without them every text stands for itself.
    """

    campaign: Campaign
    pool: Pool
    windows: Windows
    model_version: str
    settings: DrawSettings
    strategies: Mapping[Component, Strategy]
    clusters: npt.NDArray[np.integer] | None = None
    key: str | None = None

    @property
    def draw_key(self) -> str:
        """The key given, or one made of what decides the draw: campaign, model, window, budgets, seed."""
        if self.key:
            return self.key
        parts = [
            self.campaign.key,
            self.model_version,
            str(self.windows.current),
            self.settings.model_dump(mode="json"),
        ]
        return f"{self.campaign.key[:40]}/{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}"

    @property
    def budgets(self) -> dict[Component, int]:
        return self.settings.budgets


def draw(*, ledger: Ledger, order: Order, now: datetime) -> DrawResult:
    """Select tasks from the pool within the budgets; texts of the audit join the evaluation set for good.

    One audit is drawn from each stretch of the flow. A draw made again under its key is found and not repeated.
    Errors: InvalidInputError (closed campaign), ConflictError (another draw took texts of the pool meanwhile).
    """
    if former := find(ledger=ledger, order=order):
        return former
    selected = select(ledger=ledger, order=order, now=now)
    with ledger.begin() as work:
        work.leases.serialise(LABELS)
        if former := _former(work, order.campaign, order.draw_key):
            return former
        _refuse_overtaken(work, order, selected)
        stored = work.draws.add(selected.draw)
        tasks = [replace(task, draw_id=stored.id) for task in selected.tasks]
        work.tasks.add(tasks)
        work.evaluation.add(order.campaign.nomenclature, _members(tasks, selected.questions), now=now)
        work.events.add("draw", stored.key, now=now, payload={"tasks": len(tasks)})
    return DrawResult(stored, True, len(tasks), selected.components)


def find(*, ledger: Ledger, order: Order) -> DrawResult | None:
    """The same draw, made before. Errors: InvalidInputError (closed campaign), ConflictError (of another campaign)."""
    campaign = order.campaign
    if campaign.closed_at is not None:
        raise InvalidInputError(f"The campaign {campaign.key} is closed.", cure="Create another one.")
    with ledger.read() as work:
        return _former(work, campaign, order.draw_key)


def select(*, ledger: Ledger, order: Order, now: datetime) -> Selected:
    """The draw as it would be made now; nothing is written."""
    with ledger.read() as work:
        # A second audit of the same texts would count them twice in the evaluation set.
        audited = _is_audited(work, order.campaign, order.windows.current)
        policy = work.policies.current(order.campaign.key)
    budgets = order.budgets | ({Component.AUDIT: 0} if audited else {})
    settings, pool, key = order.settings, order.pool, order.draw_key
    units = Units.of(pool.frame, order.clusters)
    planned = design.plan(
        pool,
        units=units,
        audit=Audit(settings.audit_strata, LEAST_SPREAD[pool.calibrated]),
        budgets=budgets,
        strategies=order.strategies,
        shapes=_shapes(settings, budgets),
        generators=lambda name: generator(f"{key}\x1f{name}", settings.seed),
    )
    questions = Questions.of(pool, planned, lambda name: generator(f"{key}\x1f{name}", settings.seed))
    asked = questions.asked
    written = Draw(
        key=key,
        campaign=order.campaign.key,
        seed=settings.seed,
        model_version=order.model_version,
        reference_window=str(order.windows.reference),
        current_window=str(order.windows.current),
        recipe=recipe.of(pool, planned, asked, settings=settings, budgets=budgets),
        drawn_at=now,
    )
    tasks = questions.tasks(
        written,
        language=order.campaign.language,
        candidates=settings.candidates or policy.candidates,
        blind_share=policy.blind_share,
    )
    return Selected(written, planned, questions, tuple(tasks), audited)


def _shapes(settings: DrawSettings, budgets: Mapping[Component, int]) -> dict[Component, Shape]:
    plain = Shape(settings.floor, settings.softness)
    cap = settings.cap_per_code
    most = cap * budgets[Component.UNCERTAIN] if cap < 1 else cap
    return dict.fromkeys(Component, plain) | {
        Component.UNCERTAIN: replace(plain, cap=most or None),
    }


def _members(tasks: list[Task], questions: Questions) -> list[EvaluationMember]:
    """The audit's own chances count: the evaluation set is the audit alone."""
    by_key: dict[str, Question] = {question.text_key: question for question in questions.asked}
    return [
        # Strata of different draws are different strata: each was drawn within its own window.
        EvaluationMember(
            t.text_key,
            by_key[t.text_key].group_key,
            t.key,
            f"{t.draw_id}: {t.stratum}",
            by_key[t.text_key].audit_chance,
        )
        for t in tasks
        if t.component is Component.AUDIT
    ]


def _refuse_overtaken(work: UnitOfWork, order: Order, selected: Selected) -> None:
    asked = work.tasks.asked_texts(order.campaign.key) & {task.text_key for task in selected.tasks}
    if asked or _is_audited(work, order.campaign, order.windows.current) != selected.audited:
        raise ConflictError("Another draw has taken texts of this pool since it was read.", cure="Run: awb draw")


def _is_audited(work: UnitOfWork, campaign: Campaign, window: Window) -> bool:
    """Whether a former draw has taken an audit from any part of the window."""
    former = [d for d in work.draws.of_campaign(campaign.key) if d.current_window]
    overlapping = [d for d in former if windows.overlap(windows.parse(d.current_window), window)]
    return any(Component.AUDIT in work.tasks.count_by_component(d.id) for d in overlapping)


def _former(work: UnitOfWork, campaign: Campaign, key: str) -> DrawResult | None:
    former = work.draws.find(key)
    if former is None:
        return None
    if former.campaign != campaign.key:
        raise ConflictError(f"{key} is a draw of the campaign {former.campaign}.", cure="Name this one otherwise.")
    components = work.tasks.count_by_component(former.id)
    return DrawResult(former, False, sum(components.values()), components)


def generator(key: str, seed: int) -> np.random.Generator:
    """Draws of one seed differ from one another, and each is the same whenever it is made."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")])
