"""The tasks of a campaign on their way to coders: who is asked besides the first, and in whose queue each one waits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from annotation.campaign import allotting, coder_quality, golding, seating
from annotation.campaign.board import Board
from annotation.domain.task import Kind
from annotation.domain.team import WAITING, Standing
from annotation.ledger.unit_of_work import Ledger, UnitOfWork


@dataclass(frozen=True, slots=True)
class RouteResult:
    """Tasks added for further coders (``seconds``) and for arbiters; tasks that came to a queue, and those among them
    that were taken from coders who let them lie; gold tasks added; coders paused for what gold says of them."""

    seconds: int = 0
    arbitrations: int = 0
    assigned: int = 0
    expired: int = 0
    gold: int = 0
    paused: int = 0


def route(*, ledger: Ledger, campaign_key: str, now: datetime) -> RouteResult:
    """Plan further seats and arbitrations, and assign what is open, by the policy of the campaign.

    In one transaction; called again with the same answers, it changes nothing. Nothing of a campaign that is closed or
    paused is touched. Errors: NotFoundError.
    """
    with ledger.begin() as work:
        work.leases.serialise(f"route:{campaign_key}")
        if work.campaigns.get(campaign_key).closed_at or work.policies.current(campaign_key).paused:
            return RouteResult()
        result = _route(work, campaign_key, now)
        if result != RouteResult():
            work.events.add("route", campaign_key, now=now, payload=asdict(result))
    return result


def _route(work: UnitOfWork, campaign_key: str, now: datetime) -> RouteResult:
    # Who learns has their training tasks before anybody asks whether they are done with them.
    gold = golding.plan(work, campaign_key, fresh={}, now=now)
    changed = coder_quality.review(work, campaign_key, now=now)
    board = Board.read(work, campaign_key, now=now)
    places = seating.plan(board)
    added = seating.tasks(board, places, work.tasks.get(sorted({place.like for place in places})))
    work.tasks.add(added)
    allotted = allotting.allot(
        board.with_tasks(added), work.nomenclatures.get(work.campaigns.get(campaign_key).nomenclature)
    )
    work.assignments.add(allotted.assignments)
    gold += golding.plan(work, campaign_key, fresh=allotted.fresh, now=now)
    arbitrations = sum(task.kind is Kind.ARBITRATION for task in added)
    return RouteResult(
        seconds=len(added) - arbitrations,
        arbitrations=arbitrations,
        assigned=sum(one.queue != WAITING for one in allotted.assignments),
        expired=allotted.expired,
        gold=len(gold),
        paused=sum(one.state is Standing.PAUSED for one in changed),
    )
