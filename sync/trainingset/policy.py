"""Which label of a text goes into a version, declared: it lies in the recipe, so that old versions follow theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from sync.trainingset.rules import Rule


class Resolution(StrEnum):
    """How one of a text's labels is chosen.

    PRECEDENCE: of the newest label of each source, that of the first source that says something. NEWEST: the label
    written last, of whatever source, as all versions were built before precedence was declared.
    """

    PRECEDENCE = "precedence"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """``codes`` are those after the rules; a label of an excluded source or coder says nothing."""

    codes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    coders: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildPolicy:
    """``sources`` in order of precedence; others say nothing.

    ``weights`` multiply the labels' own, by source. ``consensus`` is how judgements were settled at the harvest, empty
    where each campaign's own policy held. A coder's label says nothing where fewer than ``least_judgements`` stand
    behind it, and any label that is older than ``not_before`` or, on the day of the build, than ``max_age_days``
    (0: none is too old).
    """

    sources: tuple[str, ...]
    resolution: Resolution = Resolution.PRECEDENCE
    weights: Mapping[str, float] = field(default_factory=dict)
    consensus: str = ""
    least_judgements: int = 1
    not_before: date | None = None
    max_age_days: int = 0
    excluded: Exclusions = Exclusions()
    rules: tuple[Rule, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        stored = asdict(self)
        stored["rules"] = [rule.as_dict() for rule in self.rules]
        stored["excluded"] = {name: list(values) for name, values in stored["excluded"].items()}
        stored["not_before"] = self.not_before.isoformat() if self.not_before else None
        return stored | {"sources": list(self.sources), "resolution": self.resolution.value}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> BuildPolicy:
        return cls(
            sources=tuple(stored["sources"]),
            resolution=Resolution(stored["resolution"]),
            weights=dict(stored["weights"]),
            consensus=stored["consensus"],
            least_judgements=stored["least_judgements"],
            not_before=date.fromisoformat(stored["not_before"]) if stored["not_before"] else None,
            max_age_days=stored["max_age_days"],
            excluded=Exclusions(**{name: tuple(values) for name, values in stored["excluded"].items()}),
            rules=tuple(Rule.of(rule) for rule in stored["rules"]),
        )
