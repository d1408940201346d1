"""Which texts drive a drift, and why: a score and a cause for each text of the current window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from sampling import reasons
from sampling.drift.report import DriftReport

Kind = Literal["code", "word", "phrase", "variable", "wording"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What rose in share with the text: a code, a word, two words in a row, ``variable=value``, or its whole wording.

    Of a whole wording no share is known: ``before`` and ``after`` are 0.
    """

    kind: Kind
    value: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """In the order of the texts: ``scores`` (n,) of at least 0, larger drifts more, 0 without a sign of drift.

    A text has a cause where its score is above 0.
    """

    scores: npt.NDArray[np.float64]
    causes: tuple[Cause | None, ...]
    since: datetime

    def reason(self, row: int, language: str) -> str:
        """The cause in words; empty without one."""
        cause = self.causes[row]
        if cause is None:
            return ""
        return reasons.drifted(
            language, kind=cause.kind, value=cause.value, before=cause.before, after=cause.after, since=self.since
        )


def attribute(
    report: DriftReport,
    *,
    words: Sequence[str],
    codes: Sequence[str | None],
    variables: Sequence[Mapping[str, str]] | None = None,
) -> Attribution:
    """Score texts by what rose: ``words`` are cleaned wordings, ``codes`` predicted ones, ``variables`` as declared."""
    del variables
    risen = [("code", report.risen_codes), ("word", report.risen_words)]
    scores = np.zeros(len(words))
    causes: list[Cause | None] = []
    for row, (wording, code) in enumerate(zip(words, codes, strict=True)):
        held = {"code": [code] if code else [], "word": wording.split()}
        found = [(kind, shifts[value]) for kind, shifts in risen for value in held[kind] if value in shifts]
        best = max(found, key=lambda one: (one[1].after - one[1].before) / one[1].after, default=None)
        if best is None:
            causes.append(None)
            continue
        kind, shift = best
        scores[row] = (shift.after - shift.before) / shift.after
        causes.append(Cause("code" if kind == "code" else "word", shift.value, shift.before, shift.after))
    return Attribution(scores, tuple(causes), report.windows.current.start)
