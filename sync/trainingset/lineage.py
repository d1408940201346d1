"""The versions that an Iceberg table holds, and how they descend from one another."""

from __future__ import annotations

from collections.abc import Iterator

from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot

from annotation.errors import NotFoundError
from sync.trainingset import version as versions
from sync.trainingset.version import Version


def all_versions(table: Table) -> list[Version]:
    """Oldest commit first."""
    found = (_of_snapshot(snapshot) for snapshot in table.snapshots())
    return [one for one in found if one is not None]


def current(table: Table) -> Version | None:
    """The version committed last."""
    snapshot = table.current_snapshot()
    return None if snapshot is None else _of_snapshot(snapshot)


def version(table: Table, tag: str) -> Version:
    """The version of this tag or other name; raises NotFoundError."""
    ref = table.refs().get(tag)
    snapshot = None if ref is None or tag == MAIN_BRANCH else table.snapshot_by_id(ref.snapshot_id)
    found = None if snapshot is None else _of_snapshot(snapshot)
    if found is None:
        raise missing(tag, [one.tag for one in all_versions(table)])
    return found


def snapshot_of(table: Table, found: Version) -> Snapshot:
    snapshot = table.snapshot_by_id(found.snapshot_id)
    if snapshot is None:
        raise missing(found.tag, [one.tag for one in all_versions(table)])
    return snapshot


def names(table: Table, found: Version) -> list[str]:
    """All names of a version, its own tag among them, sorted."""
    return sorted(
        name for name, ref in table.refs().items() if ref.snapshot_id == found.snapshot_id and name != MAIN_BRANCH
    )


def all_names(table: Table) -> dict[str, list[str]]:
    """By tag, oldest commit first, all names of each version, sorted."""
    named: dict[int, list[str]] = {}
    for name, ref in sorted(table.refs().items()):
        if name != MAIN_BRANCH:
            named.setdefault(ref.snapshot_id, []).append(name)
    return {one.tag: named.get(one.snapshot_id, []) for one in all_versions(table)}


def line(table: Table, found: Version) -> Iterator[Version]:
    """The version, its parent, the parent of that, …, up to the first, or up to one whose parent was collected."""
    by_id = {snapshot.snapshot_id: snapshot for snapshot in table.snapshots()}
    snapshot = by_id.get(found.snapshot_id)
    while snapshot is not None:
        one = _of_snapshot(snapshot)
        if one is None:
            return
        yield one
        snapshot = by_id.get(snapshot.parent_snapshot_id) if snapshot.parent_snapshot_id else None


def missing(tag: str, known: list[str]) -> NotFoundError:
    there = f"There are {', '.join(known[-10:])}." if known else "Nothing was committed yet."
    return NotFoundError(f"The training set has no version{f' {tag}' if tag else ''}.", cure=there)


def _of_snapshot(snapshot: Snapshot) -> Version | None:
    summary = {} if snapshot.summary is None else snapshot.summary.additional_properties
    return versions.from_summary(summary, snapshot.snapshot_id)
