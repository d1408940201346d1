"""What a version holds, in numbers: its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from sync.trainingset import schema
from sync.trainingset.checks import Finding

EMPTY = schema.words_key("")
_COUNTED = ("codes", "sources", "splits")
_NUMBERS = ("empty", "conflicting", "kept_out", "edited")


@dataclass(slots=True)
class Census:
    """``edited`` texts are those that a rule recoded or took out, ``empty`` rows have no word to read, ``conflicting``
    rows have a wording that stands with several codes."""

    codes: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    conflicting: int = 0
    kept_out: int = 0
    edited: int = 0

    @property
    def rows(self) -> int:
        return self.codes.total()

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> Self | None:
        """From a version's report; None where it was built before these were counted."""
        if any(name not in report for name in (*_COUNTED, *_NUMBERS)):
            return None
        census = cls(**{name: report[name] for name in _NUMBERS})
        for name in _COUNTED:
            getattr(census, name).update(report[name])
        return census

    def report(self, findings: Sequence[Finding]) -> dict[str, Any]:
        counted = {name: dict(sorted(getattr(self, name).items())) for name in _COUNTED}
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        return counted | numbers | {"findings": [one.as_dict() for one in findings]}

    def count(self, batch: pa.RecordBatch | pa.Table, sign: int = 1) -> None:
        """Add the rows, or with a sign of -1 take them away; wordings with several codes are counted apart."""
        for counter, column in ((self.codes, "code"), (self.sources, "source"), (self.splits, "split")):
            for one in pc.value_counts(batch[column]).to_pylist():
                counter[one["values"]] += sign * one["counts"]
                if not counter[one["values"]]:
                    del counter[one["values"]]
        self.empty += sign * int(pc.sum(pc.equal(batch["words_key"], EMPTY)).as_py() or 0)
        self.edited += sign * (batch.num_rows - batch["rule"].null_count)
