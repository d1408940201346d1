"""Drawn tasks go to the platform, each once, whatever kills us on the way.

The platform knows no key of ours, so it cannot refuse a task that it has. What holds here: a task is sent only after
its key has been looked up, under a lease; what could still come twice (a request of a killed process that the platform
carried out late) is found by its key and deleted, unless somebody has answered it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from annotation.campaign import exclusive, presenting
from annotation.campaign.ports import LostAnswerError, Platform, ProjectSpec, TaskPayload
from annotation.campaign.presenting import Shown
from annotation.domain.campaign import Campaign
from annotation.errors import CheckFailedError, ConflictError, InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature

MAX_BATCH = 1000
# Seconds between looks for a batch whose answer was lost.
LOOKS = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class PushResult:
    """``already_there`` were on the platform without the ledger knowing; ``healed`` were there twice."""

    project_id: int
    pushed: int
    already_there: int
    healed: int
    url: str


def push(
    *,
    ledger: Ledger,
    platform: Platform,
    campaign_key: str,
    shown: Shown,
    clock: Callable[[], datetime],
    batch: int = MAX_BATCH,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    pause: Callable[[float], None] = time.sleep,
) -> PushResult:
    """Bring every task of the campaign that is not on the platform there; a second call brings none.

    Errors: NotFoundError (no such campaign, or its project was deleted), InvalidInputError (closed campaign),
    ConflictError (another push is at work), UnreachableError, CheckFailedError (the platform took fewer than it got).
    """
    with ledger.read() as work:
        campaign = work.campaigns.get(campaign_key)
        nomenclature = work.nomenclatures.get(campaign.nomenclature)
    if campaign.closed_at is not None:
        raise InvalidInputError(f"The campaign {campaign_key} is closed.", cure="Create another campaign.")
    with exclusive.hold(ledger, f"push:{campaign_key}", clock=clock, pause=pause) as prolong:
        project = _project(ledger, platform, campaign, nomenclature, shown, clock)
        payloads = _outstanding(ledger, platform, campaign, shown)
        pushed = already = 0
        for part in _parts(payloads, min(batch, MAX_BATCH)):
            prolong()
            there = {key: ids[0] for key, ids in platform.find_tasks(project, [one.key for one in part]).items()}
            missing = [one for one in part if one.key not in there]
            created = _create(platform, project, missing, pause) if missing else {}
            with ledger.begin() as work:
                work.platforms.add_references(there | created, platform=platform.name, project_id=project, now=clock())
            pushed, already = pushed + len(created), already + len(there)
            on_progress(pushed + already, len(payloads))
        healed = _heal(ledger, platform, campaign_key, project)
        result = PushResult(project, pushed, already, healed, platform.project_url(project))
        if pushed or already or healed:
            _note(ledger, campaign_key, result, clock())
    return result


def _project(
    ledger: Ledger,
    platform: Platform,
    campaign: Campaign,
    nomenclature: Nomenclature,
    shown: Shown,
    clock: Callable[[], datetime],
) -> int:
    with ledger.read() as work:
        known = work.platforms.project(campaign.key, platform.name)
    if known is not None:
        platform.require_project(known.external_id)
    project = platform.ensure_project(
        ProjectSpec(
            key=f"{campaign.key}/{campaign.nomenclature}",
            title=campaign.title,
            description=f"{nomenclature.title} ({nomenclature.key})",
            nomenclature=nomenclature,
            language=campaign.language,
            prefill=shown.prefill,
        )
    )
    if known is not None and known.external_id != project:
        raise ConflictError(
            f"The campaign {campaign.key} is project {known.external_id} by the ledger, {project} by {platform.name}.",
            cure="Was the description of the project changed, or another database put behind the address?",
        )
    with ledger.begin() as work:
        work.platforms.add_project(campaign=campaign.key, platform=platform.name, external_id=project, now=clock())
    return project


def _outstanding(ledger: Ledger, platform: Platform, campaign: Campaign, shown: Shown) -> list[TaskPayload]:
    with ledger.read() as work:
        tasks = work.platforms.unpushed(campaign.key, platform.name)
        return presenting.payloads(work, campaign, tasks, shown)


def _parts(payloads: Sequence[TaskPayload], size: int) -> Iterator[Sequence[TaskPayload]]:
    for start in range(0, len(payloads), size):
        yield payloads[start : start + size]


def _create(
    platform: Platform, project: int, payloads: Sequence[TaskPayload], pause: Callable[[float], None]
) -> dict[str, int]:
    try:
        created = platform.create_tasks(project, payloads)
    except LostAnswerError:
        created = _look_for(platform, project, payloads, pause)
        if not created:
            raise
    if lacking := {one.key for one in payloads} - created.keys():
        raise CheckFailedError(
            f"The platform took {len(created)} of {len(payloads)} tasks; {min(lacking)} is not among them.",
            cure="Push again: it sends only what is not there. If it goes on, look into the server's log.",
        )
    return created


def _look_for(
    platform: Platform, project: int, payloads: Sequence[TaskPayload], pause: Callable[[float], None]
) -> dict[str, int]:
    """The tasks of a request whose answer was lost, once they appear; none when they don't."""
    keys = [one.key for one in payloads]
    for seconds in LOOKS:
        pause(seconds)
        if found := platform.find_tasks(project, keys):
            return {key: ids[0] for key, ids in found.items()}
    return {}


def _heal(ledger: Ledger, platform: Platform, campaign_key: str, project: int) -> int:
    with ledger.read() as work:
        known = work.platforms.references(campaign_key, platform.name)
    if platform.require_project(project) <= len(known):
        return 0
    found = platform.find_tasks(project, sorted(set(known.values())))
    # Where both copies are unknown as yet, the oldest stays; an answered copy is never deleted, the pull takes it in.
    surplus = [number for ids in found.values() for number in ids if number not in known]
    return platform.delete_unanswered(project, surplus) if surplus else 0


def _note(ledger: Ledger, campaign_key: str, result: PushResult, now: datetime) -> None:
    counts = {"pushed": result.pushed, "already_there": result.already_there, "healed": result.healed}
    with ledger.begin() as work:
        work.events.add("push", campaign_key, now=now, payload=counts | {"project": result.project_id})
