"""What one person may ask for: everything that is held of them, and to be forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from annotation.domain.team import Standing
from annotation.errors import NotFoundError
from annotation.ledger.repositories.people import Forgotten
from annotation.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """``campaigns`` are those they were taken out of."""

    coder: str
    judgements: int
    accounts: int
    campaigns: tuple[str, ...]


def export(work: UnitOfWork, coder: str) -> dict[str, Any]:
    """Every row of the ledger about the person behind the pseudonym, by table. Errors: NotFoundError."""
    _require(work, coder)
    return {"pseudonym": coder} | work.people.everything(coder)


def forget(work: UnitOfWork, coder: str, *, now: datetime) -> ForgetResult:
    """Erase who they are and what they wrote in their own words, disable their account, and take them out of all
    campaigns.

    Their codes stay under the pseudonym, since labels rest on them. What the annotation platform holds of them must be
    deleted there; a pull does not bring it back. Errors: NotFoundError.
    """
    _require(work, coder)
    left = []
    for campaign in work.campaigns.all():
        enrolment = work.enrolments.current(campaign.key).get(coder)
        if enrolment is not None and enrolment.state is not Standing.LEFT:
            work.enrolments.record(replace(enrolment, state=Standing.LEFT, reason="", enrolled_at=now))
            left.append(campaign.key)
    work.quarantine.blank(coder)
    done: Forgotten = work.people.forget(coder, now=now)
    return ForgetResult(coder, done.judgements, done.accounts, tuple(left))


def _require(work: UnitOfWork, coder: str) -> None:
    if not work.people.known(coder):
        raise NotFoundError(f"There is no coder {coder}.", cure="See: awb coder list")
