"""Which versions stay on the object storage, and the end of the others.

A version is marked in the ledger before its files go, and what was marked by a run that was killed goes with the next:
the ledger never tells of files that are not there. The entry itself stays, with its recipe, from which the rows can be
built again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from annotation.domain.version import ModelVersion, TrainingSetVersion
from annotation.ledger.unit_of_work import Ledger
from sync.trainingset.version import Version


class Dropped(Protocol):
    """Versions that went, and the files that nothing names any more."""

    @property
    def versions(self) -> Sequence[str]: ...

    @property
    def files(self) -> int: ...

    @property
    def bytes(self) -> int: ...


class Store(Protocol):
    """What is asked of the store of versions."""

    def versions(self) -> list[Version]: ...

    def current(self) -> Version | None: ...

    def all_names(self) -> Mapping[str, list[str]]: ...

    def collect(
        self,
        *,
        keep: Collection[str],
        grace: timedelta,
        now: datetime,
        dry_run: bool = False,
        only: Collection[str] | None = None,
    ) -> Dropped: ...


@dataclass(frozen=True, slots=True)
class Retention:
    """Versions that nothing else keeps stay while they are among the last ``last``, or younger than ``days`` days.

    ``grace`` is how long a file may lie there that no version names: somebody may be about to commit it.
    """

    last: int
    days: int
    grace: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CollectResult:
    """By tag, oldest first, why each version was ``kept``. On a dry run, what would have gone."""

    kept: Mapping[str, tuple[str, ...]]
    versions: tuple[str, ...]
    files: int
    bytes: int
    dry_run: bool


def collect(
    *,
    ledger: Ledger,
    store: Store,
    name: str,
    seen: Mapping[str, Collection[str]],
    retention: Retention,
    now: datetime,
    dry_run: bool = False,
) -> CollectResult:
    """Drop the versions that nobody needs. ``seen``: by digest, who was trained on it according to the registry.

    Always kept: the current version, versions with a name of their own, and those that a model was trained on.
    """
    # In this order: of what is committed meanwhile nothing is known, and it stays.
    stored, current, names = store.versions(), store.current(), store.all_names()
    with ledger.read() as work:
        known = _Known(
            {one.tag: one for one in work.trainingsets.all(name)},
            _users(work.models.all(), seen),
            current.tag if current else None,
            frozenset(one.tag for one in stored[-retention.last :]) if retention.last else frozenset(),
        )
    reasons = {one.tag: tuple(_reasons(one, names.get(one.tag, ()), known, retention, now)) for one in stored}
    kept = {tag: why for tag, why in reasons.items() if why}
    if not dry_run:
        _mark(ledger, name, kept, known.entered, now)
    dispensable = [tag for tag in reasons if tag not in kept]
    found = store.collect(keep=kept, grace=retention.grace, now=now, dry_run=dry_run, only=dispensable)
    return CollectResult(kept, tuple(found.versions), found.files, found.bytes, dry_run)


@dataclass(frozen=True, slots=True)
class _Known:
    """``users``: who was trained on what, by digest."""

    entered: Mapping[str, TrainingSetVersion]
    users: Mapping[str, Collection[str]]
    current: str | None
    last: Collection[str]


def _users(models: Iterable[ModelVersion], seen: Mapping[str, Collection[str]]) -> Mapping[str, Collection[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for digest, names in seen.items():
        found[digest].update(names)
    for one in models:
        found[one.trainingset_digest].add(f"{one.name}/{one.version}")
    return found


def _reasons(
    version: Version, names: Collection[str], known: _Known, retention: Retention, now: datetime
) -> Iterator[str]:
    if version.tag == known.current:
        yield "it is the current one"
    if others := [one for one in names if one != version.tag]:
        yield f"it is called {', '.join(others)}"
    if using := known.users.get(version.digest):
        yield f"{', '.join(sorted(using))} learnt from it"
    if version.tag not in known.entered:
        yield "the ledger has not entered it yet"
    elif known.entered[version.tag].built_at > now - timedelta(days=retention.days):
        yield f"it is younger than {retention.days} days"
    if version.tag in known.last:
        yield f"it is among the last {retention.last}"


def _mark(
    ledger: Ledger,
    name: str,
    kept: Collection[str],
    entered: Mapping[str, TrainingSetVersion],
    now: datetime,
) -> None:
    gone = [tag for tag, one in entered.items() if one.collected_at is None and tag not in kept]
    # Marked by a run that was killed; somebody has named it or learnt from it since.
    back = [tag for tag, one in entered.items() if one.collected_at is not None and tag in kept]
    with ledger.begin() as work:
        work.trainingsets.mark_collected(name, gone, at=now)
        work.trainingsets.mark_collected(name, back, at=None)
