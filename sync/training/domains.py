"""Accuracy of a model by part of the nomenclature, of the flow, or by source: where it is good and where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from annotation.campaign.measurement import LEAST_TEXTS
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import accuracy
from annotation.quality.accuracy import Estimate
from annotation.quality.samples import Floats
from sync.training.evaluation import Answers


class Split(StrEnum):
    """By the coders' code (its section is level 1, its division level 2), by the source of the declarations, or by the
    stretch of the flow that a text was drawn from."""

    SECTION = "section"
    DIVISION = "division"
    SOURCE = "source"
    PERIOD = "period"


_LEVELS = {Split.SECTION: 1, Split.DIVISION: 2}


@dataclass(frozen=True, slots=True)
class DomainAccuracy:
    """``estimate`` is None below ten coded ``texts``: a figure would say nothing."""

    name: str
    title: str
    texts: int
    estimate: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "texts": self.texts,
            "accuracy": self.estimate.as_dict() if self.estimate else None,
        }


def by(*, ledger: Ledger, nomenclature: Nomenclature, said: Answers, split: Split) -> tuple[DomainAccuracy, ...]:
    """For the whole code, on the evaluation set, in the order of the names.

    A text declared by several sources counts in each.
    """
    keys = [member.text_key for member in said.benchmark.coded]
    if split in _LEVELS:
        of_text = _by_code(nomenclature, said, keys, _LEVELS[split])
    else:
        with ledger.read() as work:
            of_text = _by_source(work, keys) if split is Split.SOURCE else _by_period(work, said)
    names = sorted({name for found in of_text.values() for name in found})
    return tuple(
        _measured(name, nomenclature, said, np.array([name in of_text.get(key, ()) for key in keys], dtype=float))
        for name in names
    )


def _measured(name: str, nomenclature: Nomenclature, said: Answers, inside: Floats) -> DomainAccuracy:
    title = nomenclature[name].title if name in nomenclature else ""
    texts = int(inside.sum())
    if texts < LEAST_TEXTS:
        return DomainAccuracy(name, title, texts, None)
    drawing = said.benchmark.drawing(said.benchmark.coded)
    found = accuracy.weighted(
        said.right[-1],
        drawing.probability,
        weight=inside,
        population_size=drawing.population,
        stratum=drawing.stratum,
    )
    return DomainAccuracy(name, title, texts, found)


def _by_code(
    nomenclature: Nomenclature, said: Answers, keys: Sequence[str], level: int
) -> Mapping[str, tuple[str, ...]]:
    return {key: (nomenclature.at_level(said.benchmark.codes[key], level),) for key in keys}


def _by_source(work: UnitOfWork, keys: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    return work.texts.sources(keys)


def _by_period(work: UnitOfWork, said: Answers) -> Mapping[str, tuple[str, ...]]:
    tasks = work.tasks.get([member.task_key for member in said.benchmark.coded])
    windows = {number: _period(work.draws.get(number).current_window) for number in {t.draw_id for t in tasks.values()}}
    return {task.text_key: (windows[task.draw_id],) for task in tasks.values()}


def _period(window: str) -> str:
    """Its first day, and the day at which it ends."""
    start, _, end = window.partition("/")
    return f"{start[:10]} to {end[:10]}" if end else window or "unknown"
