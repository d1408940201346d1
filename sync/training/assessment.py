"""All that the coders' answers say of a model: by level, text and declaration, on the flow, by domain, and for how much
longer to ask."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.campaign import agreeing, flow, measurement
from annotation.campaign.flow import FlowAccuracy
from annotation.campaign.measurement import LEAST_TEXTS
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import accuracy, planner
from annotation.quality.accuracy import Estimate
from annotation.quality.agreement import Coefficient
from annotation.quality.planner import Plan, Stratum
from sync.training import domains, evaluation
from sync.training.domains import DomainAccuracy, Split
from sync.training.evaluation import Answers, Evaluation


@dataclass(frozen=True, slots=True)
class Assessment:
    """``by_declaration`` is for the whole code, as ``domains`` and ``plan`` are, which wants ``half_width``.

    ``flows`` are of the campaign's draws from the model's predictions, newest first. ``ceiling`` is how often two
    coders give one text the same code.
    """

    evaluation: Evaluation
    ceiling: Coefficient | None
    by_declaration: Estimate | None
    flows: tuple[FlowAccuracy, ...]
    split: Split | None
    domains: tuple[DomainAccuracy, ...]
    half_width: float
    plan: Plan | None

    def as_dict(self) -> dict[str, Any]:
        return self.evaluation.as_dict() | {
            "human_ceiling": self.ceiling.as_dict() if self.ceiling else None,
            "by_declaration": self.by_declaration.as_dict() if self.by_declaration else None,
            "flow": [one.as_dict() for one in self.flows],
            "by": self.split.value if self.split else None,
            "domains": [one.as_dict() for one in self.domains],
            "labels_needed": {"wanted": self.half_width, **self.plan.as_dict()} if self.plan else None,
        }


def assess(
    *,
    ledger: Ledger,
    campaign_key: str,
    nomenclature: Nomenclature,
    model_version: str,
    split: Split | None,
    half_width: float,
) -> Assessment:
    """The members of the evaluation set must have been scored by the model."""
    said = evaluation.answers(ledger, nomenclature, model_version)
    with ledger.read() as work:
        drawn = [draw for draw in work.draws.of_campaign(campaign_key)[::-1] if draw.model_version == model_version]
        flows = [flow.of_draw(work, draw, nomenclature=nomenclature.key) for draw in drawn]
        weights = _declarations(work, said)
        ceiling = agreeing.ceiling(work, nomenclature.key)
    return Assessment(
        evaluation=evaluation.measured(said, model_version),
        ceiling=ceiling,
        by_declaration=_by_declaration(said, weights),
        flows=tuple(one for one in flows if one is not None),
        split=split,
        domains=domains.by(ledger=ledger, nomenclature=nomenclature, said=said, split=split) if split else (),
        half_width=half_width,
        plan=_plan(said, half_width),
    )


def _declarations(work: UnitOfWork, said: Answers) -> Mapping[str, float]:
    tasks = work.tasks.get([member.task_key for member in said.benchmark.coded])
    draws = {number: work.draws.get(number) for number in {task.draw_id for task in tasks.values()}}
    return {task.text_key: flow.declarations(draws[task.draw_id], task) for task in tasks.values()}


def _by_declaration(said: Answers, declarations: Mapping[str, float]) -> Estimate | None:
    coded = said.benchmark.coded
    if len(coded) < LEAST_TEXTS:
        return None
    drawing = said.benchmark.drawing(coded)
    return accuracy.weighted(
        said.right[-1],
        drawing.probability,
        weight=[declarations[member.text_key] for member in coded],
        population_size=drawing.population,
        stratum=drawing.stratum,
    )


def _plan(said: Answers, half_width: float) -> Plan | None:
    known, right = said.benchmark, said.by_key()
    if len(known.codes) < LEAST_TEXTS:
        return None
    labels = Counter(member.stratum for member in known.coded)
    hits = Counter(member.stratum for member in known.coded if right[member.text_key])
    strata = [
        # One hit and one miss more keep a stratum where all are right from needing nobody.
        Stratum(name, round(texts), _spread((hits[name] + 1) / (labels[name] + 2)), labels[name])
        for name, texts in known.population.items()
    ]
    return planner.labels_needed(
        half_width,
        strata,
        accuracy=measurement.estimate(known, right).value,
        response=len(known.codes) / len(known.members),
    )


def _spread(share: float) -> float:
    return math.sqrt(share * (1 - share))
