"""The plan carried out: univocal labels by the table, multivocal ones as questions to coders."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task, task_key
from annotation.domain.version import Decision
from annotation.ledger.repositories.labels import LABELS
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.correspondence import Correspondence
from sampling import draw as drawing
from sampling import reasons
from sync.relabel import plan as plans


@dataclass(frozen=True, slots=True)
class RelabelResult:
    """``labels`` written by the table and ``tasks`` drawn by this call; the rest as in the plan after it."""

    campaign: str
    univocal: int
    multivocal: int
    pending: int
    labels: int
    tasks: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "campaign": self.campaign,
            "univocal": self.univocal,
            "multivocal": self.multivocal,
            "pending": self.pending,
            "labels_written": self.labels,
            "tasks_drawn": self.tasks,
        }


def apply(
    *,
    ledger: Ledger,
    correspondence_key: str,
    campaign_key: str,
    title: str,
    language: str,
    budget: int,
    seed: int,
    now: datetime,
) -> RelabelResult:
    """Write the table's labels (source ``table``) and draw revision tasks, in one transaction.

    At most ``budget`` tasks are open at a time, so that a call that is repeated draws nothing more. They belong to a
    campaign of the new nomenclature, which is made when it is missing. Old codes take turns, most frequent first, each
    text at random within its code. A label that the table gave to a code that is no longer in force is withdrawn.
    """
    planned = plans.plan(ledger=ledger, correspondence_key=correspondence_key)
    table = planned.correspondence
    with ledger.begin() as work:
        work.leases.serialise(LABELS)
        campaign = Campaign(campaign_key, title, table.target, language, now)
        work.campaigns.add(campaign)
        # A label by a person or a rule in the new nomenclature stands above the table's.
        taken = {r.label.text_key for r in work.labels.current(table.target) if r.label.source is not Source.TABLE}
        labels = [_by_table(old, new, table, now) for old, new in planned.table if old.text_key not in taken]
        written = work.labels.record([*labels, *(_withdrawn(label, now) for label in planned.outdated)])
        tasks = _draw(work, campaign, table, planned.pending, budget=budget, seed=seed, now=now)
        if written or tasks:
            reason = f"{written} labels follow from the table, {tasks} texts with several candidates go to coders."
            work.decisions.add(Decision("relabel", table.key, True, reason, {"labels": written, "tasks": tasks}, now))
    figures = planned.as_dict()
    return RelabelResult(campaign_key, figures["univocal"], figures["multivocal"], figures["pending"], written, tasks)


def _by_table(old: Label, new: str, table: Correspondence, now: datetime) -> Label:
    return Label(
        text_key=old.text_key,
        nomenclature=table.target,
        code=new,
        source=Source.TABLE,
        weight=old.weight,
        settled_at=now,
        evidence=f"{table.key}: {old.code} ({old.source}) is univocal",
    )


def _withdrawn(label: Label, now: datetime) -> Label:
    evidence = f"withdrawn, its old code is no longer in force; it was: {label.evidence}"
    return replace(label, code=None, weight=0.0, settled_at=now, evidence=evidence)


def _draw(
    work: UnitOfWork,
    campaign: Campaign,
    table: Correspondence,
    pending: Sequence[Label],
    *,
    budget: int,
    seed: int,
    now: datetime,
) -> int:
    asked = work.tasks.asked_texts(campaign.key)
    frame = [label for label in pending if label.text_key not in asked]
    budget -= len(pending) - len(frame)
    if not frame or budget <= 0:
        return 0
    number = len(work.draws.of_campaign(campaign.key)) + 1
    key = f"{campaign.key}/revision-{number}"
    chosen = _in_turn(frame, budget, drawing.generator(key, seed))
    recipe = {"correspondence": table.key, "budget": budget, "frame": len(frame)}
    draw = work.draws.add(Draw(key, campaign.key, seed, None, "", "", recipe, now))
    sizes, drawn = Counter(label.code for label in frame), Counter(label.code for label in chosen)
    return work.tasks.add(
        [_task(draw, label, table, campaign.language, drawn[label.code] / sizes[label.code]) for label in chosen]
    )


def _in_turn(frame: Sequence[Label], budget: int, random: np.random.Generator) -> list[Label]:
    by_code: dict[str, list[Label]] = defaultdict(list)
    for label in frame:
        by_code[str(label.code)].append(label)
    queues = [
        [labels[position] for position in random.permutation(len(labels))]
        for _, labels in sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    chosen: list[Label] = []
    while len(chosen) < budget and any(queues):
        for queue in queues:
            if queue and len(chosen) < budget:
                chosen.append(queue.pop())
    return chosen


def _task(draw: Draw, label: Label, table: Correspondence, language: str, probability: float) -> Task:
    candidates = table.candidates(str(label.code))
    return Task(
        key=task_key(draw.key, label.text_key),
        draw_id=draw.id,
        text_key=label.text_key,
        component=Component.REVISION,
        stratum=str(label.code),
        inclusion_probability=probability,
        seat=1,
        reason=reasons.revision(language, old=str(label.code), number=len(candidates)),
        candidates=candidates,
        probabilities=(),
        model_version=None,
    )
