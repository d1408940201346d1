"""From units that were drawn to the texts that coders are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotation.campaign import reasons as ordinary
from annotation.domain.campaign import Draw
from annotation.domain.chance import chance
from annotation.domain.task import Component, Task, task_key
from sampling import reasons
from sampling.design import Generators, Plan
from sampling.pool import Pool
from sampling.strategies.base import Explained


@dataclass(frozen=True, slots=True)
class Question:
    """A text that is asked, standing for ``copies`` texts of ``declarations`` declarations, itself included.

    ``own_declarations`` are those of this very text, ``chance`` is that of its being asked, ``audit_chance`` that of
    the audit asking it.
    """

    row: int
    text_key: str
    group_key: str
    component: Component
    stratum: str
    chance: float
    audit_chance: float
    copies: int
    declarations: int
    own_declarations: int
    confidence: float
    code: str | None


@dataclass(frozen=True, slots=True)
class Questions:
    """``asked`` stand in the order of their text keys."""

    pool: Pool
    plan: Plan
    asked: tuple[Question, ...]

    @classmethod
    def of(cls, pool: Pool, plan: Plan, generators: Generators) -> Questions:
        sample, units = plan.sample(generators), plan.units
        rows = units.pick(sample.chosen, generators("near copies"))
        declarations = units.sums(pool.frame["frequency"].to_numpy())
        columns: dict[str, Sequence[Any]] = {
            name: pool.frame[name].iloc[rows].tolist()
            for name in ("text_key", "group_key", "frequency", "confidence", "code")
        }
        asked = [
            Question(
                row=int(row),
                text_key=columns["text_key"][place],
                group_key=columns["group_key"][place],
                component=sample.components[place],
                stratum=plan.audit.names[plan.audit.stratum[unit]],
                # One of several near copies is taken, each with the same chance.
                chance=float(plan.chances[unit] / units.texts[unit]),
                audit_chance=float(plan.audit.chances[unit] / units.texts[unit]),
                copies=int(units.texts[unit]),
                declarations=int(declarations[unit]),
                own_declarations=int(columns["frequency"][place]),
                confidence=round(float(columns["confidence"][place]), 6),
                code=columns["code"][place],
            )
            for place, (unit, row) in enumerate(zip(sample.chosen.tolist(), rows.tolist(), strict=True))
        ]
        return cls(pool, plan, tuple(sorted(asked, key=lambda question: question.text_key)))

    def tasks(self, draw: Draw, *, language: str, candidates: int, blind_share: float = 0.0) -> list[Task]:
        codes = self._picked("codes")
        probabilities = self._picked("probabilities")
        keys = [task_key(draw.key, question.text_key) for question in self.asked]
        return [
            Task(
                key=keys[place],
                draw_id=draw.id,
                text_key=question.text_key,
                component=question.component,
                stratum=question.stratum,
                inclusion_probability=question.chance,
                seat=1,
                reason=self._reason(question, codes[place], probabilities[place], language),
                candidates=tuple(codes[place][:candidates]),
                probabilities=tuple(probabilities[place][:candidates]),
                model_version=draw.model_version,
                frequency=question.declarations,
                confidence=question.confidence,
                blind=chance(keys[place], "blind") < blind_share,
            )
            for place, question in enumerate(self.asked)
        ]

    def _picked(self, column: str) -> list[list[Any]]:
        return [list(one) for one in self.pool.frame[column].iloc[[question.row for question in self.asked]]]

    def _reason(self, question: Question, codes: list[str], probabilities: list[float], language: str) -> str:
        if question.component is Component.AUDIT:
            number = self.plan.audit.names.index(question.stratum)
            among = int(np.count_nonzero(self.plan.audit.stratum == number))
            return reasons.audit(language, drawn=int(self.plan.audit.drawn[number]), among=among)
        strategy = next(part.strategy for part in self.plan.parts if part.component is question.component)
        told = strategy.reason(self.pool, question.row, language) if isinstance(strategy, Explained) else ""
        return told or ordinary.uncertain(language, codes=codes, probabilities=probabilities)
