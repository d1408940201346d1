"""Who takes part in a campaign, under pseudonyms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from annotation.campaign.ports import Platform
from annotation.domain.judgement import Outcome
from annotation.domain.team import Enrolment, Standing
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger, UnitOfWork


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


@dataclass(frozen=True, slots=True)
class Member:
    """``waiting`` tasks are in the coder's queue and unanswered; ``answered`` are those of the campaign, in any."""

    enrolment: Enrolment
    waiting: int
    answered: int
    last_seen: datetime | None


def roster(work: UnitOfWork, campaign_key: str) -> tuple[Member, ...]:
    """Everybody who was ever enrolled, in the order of their pseudonyms."""
    answered: dict[str, set[str]] = defaultdict(set)
    seen: dict[str, datetime] = {}
    for mark in work.judgements.marks(campaign_key):
        if mark.outcome is not Outcome.LATER:
            answered[mark.coder].add(mark.task_key)
        seen[mark.coder] = max(seen.get(mark.coder, mark.judged_at), mark.judged_at)
    done = set().union(*answered.values())
    waiting = Counter(queue for key, queue in work.assignments.queues(campaign_key).items() if key not in done)
    return tuple(
        Member(one, waiting[coder], len(answered[coder]), seen.get(coder))
        for coder, one in work.enrolments.current(campaign_key).items()
    )


def pseudonym(*, ledger: Ledger, platform: Platform, email: str, now: datetime) -> str:
    """Of the person with this address on the platform. Errors: NotFoundError, UnreachableError."""
    joined = [one for one in platform.coders().values() if one.email.casefold() == email.strip().casefold()]
    if not joined:
        raise NotFoundError(
            f"Nobody with the address {email} has joined {platform.name}.",
            cure="Send them the invite link (Label Studio: Organization, Invite People); once they joined, add them.",
        )
    with ledger.begin() as work:
        return work.coders.pseudonym(platform.name, joined[0].external_id, email=joined[0].email, now=now)
