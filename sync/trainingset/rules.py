"""Rules that edit labels on their way into a version; the labels themselves stay as they are.

They reach training rows alone: a text of the evaluation set or of gold is never among these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class When:
    """All that is given must fit. ``words``: one of the patterns, as ``Pattern`` reads it, fits the text."""

    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.codes or self.words or self.variables or self.sources)


@dataclass(frozen=True, slots=True)
class Rule:
    """``code`` is what the label becomes, None to take the text out; ``evidence`` is the sentence that says why.

    It holds from the day ``begins_on`` to the day ``expires_on``, both included.
    """

    id: str
    evidence: str
    when: When
    code: str | None = None
    begins_on: date | None = None
    expires_on: date | None = None

    def holds_on(self, day: date | None) -> bool:
        """A version without a day knew no rules."""
        if day is None:
            return False
        return (self.begins_on is None or self.begins_on <= day) and not self.is_expired(day)

    def is_expired(self, day: date) -> bool:
        return self.expires_on is not None and self.expires_on < day

    def as_dict(self) -> dict[str, Any]:
        days = {name: getattr(self, name) for name in ("begins_on", "expires_on")}
        when = asdict(self.when) | {name: list(getattr(self.when, name)) for name in ("codes", "words", "sources")}
        when["variables"] = {name: list(values) for name, values in self.when.variables.items()}
        return asdict(self) | {"when": when} | {name: day.isoformat() if day else None for name, day in days.items()}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Rule:
        given = dict(stored)
        when = dict(given.pop("when"))
        variables = {name: tuple(values) for name, values in when.pop("variables").items()}
        days = {name: given.pop(name) for name in ("begins_on", "expires_on")}
        return cls(
            **given,
            when=When(**{name: tuple(values) for name, values in when.items()}, variables=variables),
            **{name: date.fromisoformat(day) if day else None for name, day in days.items()},
        )
