"""What, with the ledger, decides the rows of a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sync.trainingset.policy import BuildPolicy, Resolution


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything but the ledger that decides the rows; the watermarks are the last row ids that count.

    ``built_at`` tells which rules were in force, how old a label was, and which texts were erased already.
    """

    nomenclature: str
    policy: BuildPolicy
    validation_share: float
    seed: int
    normaliser: str
    last_label: int
    last_evaluation_member: int
    # Versions built before gold was kept apart have none.
    last_gold: int = 0
    # Nor a moment, those built before anything hung on it.
    built_at: datetime | None = None

    @property
    def day(self) -> date | None:
        return self.built_at.date() if self.built_at else None

    def as_dict(self) -> dict[str, Any]:
        plain = asdict(replace(self, policy=BuildPolicy(())))
        return plain | {
            "policy": self.policy.as_dict(),
            "built_at": self.built_at.isoformat() if self.built_at else None,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Recipe:
        given = dict(stored)
        if "policy" in given:
            given["policy"] = BuildPolicy.of(given["policy"])
            given["built_at"] = datetime.fromisoformat(given["built_at"]) if given["built_at"] else None
        else:
            given["policy"] = BuildPolicy(tuple(given.pop("sources")), Resolution.NEWEST)
        return cls(**given)

    def differs_by_ledger_only(self, other: Recipe) -> bool:
        """Whether both say the same of the same ledger: on their days the same rules hold, the same labels are old."""
        if self._unmarked() != other._unmarked():
            return False
        if self.policy.max_age_days and self.day != other.day:
            return False
        return all(rule.holds_on(self.day) == rule.holds_on(other.day) for rule in self.policy.rules)

    def _unmarked(self) -> Recipe:
        return replace(self, last_label=0, last_evaluation_member=0, last_gold=0, built_at=None)
