"""What leaves for the platform of a task: the allow-listed part of what we know about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotation.campaign.ports import Candidate, TaskPayload
from annotation.domain.campaign import Campaign
from annotation.domain.declaration import Text
from annotation.domain.task import Task
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature


@dataclass(frozen=True, slots=True)
class Shown:
    """What coders may see: ``variables`` maps the allow-listed variables to their titles; no other one is sent."""

    variables: Mapping[str, str]
    reason: bool = False
    prefill: bool = True


def payloads(work: UnitOfWork, campaign: Campaign, tasks: Sequence[Task], shown: Shown) -> list[TaskPayload]:
    """In the order of the tasks, which are of one campaign."""
    nomenclature = work.nomenclatures.get(campaign.nomenclature)
    texts = work.texts.get(sorted({task.text_key for task in tasks}))
    return [payload(task, texts[task.text_key], nomenclature, shown) for task in tasks]


def payload(task: Task, text: Text, nomenclature: Nomenclature, shown: Shown) -> TaskPayload:
    """Candidates that the nomenclature lacks stay behind."""
    probabilities = [*task.probabilities, *[None] * (len(task.candidates) - len(task.probabilities))]
    candidates = tuple(
        Candidate(code, nomenclature[code].title, probability)
        for code, probability in zip(task.candidates, probabilities, strict=False)
        if code in nomenclature and nomenclature[code].leaf
    )
    first, second = (*task.probabilities[:2], 0.0, 0.0)[:2]
    return TaskPayload(
        key=task.key,
        text=text.text,
        context=tuple(
            (title, text.variables[name]) for name, title in shown.variables.items() if text.variables.get(name)
        ),
        reason=task.reason if shown.reason else "",
        candidates=candidates,
        model_version=task.model_version,
        score=first - second if task.probabilities else None,
    )
