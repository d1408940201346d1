"""What one coder said of one task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    CODED = "coded"
    UNCLASSIFIABLE = "unclassifiable"
    LATER = "later"
    EXPERT = "expert"
    NOT_THIS = "not_this"

    @property
    def settles(self) -> bool:
        """Whether the task needs no further answer from this seat."""
        return self in (Outcome.CODED, Outcome.UNCLASSIFIABLE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One state of one annotation: an edit is a new judgement with the same ``external_id``.

    ``coder`` is a pseudonym. ``lead_time`` is in seconds. ``code`` is set if and only if the outcome is ``CODED``.
    ``difficulty`` is 0 (easy) to 5, as the coder felt it; ``detail`` says why a text cannot be coded.
    A ``deleted`` judgement is a tombstone: the annotation was there and is gone.
    """

    task_key: str
    platform: str
    external_id: str
    coder: str
    outcome: Outcome
    code: str | None
    judged_at: datetime
    lead_time: float | None = None
    comment: str = ""
    difficulty: int | None = None
    detail: str = ""
    deleted: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.CODED) != (self.code is not None):
            raise ValueError(f"outcome {self.outcome} with code {self.code!r}")
