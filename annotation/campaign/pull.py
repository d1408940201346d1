"""What coders said comes into the ledger, as often as one likes.

What holds here: the platform is read, never written; the ledger only ever gains rows. The whole annotation set of a
task that changed is compared with what is in force, so that a lost webhook, a killed pull or a late answer leaves no
trace after the next pull. The cursor of a project moves last, when all rows before it are committed, and never beyond
what the platform's clock shows; where that clock was set, all is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from annotation.campaign import exclusive
from annotation.campaign.ports import Platform, PlatformTask
from annotation.campaign.taking import Change, Taken, Taker
from annotation.errors import NotFoundError
from annotation.ledger.repositories.platforms import Project
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature

# A change can be seen a moment after the time it bears; in bulk, many moments.
OVERLAP = timedelta(minutes=5)
# How far the platform's clock and ours may differ.
SKEW = timedelta(minutes=5)
# A webhook is on its way for up to a second, and is written a moment later.
UNDER_WAY = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class PullResult:
    """``skipped`` are those of the new and edited that say *later*. ``vanished`` tasks were deleted on the platform.

    ``kept`` judgements are in force although the platform lost them, as after a backup was restored. ``unannounced``
    tasks had changed without a webhook's saying so, in projects that have one. ``lag_seconds`` is between the newest
    change and its recording; None where nothing had changed.
    """

    new: int = 0
    edited: int = 0
    deleted: int = 0
    skipped: int = 0
    quarantined: int = 0
    tasks_seen: int = 0
    vanished: int = 0
    kept: int = 0
    unannounced: int = 0
    lag_seconds: float | None = None

    def __add__(self, other: PullResult) -> PullResult:
        lags = [one.lag_seconds for one in (self, other) if one.lag_seconds is not None]
        return PullResult(
            new=self.new + other.new,
            edited=self.edited + other.edited,
            deleted=self.deleted + other.deleted,
            skipped=self.skipped + other.skipped,
            quarantined=self.quarantined + other.quarantined,
            tasks_seen=self.tasks_seen + other.tasks_seen,
            vanished=self.vanished + other.vanished,
            kept=self.kept + other.kept,
            unannounced=self.unannounced + other.unannounced,
            lag_seconds=min(lags, default=None),
        )


def pull(
    *,
    ledger: Ledger,
    platform: Platform,
    campaign_key: str,
    clock: Callable[[], datetime],
    full: bool = False,
    overlap: timedelta = OVERLAP,
    on_progress: Callable[[int], None] = lambda _: None,
) -> PullResult:
    """Record what changed in the campaign's projects since the last pull, or since ever when ``full``.

    Errors: NotFoundError (nothing has been pushed, or a project was deleted: then nothing of it is withdrawn from the
    ledger, and all others have been read), ConflictError (another pull is at work), UnreachableError.
    """
    with exclusive.hold(ledger, f"pull:{campaign_key}", clock=clock) as prolong:
        projects, nomenclature = _known(ledger, platform, campaign_key)
        shown = platform.clock()
        ahead = None if shown is None else (shown - clock()).total_seconds()
        full = full or _was_set(ledger, campaign_key, ahead)
        result, missing = PullResult(), []
        for project in projects:
            taker = Taker(ledger, platform, project, nomenclature, clock, shown=shown)
            reading = _Reading(ledger, platform, project, taker, clock, prolong, on_progress, result.tasks_seen)
            try:
                result += reading.read(full=full, overlap=overlap)
            except NotFoundError:
                missing.append(project)
        with ledger.begin() as work:
            work.events.mark("pulled", campaign_key, now=clock(), payload={"platform_ahead": ahead})
            if result != PullResult(tasks_seen=result.tasks_seen):
                work.events.add("pull", campaign_key, now=clock(), payload=asdict(result))
    if missing:
        raise _deleted(platform, missing)
    return result


def _was_set(ledger: Ledger, campaign_key: str, ahead: float | None) -> bool:
    """Whether the platform's clock, or ours, was set since the last pull, by more than the overlap makes up for."""
    with ledger.read() as work:
        last = work.events.newest("pulled", campaign_key)
    former = last.payload.get("platform_ahead") if last else None
    return ahead is not None and former is not None and abs(ahead - former) > OVERLAP.total_seconds() / 2


def _known(ledger: Ledger, platform: Platform, campaign_key: str) -> tuple[list[Project], Nomenclature]:
    with ledger.read() as work:
        campaign = work.campaigns.get(campaign_key)
        projects = work.platforms.projects(campaign_key, platform.name)
        nomenclature = work.nomenclatures.get(campaign.nomenclature)
    if not projects:
        raise NotFoundError(f"Nothing of the campaign {campaign_key} is on {platform.name}.", cure="Run: awb push")
    return projects, nomenclature


def _deleted(platform: Platform, missing: Sequence[Project]) -> NotFoundError:
    named = ", ".join(f"{one.external_id} ({one.queue or 'shared'})" for one in missing)
    return NotFoundError(
        f"Of the campaign {missing[0].campaign}, {platform.name} has these projects no more: {named}. "
        "What was said in them stays in the ledger.",
        cure="Restore them there from a backup. If they are gone for good: awb push --replace-deleted",
    )


@dataclass(frozen=True, slots=True)
class _Hints:
    ids: tuple[int, ...]
    tasks: tuple[int, ...]
    deletions: bool

    @classmethod
    def read(cls, ledger: Ledger, project: Project) -> _Hints:
        with ledger.read() as work:
            mine = work.inbox.waiting(project_id=project.external_id)
        named = {int(number) for hook in mine for number in hook.payload.get("task_ids", [])}
        deletions = any(hook.action == "TASKS_DELETED" for hook in mine)
        return cls(tuple(hook.id for hook in mine), tuple(sorted(named)), deletions)


class _Reading:
    """Of one project."""

    def __init__(
        self,
        ledger: Ledger,
        platform: Platform,
        project: Project,
        taker: Taker,
        clock: Callable[[], datetime],
        prolong: Callable[[], None],
        on_progress: Callable[[int], None],
        seen_before: int,
    ) -> None:
        self._ledger = ledger
        self._platform = platform
        self._project = project
        self._clock = clock
        self._prolong = prolong
        self._on_progress = on_progress
        self._taker = taker
        self._seen = seen_before
        self._newest = project.cursor
        self._taken = Taken()

    def read(self, *, full: bool, overlap: timedelta) -> PullResult:
        project, before = self._project, self._seen
        hints = _Hints.read(self._ledger, project)
        there = self._platform.require_project(project.external_id)
        everything = full or project.cursor is None
        # Time goes back where the task that changed last was deleted, or the server restored from a backup.
        went_back = project.cursor is not None and self._goes_back(project.cursor)
        since = None if everything or went_back or project.cursor is None else project.cursor - overlap
        self._take(since, hints.tasks)
        if self._taker.reused and since is not None:
            # Restored, and at work again since: the cursor shows nothing of it, the ids do.
            self._take(None, ())
        went_back = went_back or self._taker.reused
        if everything or went_back or hints.deletions or there < self._living():
            self._taken += self._taker.withdraw_missing(went_back=went_back)
        self._finish(hints, went_back=went_back)
        return self._result(self._seen - before)

    def _goes_back(self, cursor: datetime) -> bool:
        newest = self._platform.newest_change(self._project.external_id)
        return newest is None or newest < cursor

    def _take(self, since: datetime | None, hinted: Sequence[int]) -> None:
        if since is None:
            self._newest = None
        for tasks in self._changed(since, hinted):
            self._prolong()
            self._taken += self._taker.take(tasks)
            self._newest = (
                max((t.updated_at for t in tasks), default=None)
                if self._newest is None
                else max(self._newest, *(t.updated_at for t in tasks))
            )
            self._seen += len(tasks)
            self._on_progress(self._seen)

    def _changed(self, since: datetime | None, hinted: Sequence[int]) -> Iterator[list[PlatformTask]]:
        seen: set[int] = set()
        for tasks in self._platform.changed_tasks(self._project.external_id, since):
            seen.update(task.external_id for task in tasks)
            yield tasks
        unseen = [number for number in hinted if number not in seen]
        if unseen and (found := self._platform.tasks(self._project.external_id, unseen)):
            yield found

    def _living(self) -> int:
        project = self._project
        with self._ledger.read() as work:
            return work.platforms.count_references(project.campaign, project.platform, project_id=project.external_id)

    def _finish(self, hints: _Hints, *, went_back: bool) -> None:
        project = self._project
        with self._ledger.begin() as work:
            if self._newest is not None:
                # What bears a time to come shall not hide what happens until then.
                reached = min(self._newest, self._taker.shown or self._newest)
                work.platforms.move_cursor(project.campaign, project.platform, reached, project.queue)
            work.inbox.mark_processed(hints.ids, now=self._clock())
            if went_back and self._taken.kept:
                payload = {"project": project.external_id, "queue": project.queue, "kept": self._taken.kept}
                work.events.add("platform_restored", project.campaign, now=self._clock(), payload=payload)

    def _result(self, seen: int) -> PullResult:
        taken, changes = self._taken, self._taker.changes
        newest = max((change.changed_at for change in changes), default=None)
        result = PullResult(**{**asdict(taken), "tasks_seen": seen, "unannounced": self._unannounced(changes)})
        lag = None if newest is None else max(0.0, round((self._clock() - newest).total_seconds(), 3))
        return replace(result, lag_seconds=lag)

    def _unannounced(self, changes: Sequence[Change]) -> int:
        """Tasks that changed while there was a webhook, of which none told; those just changed may still be told."""
        project, now = self._project, self._clock()
        if project.webhook_id is None or not changes:
            return 0
        with self._ledger.read() as work:
            registered = work.events.newest("webhook", project.campaign)
            told = work.inbox.announced(
                project_id=project.external_id, since=min(change.changed_at for change in changes) - SKEW
            )
        start = registered.happened_at if registered else None
        return sum(
            change.task not in told.tasks
            and not change.annotations & told.annotations
            and change.changed_at <= now - UNDER_WAY
            and (start is None or change.changed_at > start)
            for change in changes
        )
