"""The texts behind what moved in the flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from annotation.domain.task import Component
from sampling import reasons
from sampling.drift.detectors import Shift
from sampling.pool import Pool
from sampling.strategies.base import Pick, Selection, one_per_line


@dataclass(frozen=True, slots=True)
class Drifting:
    """``size`` texts at random among those whose predicted code, or one of whose words, rose in share.

    A text belongs to the shift that moved most; each shift gives its part of the texts in turn, so that a large one
    does not crowd out the others.
    """

    size: int
    codes: Mapping[str, Shift]
    words: Mapping[str, Shift]
    language: str

    def select(self, pool: Pool, free: pd.Series, random: np.random.Generator) -> Selection:
        frame = one_per_line(pool.frame[free])
        causes = {
            int(row): self._cause(code, words)
            for row, code, words in zip(frame.index, frame["code"], frame["words"], strict=True)
        }
        by_cause: dict[tuple[str, str], list[int]] = {}
        for row, cause in causes.items():
            if cause is not None:
                by_cause.setdefault(cause, []).append(row)
        queues = {cause: random.permutation(rows).tolist() for cause, rows in sorted(by_cause.items())}
        taken: dict[tuple[str, str], list[int]] = {cause: [] for cause in queues}
        while sum(map(len, taken.values())) < self.size and any(queues.values()):
            for cause, queue in queues.items():
                if queue and sum(map(len, taken.values())) < self.size:
                    taken[cause].append(queue.pop())
        picks = tuple(
            Pick(row, f"{kind} {value}", len(rows) / len(by_cause[kind, value]), self._reason(kind, value))
            for (kind, value), rows in taken.items()
            for row in sorted(rows)
        )
        recipe = {
            "frame": len(frame),
            "shifts": {
                f"{kind} {value}": {"texts": len(by_cause[kind, value]), "drawn": len(rows)}
                for (kind, value), rows in taken.items()
            },
        }
        return Selection(Component.DRIFTING, picks, recipe)

    def _cause(self, code: str | None, words: str) -> tuple[str, str] | None:
        found = [("word", word) for word in words.split() if word in self.words]
        if code in self.codes:
            found.append(("code", str(code)))
        return max(
            found, key=lambda cause: (self._shift(*cause).after - self._shift(*cause).before, cause), default=None
        )

    def _shift(self, kind: str, value: str) -> Shift:
        return self.codes[value] if kind == "code" else self.words[value]

    def _reason(self, kind: str, value: str) -> str:
        return reasons.drifting(self.language, kind=kind, shift=self._shift(kind, value))
