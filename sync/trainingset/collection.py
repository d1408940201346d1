"""Dropping versions that nobody needs, and files that no version needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update.snapshot import ExpireSnapshots, ManageSnapshots

from sync.storage import Entry, Storage
from sync.trainingset import lineage
from sync.trainingset.catalog import Catalog
from sync.trainingset.version import Version


@dataclass(frozen=True, slots=True)
class Collected:
    """Tags of the versions dropped, oldest first, and how many files of how many bytes went."""

    versions: tuple[str, ...]
    files: int
    bytes: int


def collect(
    catalog: Catalog,
    storage: Storage,
    *,
    keep: Collection[str],
    before: datetime,
    dry_run: bool,
    only: Collection[str] | None = None,
) -> Collected:
    """Versions go in one catalog commit; files go afterwards, so that no version in force ever lacks one.

    With ``only``, none but these versions go, and of these none that has another name: whoever decided may not have
    seen what others have committed and named since. Files written at ``before`` or later stay, since a commit under
    way may be about to name them. Raises NotFoundError for a name in ``keep`` that there is not; nothing is dropped
    then.
    """
    table = catalog.table()
    if table is None:
        return Collected((), 0, 0)
    if dry_run:
        dropped = _dispensable(table, keep, only)
    else:
        dropped = catalog.retried(lambda: _dropped(catalog, keep, only))
        table = catalog.table() or table
    gone = {one.snapshot_id for one in dropped}
    kept = [snapshot for snapshot in table.snapshots() if snapshot.snapshot_id not in gone]
    needed = set(_needed(table, kept))
    files = [one for one in storage.entries(table.location()) if one.url not in needed and one.written_at < before]
    if not dry_run:
        _delete(storage, files)
    return Collected(tuple(one.tag for one in dropped), len(files), sum(one.bytes for one in files))


def _dropped(catalog: Catalog, keep: Collection[str], only: Collection[str] | None) -> list[Version]:
    table = catalog.table()
    dropped = [] if table is None else _dispensable(table, keep, only)
    if table is None or not dropped:
        return []
    with table.transaction() as transaction:
        for one in dropped:
            for name in lineage.names(table, one):
                ManageSnapshots(transaction).remove_tag(name).commit()
        ExpireSnapshots(transaction).by_ids([one.snapshot_id for one in dropped]).commit()
    return dropped


def _dispensable(table: Table, keep: Collection[str], only: Collection[str] | None) -> list[Version]:
    kept = {lineage.version(table, name).snapshot_id for name in keep}
    current = lineage.current(table)
    if current is not None:
        kept.add(current.snapshot_id)
    found = [one for one in lineage.all_versions(table) if one.snapshot_id not in kept]
    if only is None:
        return found
    return [one for one in found if one.tag in only and lineage.names(table, one) == [one.tag]]


def _needed(table: Table, kept: list[Snapshot]) -> Iterator[str]:
    """URLs of everything that the table's metadata and these snapshots name."""
    yield table.metadata_location
    yield from (entry.metadata_file for entry in table.metadata.metadata_log)
    manifests = set()
    for snapshot in kept:
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(table.io):
            yield manifest.manifest_path
            if manifest.manifest_path not in manifests:
                manifests.add(manifest.manifest_path)
                yield from (entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io))


def _delete(storage: Storage, files: list[Entry]) -> None:
    for file in files:
        storage.delete(file.url)
