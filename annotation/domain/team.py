"""Who takes part in a campaign, and the texts that check them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Queues that belong to no coder. Label Studio has a project for each queue of a campaign but WAITING, whose tasks wait
# for room in the queue of a coder, away from the platform.
SHARED = ""
SECOND = "@second"
ARBITRATION = "@arbitration"
WAITING = "@waiting"


class Standing(StrEnum):
    """TRAINING coders get gold with feedback alone; PAUSED ones and those who LEFT get nothing."""

    ACTIVE = "active"
    TRAINING = "training"
    PAUSED = "paused"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``coder`` is a pseudonym. ``skills`` are codes of any level, below which the coder is at home; none: all."""

    campaign: str
    coder: str
    state: Standing
    enrolled_at: datetime
    arbiter: bool = False
    skills: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    """``queue`` is a pseudonym or one of the names above. After ``expires_at`` an unanswered task goes to others."""

    task_key: str
    queue: str
    assigned_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GoldText:
    """``note`` explains the code to those who err; ``evidence`` says who settled it."""

    nomenclature: str
    text_key: str
    code: str
    note: str
    evidence: str
    recorded_at: datetime
    retired: bool = False
