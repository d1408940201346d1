"""Gold among the tasks of coders, and for those who learn.

What holds here: a queue never gets the same gold text twice, nor one that its coder has answered otherwise, and nothing
of a gold task but its stored component tells it from an ordinary one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from annotation.domain.team import Assignment
from annotation.ledger.unit_of_work import UnitOfWork


def plan(work: UnitOfWork, campaign_key: str, *, fresh: Mapping[str, int], now: datetime) -> list[Assignment]:
    """Store gold tasks for queues that just got ``fresh`` tasks, and training tasks for coders who learn."""
    return []
