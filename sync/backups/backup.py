"""A backup: the ledger and the training set's catalog at one moment, and what the training set's files must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from annotation.errors import InvalidInputError, without_passwords
from annotation.ledger import dumping
from annotation.ledger.unit_of_work import Ledger
from sync.backups import files
from sync.backups.archive import ArchiveWriter
from sync.backups.manifest import FORMAT, Manifest
from sync.backups.meter import Meter
from sync.storage import Storage

EVENT: Final = "backup"
SUBJECT: Final = "ledger"


@dataclass(frozen=True, slots=True)
class Backup:
    """``bytes`` are those of the files that the archive describes, or holds where it ``holds_files``."""

    archive: str
    revision: str
    tables: int
    rows: int
    files: int
    bytes: int
    holds_files: bool


def back_up(
    *,
    ledger: Ledger,
    storage: Storage | None,
    to: Storage,
    path: str,
    with_files: bool,
    program: str,
    now: datetime,
    on_progress: Callable[[int, int], None],
) -> Backup:
    """Write the archive ``path``, while others go on writing to the ledger, and note it in the ledger.

    Without ``storage`` the training set's files are not looked at. An archive that is there is never written over:
    InvalidInputError. Progress counts rows, then files.
    """
    if to.exists(path):
        raise InvalidInputError(
            f"{to.url_of(path)} is there already.", cure="Choose another name; in a folder, the name is made."
        )
    with dumping.picture(ledger) as picture, to.writing(path, private=True) as handle, ArchiveWriter(handle) as writer:
        urls = files.needed(picture, storage) if storage else []
        meter = Meter(sum(picture.count(shape) for shape in picture.shapes) + len(urls), on_progress)
        tables = tuple(writer.table(shape, picture.batches(shape), meter.step) for shape in picture.shapes)
        kept = files.keep(writer, urls, storage, whole=with_files, on_file=meter.step) if storage else ()
        manifest = Manifest(
            format=FORMAT,
            program=program,
            revision=picture.revision,
            taken_at=now,
            tables=tables,
            storage=storage.url if storage else "",
            files=kept,
        )
        writer.finish(manifest)
    archive = without_passwords(to.url_of(path))
    size = sum(file.bytes for file in kept)
    done = Backup(archive, manifest.revision, len(tables), manifest.rows, len(kept), size, with_files and bool(kept))
    with ledger.begin() as work:
        work.events.add(EVENT, SUBJECT, now=now, payload={"archive": archive, "rows": done.rows, "files": done.files})
    return done
