"""The files of the training set's versions, on their way into a backup and back to where they lay."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from annotation.errors import CheckFailedError, InvalidInputError, NotFoundError
from annotation.ledger.dumping import Picture
from annotation.ledger.plainrows import Plain
from sync.backups import archive as archives
from sync.backups.archive import Archive, ArchiveWriter
from sync.backups.manifest import KeptFile
from sync.storage import Storage

TABLES: Final = "iceberg_tables"
SHOWN: Final = 5


def needed(picture: Picture, storage: Storage) -> list[str]:
    """URLs of all files that the training sets need which the ledger's catalog knows at this moment."""
    rows = [row for shape in picture.shapes if shape.name == TABLES for row in _rows(picture)]
    if not rows:
        return []
    from sync.trainingset import storedfiles
    from sync.trainingset.catalog import CATALOG

    locations = [str(row["metadata_location"]) for row in rows if row["catalog_name"] == CATALOG]
    return [url for location in locations for url in storedfiles.addresses(location, storage)]


def keep(
    writer: ArchiveWriter, urls: Sequence[str], storage: Storage, *, whole: bool, on_file: Callable[[], None]
) -> tuple[KeptFile, ...]:
    """Each file with its size and hash; with its bytes, too, where the backup is to be ``whole``."""
    kept = []
    for number, url in enumerate(urls, start=1):
        with storage.reading(url) as source:
            kept.append(writer.file(url, source, f"files/{number:06}" if whole else ""))
        on_file()
    return tuple(kept)


def require_there(files: Sequence[KeptFile], storage: Storage, on_file: Callable[[], None]) -> None:
    """Raises CheckFailedError that names the files which are gone or are not as they were."""
    faults = []
    for file in files:
        state = _state(file, storage)
        if state:
            faults.append(f"{file.url} {state}")
        on_file()
    if faults:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise CheckFailedError(
            f"{len(faults)} of the training set's {len(files)} files do not stand as the backup knew them: "
            f"{'; '.join(faults[:SHOWN])}{more}. Nothing was written.",
            cure="Bring them back first, or restore the ledger all the same with --no-storage.",
        )


def put_back(archive: Archive, storage: Storage, on_file: Callable[[], None]) -> int:
    """Writes the files that are not there; gives how many. A file is never written over by another.

    Iceberg's metadata hold whole addresses, so that files work at the address they came from alone: InvalidInputError
    for a storage elsewhere, unless all of them still stand where they were.
    """
    manifest = archive.manifest
    states = {file.url: _state(file, storage) for file in manifest.files}
    others = [file.url for file in manifest.files if states[file.url] == CHANGED]
    if others:
        raise InvalidInputError(
            f"The storage is not empty: other files lie at {', '.join(others[:SHOWN])}.",
            cure="Restore into an empty storage at the same address.",
        )
    if any(states.values()) and storage.url != manifest.storage:
        raise InvalidInputError(
            f"The training set lay at {manifest.storage} and works nowhere else; this storage is {storage.url}.",
            cure="Set storage.url to its address; or, to have the ledger alone, say --no-storage.",
        )
    written = 0
    for file in manifest.files:
        if states[file.url]:
            with archive.member(file.member) as source, storage.writing(file.url) as target:
                for block in archives.blocks(source):
                    target.write(block)
            written += 1
        on_file()
    return written


CHANGED: Final = "has another content"


def _state(file: KeptFile, storage: Storage) -> str:
    """Empty where the file stands as it was."""
    found, size = hashlib.sha256(), 0
    try:
        with storage.reading(file.url) as source:
            for block in archives.blocks(source):
                found.update(block)
                size += len(block)
    except NotFoundError:
        return "is missing"
    return "" if (size, found.hexdigest()) == (file.bytes, file.sha256) else CHANGED


def _rows(picture: Picture) -> list[dict[str, Plain]]:
    (shape,) = [one for one in picture.shapes if one.name == TABLES]
    names = [column.name for column in shape.columns]
    return [dict(zip(names, row, strict=True)) for rows in picture.batches(shape) for row in rows]
