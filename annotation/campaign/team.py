"""Who takes part in a campaign, under pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from annotation.domain.team import Enrolment, Standing
from annotation.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Team:
    """``coders`` may be given tasks, by pseudonym; arbiters are not among them, so that none judges their own answers.

    ``enrolled``: there are coders, be it that all of them are learning or paused. ``lapsed`` tells of coders who had
    tasks taken away when the newest of these were given to them.
    """

    coders: Mapping[str, Enrolment]
    arbiters: Mapping[str, Enrolment]
    enrolled: bool
    lapsed: Mapping[str, datetime]

    @classmethod
    def read(cls, work: UnitOfWork, campaign_key: str) -> Team:
        there = {c: e for c, e in work.enrolments.current(campaign_key).items() if e.state is not Standing.LEFT}
        active = {coder: one for coder, one in there.items() if one.state is Standing.ACTIVE}
        return cls(
            coders={coder: one for coder, one in active.items() if not one.arbiter},
            arbiters={coder: one for coder, one in active.items() if one.arbiter},
            enrolled=any(not one.arbiter for one in there.values()),
            lapsed=work.assignments.lapsed(campaign_key),
        )
