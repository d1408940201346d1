"""The texts of the current window that drift most, with the reason of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sampling.drift import attribution
from sampling.drift.report import DriftReport


@dataclass(frozen=True, slots=True)
class DriftingText:
    """``declarations`` are those of the current window; ``code`` is the predicted one."""

    key: str
    text: str
    code: str | None
    declarations: int
    score: float
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def most(report: DriftReport, *, number: int, language: str) -> Sequence[DriftingText]:
    """The texts with the largest scores, one per wording; none where nothing rose."""
    if report.details is None or not number:
        return []
    flow = report.details.flow
    rows = np.flatnonzero(flow.after).tolist()
    found = attribution.attribute(
        report,
        words=[flow.words[row] for row in rows],
        codes=[flow.codes[row] for row in rows],
        variables=[flow.variables[row] for row in rows],
    )
    chosen: dict[str, DriftingText] = {}
    for place in np.argsort(-found.scores, kind="stable").tolist():
        row, score = rows[place], float(found.scores[place])
        if score <= 0 or len(chosen) == number:
            break
        if flow.words[row] not in chosen:
            chosen[flow.words[row]] = DriftingText(
                flow.keys[row], flow.texts[row], flow.codes[row], int(flow.after[row]), score,
                found.reason(place, language),
            )  # fmt: skip
    return list(chosen.values())
