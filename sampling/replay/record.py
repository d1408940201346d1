"""What a play has gone through so far, on disk: a play that was stopped goes on from there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sampling.replay.curves import Point
from sampling.replay.plan import Rows


@dataclass(frozen=True, slots=True)
class Step:
    """A model measured after some labels, and the rows that were asked next, in the order of asking."""

    point: Point
    asked: Rows


@dataclass(frozen=True, slots=True)
class Record:
    """One line of JSON per step; replaced whole, so a kill leaves the former steps."""

    path: Path

    def steps(self) -> list[Step]:
        if not self.path.is_file():
            return []
        read: list[Step] = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                read.append(_step(json.loads(line)))
            except (ValueError, KeyError, TypeError):
                break
        return read

    def write(self, steps: list[Step]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text("".join(f"{json.dumps(_content(step))}\n" for step in steps), encoding="utf-8")
        unfinished.replace(self.path)


def _content(step: Step) -> dict[str, Any]:
    point = step.point
    return {
        "labels": point.labels,
        "accuracy": point.accuracy,
        "macro_f1": point.macro_f1,
        "asked": step.asked.tolist(),
    }


def _step(content: dict[str, Any]) -> Step:
    point = Point(int(content["labels"]), float(content["accuracy"]), float(content["macro_f1"]))
    return Step(point, np.array(content["asked"], dtype=np.intp))
