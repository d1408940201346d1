"""A ledger made again from a backup, in an empty place, on SQLite or PostgreSQL whichever it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from annotation.errors import InstallationError
from annotation.ledger import loading, revisions
from annotation.ledger.plainrows import Plain, Shape
from annotation.ledger.unit_of_work import Ledger
from sync.backups import files
from sync.backups.archive import Archive
from sync.backups.backup import SUBJECT
from sync.backups.manifest import Manifest
from sync.backups.meter import Meter
from sync.storage import Storage

EVENT: Final = "restore"


@dataclass(frozen=True, slots=True)
class Restored:
    """``files_checked`` were there as the backup knew them, ``files_written`` came out of it."""

    archive: str
    taken_at: datetime
    from_revision: str
    revision: str
    tables: int
    rows: int
    files_checked: int
    files_written: int


def restore(
    *,
    ledger: Ledger,
    storage: Storage | None,
    source: Storage,
    path: str,
    now: datetime,
    on_progress: Callable[[int, int], None],
) -> Restored:
    """Read the whole archive and check it, then bring the files back and the rows in: all of them, or nothing.

    Run again after a kill, it goes on; what is there already is compared, not written. Without ``storage`` the training
    set's files are neither checked nor written. Errors: InvalidInputError for a damaged archive or a place that is not
    empty, InstallationError for an archive of a later program, CheckFailedError for files that are gone.
    """
    with source.reading(path) as handle:
        archive = Archive(handle, source.url_of(path))
        manifest = archive.manifest
        _require_known(manifest, source.url_of(path))
        loading.require_empty(ledger)
        meter = Meter(2 * (manifest.rows + len(manifest.files)), on_progress)
        archive.check(meter.step)
        whole = any(file.member for file in manifest.files)
        written = files.put_back(archive, storage, meter.step) if storage and whole else 0
        if storage and not whole:
            files.require_there(manifest.files, storage, meter.step)
        counts = loading.load(
            ledger,
            revision=manifest.revision,
            shapes=[table.shape for table in manifest.tables],
            batches=_batches(archive),
            on_rows=meter.step,
        )
    with ledger.begin() as work:
        payload = {"archive": source.url_of(path), "taken_at": manifest.taken_at.isoformat()}
        work.events.add(EVENT, SUBJECT, now=now, payload=payload)
    return Restored(
        archive=source.url_of(path),
        taken_at=manifest.taken_at,
        from_revision=manifest.revision,
        revision=revisions.newest(),
        tables=len(counts),
        rows=sum(counts.values()),
        files_checked=len(manifest.files) - written if storage else 0,
        files_written=written,
    )


def _require_known(manifest: Manifest, name: str) -> None:
    if manifest.revision not in revisions.known():
        raise InstallationError(
            f"{name} holds a ledger of revision {manifest.revision}, written by version {manifest.program}; this "
            f"program knows revisions up to {revisions.newest()}.",
            cure="Install that version of annotation-workbench, or a newer one.",
        )


def _batches(archive: Archive) -> Callable[[Shape], Iterable[list[list[Plain]]]]:
    tables = {table.name: table for table in archive.manifest.tables}
    return lambda shape: archive.batches(tables[shape.name])
