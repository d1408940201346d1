"""What a stored draw tells of itself: enough to make it again and to estimate from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from annotation.domain.task import Component
from annotation.quality import planner
from annotation.quality.planner import Stratum
from sampling.design import Plan
from sampling.pool import Pool
from sampling.questions import Question
from sampling.settings import DrawSettings


def of(
    pool: Pool,
    plan: Plan,
    asked: Sequence[Question],
    *,
    settings: DrawSettings,
    budgets: Mapping[Component, int],
) -> dict[str, Any]:
    """``population`` holds the sums by stratum from which an estimate starts, the least sure stratum first.

    ``copies`` holds, for each text asked that stands for several, how many, and ``own_declarations`` how many
    declarations it has itself: these, weighted by the inverse of its inclusion probability, add up to all declarations.
    ``reaches_all`` tells whether every text had a chance, so that the draw as a whole can speak of the pool.
    """
    drawn = Counter(question.component for question in asked)
    several = [question for question in asked if question.copies > 1]
    return {
        "budget": settings.model_dump(mode="json") | {c.value: number for c, number in budgets.items()},
        "pool": len(pool),
        "units": len(plan.units),
        "left_out": pool.left_out,
        "calibrated": pool.calibrated,
        "population": population(pool, plan),
        "copies": {question.text_key: question.copies for question in several},
        "own_declarations": {question.text_key: question.own_declarations for question in several},
        "reaches_all": bool((plan.chances > 0).all()),
        "expected": round(float(plan.chances.sum()), 3),
        "foreseen": foreseen(pool, plan),
        "unfilled": round(plan.unfilled, 3),
        "selections": {Component.AUDIT.value: _audit(plan)} | _parts(plan, drawn),
    }


def population(pool: Pool, plan: Plan) -> dict[str, dict[str, float]]:
    """By stratum: texts, declarations, and the confidence summed over either."""
    frequency = pool.frame["frequency"].to_numpy()
    confidence = pool.frame["confidence"].to_numpy(dtype=float)
    stratum = _stratum_of_text(plan)
    number = len(plan.audit.names)
    sums = {
        "texts": np.bincount(stratum, minlength=number),
        "declarations": np.bincount(stratum, frequency, number).astype(int),
        "confidence": np.bincount(stratum, confidence, number).round(6),
        "confidence_by_declarations": np.bincount(stratum, confidence * frequency, number).round(6),
    }
    return {
        name: {what: values[place].item() for what, values in sums.items()}
        for place, name in enumerate(plan.audit.names)
    }


def foreseen(pool: Pool, plan: Plan) -> dict[str, float | None]:
    """The accuracy that the model's confidence promises, and the half width of the interval that the audit will give.

    Both are None without an audit.
    """
    drawn = plan.audit.drawn.tolist()
    if not sum(drawn):
        return {"accuracy": None, "half_width": None}
    confidence = pool.frame["confidence"].to_numpy(dtype=float)
    stratum = _stratum_of_text(plan)
    strata = [
        Stratum(name, int(here.sum()), planner.foreseen_spread(confidence[here], proxy=pool.calibrated), number)
        for place, (name, number) in enumerate(zip(plan.audit.names, drawn, strict=True))
        if (here := np.asarray(stratum == place)).any()
    ]
    accuracy = float(confidence.mean())
    half_width = planner.expected_half_width(strata, accuracy=accuracy)
    return {"accuracy": round(accuracy, 6), "half_width": round(half_width, 6)}


def _stratum_of_text(plan: Plan) -> npt.NDArray[np.integer]:
    return plan.audit.stratum if plan.units.of_text is None else plan.audit.stratum[plan.units.of_text]


def _audit(plan: Plan) -> dict[str, Any]:
    sizes = np.bincount(plan.audit.stratum, minlength=len(plan.audit.names))
    strata = zip(plan.audit.names, sizes.tolist(), plan.audit.drawn.tolist(), strict=True)
    return {"frame": len(plan.units), "strata": {name: {"units": size, "drawn": drawn} for name, size, drawn in strata}}


def _parts(plan: Plan, drawn: Mapping[Component, int]) -> dict[str, Any]:
    return {
        part.component.value: {
            "strategy": part.strategy.name,
            "wanted": round(part.wanted, 3),
            "size": round(part.size, 3),
            "candidates": part.candidates,
            "drawn": drawn.get(part.component, 0),
        }
        for part in plan.parts
    }
