"""A draw before it is made: what is asked, why, how well accuracy will be known, and what it costs coders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from annotation.domain.task import Component
from sampling.design import PRIORITY
from sampling.draw import Selected
from sampling.effort import Effort
from sampling.pool import Pool
from sampling.questions import Question

EXAMPLES: Final = 3
CODES: Final = 15


@dataclass(frozen=True, slots=True)
class Example:
    """``chance`` is that of this text being asked."""

    text: str
    reason: str
    chance: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What a component asks. ``budget`` is what was wanted of it; what it could not fill went to the uncertain."""

    component: str
    strategy: str
    budget: int
    tasks: int
    minutes: float
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Coded:
    """A predicted code, None where the model has none: its tasks and its texts in the pool."""

    code: str | None
    tasks: int
    texts: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """``accuracy`` is foreseen from the model's confidence, ``half_width`` that of its 95 % interval once audited.

    Both are None without an audit. ``wordings`` count near copies once. ``other_codes`` have tasks too, and are not
    among ``codes``. ``seconds`` per judgement are the median of ``timed`` ones.
    """

    draw: str
    model_version: str
    current_window: str
    texts: int
    wordings: int
    declarations: int
    tasks: int
    minutes: float
    seconds: float
    timed: int
    calibrated: bool
    audited_before: bool
    accuracy: float | None
    half_width: float | None
    unfilled: float
    asked: tuple[Asked, ...]
    codes: tuple[Coded, ...]
    other_codes: int
    left_out: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"dry_run": True, "left_out": dict(self.left_out)}


def examples(selected: Selected) -> dict[Component, list[Question]]:
    """A few questions of each component, evenly spaced over the order of their keys."""
    of_component: dict[Component, list[Question]] = {}
    for question in selected.questions.asked:
        of_component.setdefault(question.component, []).append(question)
    return {
        component: [some[place * len(some) // EXAMPLES] for place in range(min(EXAMPLES, len(some)))]
        for component, some in of_component.items()
    }


def explain(selected: Selected, *, effort: Effort, texts: Mapping[str, str]) -> Explanation:
    """``texts`` are those of the ``examples`` by their keys, as they were declared."""
    pool, draw = selected.questions.pool, selected.draw
    counts = Counter(question.component for question in selected.questions.asked)
    foreseen = draw.recipe["foreseen"]
    codes = _codes(selected, pool)
    return Explanation(
        draw=draw.key,
        model_version=draw.model_version or "",
        current_window=draw.current_window,
        texts=len(pool),
        wordings=len(selected.plan.units),
        declarations=int(pool.frame["frequency"].sum()),
        tasks=len(selected.tasks),
        minutes=round(effort.minutes(counts), 1),
        seconds=round(effort.seconds, 1),
        timed=effort.judgements,
        calibrated=pool.calibrated,
        audited_before=selected.audited,
        accuracy=foreseen["accuracy"],
        half_width=foreseen["half_width"],
        unfilled=round(selected.plan.unfilled, 1),
        asked=tuple(_asked(selected, counts, effort, texts)),
        codes=codes[:CODES],
        other_codes=len(codes[CODES:]),
        left_out=pool.left_out,
    )


def _asked(
    selected: Selected, counts: Mapping[Component, int], effort: Effort, texts: Mapping[str, str]
) -> list[Asked]:
    reasons = {task.text_key: task.reason for task in selected.tasks}
    strategies = {part.component: part.strategy.name for part in selected.plan.parts}
    shown = examples(selected)
    budget = selected.draw.recipe["budget"]
    return [
        Asked(
            component=component.value,
            strategy="stratified random" if component is Component.AUDIT else strategies.get(component, ""),
            budget=budget[component.value],
            tasks=counts.get(component, 0),
            minutes=round(effort.minutes({component: counts.get(component, 0)}), 1),
            examples=tuple(
                Example(texts.get(q.text_key, ""), reasons[q.text_key], round(q.chance, 6))
                for q in shown.get(component, [])
            ),
        )
        for component in PRIORITY
        if budget[component.value] or counts.get(component, 0)
    ]


def _codes(selected: Selected, pool: Pool) -> tuple[Coded, ...]:
    """Those with most tasks first."""
    tasks = Counter(question.code for question in selected.questions.asked)
    sizes = pool.frame["code"].value_counts(dropna=True)
    without = int(pool.frame["code"].isna().sum())
    return tuple(
        Coded(code, number, int(sizes[code]) if code is not None else without)
        for code, number in sorted(tasks.items(), key=lambda item: (-item[1], item[0] or ""))
    )
