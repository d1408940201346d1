"""Drawn tasks go to the platform, each once, whatever kills us on the way, and each into the project of its queue.

The platform knows no key of ours, so it cannot refuse a task that it has. What holds here: tasks are sent under a
lease, and only where the platform holds as many of ours as the ledger knows, so that none can be there unknown; after a
push that did not end, or where the numbers differ, each key is looked up first. What could still come twice (a request
of a killed process that the platform carried out late) is counted afterwards, found by its key and deleted, unless
somebody has answered it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from annotation.campaign import exclusive, outgoing, pull
from annotation.campaign.outgoing import Sender
from annotation.campaign.ports import Platform
from annotation.campaign.presenting import Shown
from annotation.campaign.projects import Projects
from annotation.domain.campaign import Campaign
from annotation.domain.team import SHARED
from annotation.errors import InvalidInputError
from annotation.ledger.repositories.platforms import Project
from annotation.ledger.unit_of_work import Ledger

MAX_BATCH = 1000
_MARK_LASTS = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class QueuePush:
    """Of one queue: the project, and how many tasks came into it."""

    queue: str
    project_id: int
    pushed: int
    url: str


@dataclass(frozen=True, slots=True)
class PushResult:
    """``already_there`` were on the platform without the ledger knowing; ``healed`` were there twice.

    ``withdrawn`` were unanswered and belong to another queue now. ``restored`` projects had a screen or settings that
    were not ours, ``replaced`` ones were deleted and made anew. Of a ``paused`` campaign nothing is pushed.
    """

    project_id: int
    pushed: int
    already_there: int
    healed: int
    url: str
    withdrawn: int = 0
    restored: int = 0
    replaced: int = 0
    paused: bool = False
    queues: tuple[QueuePush, ...] = ()


def push(
    *,
    ledger: Ledger,
    platform: Platform,
    campaign_key: str,
    shown: Shown,
    clock: Callable[[], datetime],
    batch: int = MAX_BATCH,
    replace_deleted: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    pause: Callable[[float], None] = time.sleep,
) -> PushResult:
    """Bring every task of the campaign that is not on the platform there; a second call brings none.

    Where the platform lost something, all is pulled first. ``replace_deleted`` makes deleted projects anew, instead of
    an error; what was said in them stays, and is not asked again.

    Errors: NotFoundError (no such campaign, or a project was deleted), InvalidInputError (closed campaign, or a changed
    screen that cannot be put back), ConflictError (another push is at work), UnreachableError, CheckFailedError (the
    platform has not what it took).
    """
    with ledger.read() as work:
        campaign = work.campaigns.get(campaign_key)
        nomenclature = work.nomenclatures.get(campaign.nomenclature)
        paused = work.policies.current(campaign_key).paused
        known = work.platforms.projects(campaign_key, platform.name)
    if campaign.closed_at is not None:
        raise InvalidInputError(f"The campaign {campaign_key} is closed.", cure="Create another campaign.")
    if paused:
        return _paused(platform, known)
    with exclusive.hold(ledger, f"push:{campaign_key}", clock=clock, pause=pause) as prolong:
        projects = Projects(ledger, platform, campaign, nomenclature, shown, clock)
        projects.mend(replace_deleted=replace_deleted)
        if any(_lost(ledger, platform, project) for project in projects.known):
            pull.pull(ledger=ledger, platform=platform, campaign_key=campaign_key, clock=clock, full=True)
        withdrawn = outgoing.withdraw(ledger, platform, campaign, projects.known, now=clock())
        keys = outgoing.outstanding(ledger, platform, campaign)
        unfinished = _begin(ledger, campaign, clock())
        sender = Sender(
            ledger,
            platform,
            campaign,
            nomenclature,
            shown,
            clock=clock,
            prolong=prolong,
            pause=pause,
            batch=min(batch, MAX_BATCH),
            total=sum(map(len, keys.values())),
            look=unfinished,
            on_progress=on_progress,
        )
        # Projects without new tasks are looked at too: a request of a killed push may have been carried out late.
        for queue in keys or (() if projects.known else (SHARED,)):
            projects.of_queue(queue)
        queues = [
            QueuePush(
                project.queue,
                project.external_id,
                sender.send(project, keys.get(project.queue, ())),
                platform.project_url(project.external_id),
            )
            for project in projects.known
        ]
        result = PushResult(
            project_id=queues[0].project_id,
            pushed=sender.pushed,
            already_there=sender.already_there,
            healed=sender.healed,
            url=queues[0].url,
            withdrawn=withdrawn,
            restored=projects.restored,
            replaced=projects.replaced,
            queues=tuple(queues),
        )
        _end(ledger, campaign, result, clock())
    return result


def _paused(platform: Platform, known: list[Project]) -> PushResult:
    project = known[0].external_id if known else 0
    return PushResult(project, 0, 0, 0, platform.project_url(project) if known else "", paused=True)


def _lost(ledger: Ledger, platform: Platform, project: Project) -> bool:
    """Whether the platform has fewer of our tasks than it had, or has gone back in time."""
    with ledger.read() as work:
        known = work.platforms.count_references(project.campaign, platform.name, project_id=project.external_id)
    if platform.require_project(project.external_id) < known:
        return True
    if project.cursor is None:
        return False
    newest = platform.newest_change(project.external_id)
    return newest is None or newest < project.cursor


def _begin(ledger: Ledger, campaign: Campaign, now: datetime) -> bool:
    """Whether the last push did not come to its end. The mark stands until one does: no lease outlives an error."""
    with ledger.begin() as work:
        unfinished = work.leases.held(_mark(campaign)) is not None
        work.leases.take(_mark(campaign), holder="push", now=now, lasting=_MARK_LASTS)
    return unfinished


def _end(ledger: Ledger, campaign: Campaign, result: PushResult, now: datetime) -> None:
    counts = {
        name: getattr(result, name)
        for name in ("pushed", "already_there", "healed", "withdrawn", "restored", "replaced")
    }
    with ledger.begin() as work:
        work.leases.release(_mark(campaign), holder="push")
        if any(counts.values()):
            work.events.add("push", campaign.key, now=now, payload=counts | {"project": result.project_id})


def _mark(campaign: Campaign) -> str:
    return f"unfinished-push:{campaign.key}"
