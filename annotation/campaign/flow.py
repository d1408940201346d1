"""How often a model was right on the flow that was drawn from, by all labels of the draw.

Every text of the pool had a chance of being asked that is known, whichever component asked it, and the model that was
scored at the draw had seen none of them: so its accuracy is estimated from all of them, not from the audit alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from annotation.campaign import settling
from annotation.campaign.measurement import LEAST_TEXTS
from annotation.domain.campaign import Draw
from annotation.domain.task import Component, Task
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import accuracy, nonresponse
from annotation.quality.accuracy import Estimate
from annotation.quality.consensus import Settled
from annotation.quality.nonresponse import Bounds
from annotation.quality.samples import Floats

_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class FlowAccuracy:
    """``estimate`` is from all labels, ``audit`` from the audit's alone; either is None below ten of them.

    ``by_declaration`` counts a text as often as it was declared. Draws made before chances were known for all
    components have an audit alone.
    """

    draw: Draw
    texts: int
    asked: int
    coded: int
    estimate: Estimate | None
    audit: Estimate | None
    by_declaration: Estimate | None
    bounds: Bounds | None

    @property
    def narrower(self) -> float | None:
        """By what share the interval is narrower than the audit's; None where it is the audit's."""
        if self.estimate is None or self.audit is None or self.estimate == self.audit:
            return None
        return 1 - (self.estimate.high - self.estimate.low) / (self.audit.high - self.audit.low)

    def as_dict(self) -> dict[str, Any]:
        return {
            "draw": self.draw.key,
            "model_version": self.draw.model_version,
            "window": self.draw.current_window,
            "texts": self.texts,
            "asked": self.asked,
            "coded": self.coded,
            "accuracy": self.estimate.as_dict() if self.estimate else None,
            "audit_alone": self.audit.as_dict() if self.audit else None,
            "narrower": self.narrower,
            "by_declaration": self.by_declaration.as_dict() if self.by_declaration else None,
            "bounds": self.bounds.as_dict() if self.bounds else None,
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """Texts that a draw asked about, arrays (n,); ``right`` is NaN without a code or without a prediction."""

    right: Floats
    probability: Floats
    stratum: Sequence[str]
    component: Sequence[Component]
    declarations: Floats
    confidence: Floats

    def where(self, chosen: Sequence[int], probability: Floats) -> _Asked:
        return _Asked(
            self.right[chosen],
            probability,
            [self.stratum[row] for row in chosen],
            [self.component[row] for row in chosen],
            self.declarations[chosen],
            self.confidence[chosen],
        )


@dataclass(frozen=True, slots=True)
class _Population:
    """Sums by stratum; without ``confidence`` the difference estimator has nothing to start from."""

    texts: Mapping[str, float]
    confidence: float | None = None
    declarations: float | None = None
    confidence_by_declarations: float | None = None


def of_draw(work: UnitOfWork, draw: Draw, *, nomenclature: str) -> FlowAccuracy | None:
    """None where the draw asked nothing of a model's predictions by chance, or left texts without a chance."""
    drawn = work.tasks.of_draw(draw.id) if draw.model_version is not None else []
    tasks = [task for task in drawn if settling.counts(task)]
    if "population" not in draw.recipe or not draw.recipe.get("reaches_all", True):
        tasks = [task for task in tasks if task.component is Component.AUDIT]
    if not tasks:
        return None
    asked = _asked(work, draw, tasks)
    own = {m.text_key: m.inclusion_probability for m in work.evaluation.members(nomenclature)}
    keys = list(dict.fromkeys(task.text_key for task in tasks))
    audited = [row for row, c in enumerate(asked.component) if c is Component.AUDIT and keys[row] in own]
    audit = asked.where(audited, np.array([own[keys[row]] for row in audited], dtype=float))
    population = _population(draw, audit)
    coded = int((~np.isnan(asked.right)).sum())
    if not population.texts or coded < LEAST_TEXTS:
        return FlowAccuracy(draw, len(keys), len(keys), coded, None, None, None, None)
    return FlowAccuracy(
        draw=draw,
        texts=round(sum(population.texts.values())),
        asked=len(keys),
        coded=coded,
        estimate=_estimate(asked, population),
        audit=_estimate(audit, population),
        by_declaration=_by_declaration(asked, population),
        bounds=nonresponse.bounds(
            asked.right, _standing(asked, population), population_size=population.texts, stratum=asked.stratum
        ),
    )


def declarations(draw: Draw, task: Task) -> float:
    """Those of the text itself; of draws that did not store them, the mean of its near copies.

    A task counts the declarations of all near copies, of which its text was one to be drawn.
    """
    own = draw.recipe.get("own_declarations", {}).get(task.text_key)
    return float(task.frequency / draw.recipe.get("copies", {}).get(task.text_key, 1) if own is None else own)


def _asked(work: UnitOfWork, draw: Draw, tasks: Sequence[Task]) -> _Asked:
    """One row per text: several seats asked about one text are one observation, of no code while they dispute."""
    seats: dict[str, list[Task]] = {}
    for task in tasks:
        seats.setdefault(task.text_key, []).append(task)
    marks = work.judgements.marks_of_tasks([task.key for task in tasks])
    rule = settling.rule_of(work, draw.campaign)
    predicted = work.texts.first_codes(str(draw.model_version), list(seats))
    right = []
    for key, asked in seats.items():
        verdict = settling.weigh(asked, marks, rule).verdict
        code = verdict.code if isinstance(verdict, Settled) else None
        right.append(float(predicted[key] == code) if code is not None and key in predicted else np.nan)
    first = [asked[0] for asked in seats.values()]
    return _Asked(
        np.array(right, dtype=float),
        np.array([task.inclusion_probability for task in first], dtype=float),
        [task.stratum for task in first],
        [task.component for task in first],
        np.array([declarations(draw, task) for task in first], dtype=float),
        np.array([np.nan if task.confidence is None else task.confidence for task in first], dtype=float),
    )


def _population(draw: Draw, audit: _Asked) -> _Population:
    """As the draw stored it; of an older one, as its audit tells."""
    stored = draw.recipe.get("population")
    if stored:
        return _Population(
            {name: sums["texts"] for name, sums in stored.items()},
            *(
                sum(sums[what] for sums in stored.values())
                for what in (
                    "confidence",
                    "declarations",
                    "confidence_by_declarations",
                )
            ),
        )
    texts: dict[str, float] = {}
    for name, probability in sorted(zip(audit.stratum, audit.probability.tolist(), strict=True)):
        texts[name] = texts.get(name, 0.0) + 1 / probability
    return _Population(texts)


def _estimate(asked: _Asked, population: _Population) -> Estimate | None:
    seen = _answered(asked)
    if len(seen.right) < LEAST_TEXTS:
        return None
    foreseen = population.confidence if not np.isnan(seen.confidence).any() else None
    return accuracy.estimate(
        seen.right,
        _standing(seen, population),
        population_size=population.texts,
        stratum=seen.stratum,
        proxy=None if foreseen is None else seen.confidence,
        proxy_total=foreseen,
    )


def _by_declaration(asked: _Asked, population: _Population) -> Estimate | None:
    seen = _answered(asked)
    if population.declarations is None:
        return None
    foreseen = population.confidence_by_declarations if not np.isnan(seen.confidence).any() else None
    return accuracy.weighted(
        seen.right,
        _standing(seen, population),
        weight=seen.declarations,
        population_size=population.texts,
        stratum=seen.stratum,
        proxy=None if foreseen is None else seen.confidence,
        proxy_total=foreseen,
        weight_total=population.declarations,
    )


def _standing(seen: _Asked, population: _Population) -> Floats:
    """The chances (n,), by which each stratum's texts can stand for all of it.

    Where a stratum shows none but texts that were certain, while chance passed the others over, these stand for the
    others as if they had been drawn at random.
    """
    chances = seen.probability.copy()
    stratum = np.array(seen.stratum, dtype=object)
    for name in dict.fromkeys(seen.stratum):
        here = stratum == name
        number, texts = int(here.sum()), population.texts.get(name, 0.0)
        if number < texts * (1 - _ROUNDING) and np.all(chances[here] >= 1 - _ROUNDING):
            chances[here] = number / texts
    return chances


def _answered(asked: _Asked) -> _Asked:
    """Those with a code. Answers are taken as missing at random within stratum and component, since coders may meet the
    components one after the other; within the stratum where a component has no answer yet."""
    cells = list(zip(asked.stratum, asked.component, strict=True))
    seen = np.flatnonzero(~np.isnan(asked.right)).tolist()
    drawn, found = Counter(cells), Counter(cells[row] for row in seen)
    of_stratum, found_in = Counter(asked.stratum), Counter(asked.stratum[row] for row in seen)
    silent = {stratum for stratum, component in drawn if not found[stratum, component]}
    response = [
        found_in[stratum] / of_stratum[stratum] if stratum in silent else found[stratum, c] / drawn[stratum, c]
        for stratum, c in (cells[row] for row in seen)
    ]
    return asked.where(seen, asked.probability[seen] * np.array(response, dtype=float))
