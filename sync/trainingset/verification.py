"""Whether a version's files and rows are still what was committed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from annotation.errors import WorkbenchError
from sync.trainingset import digest, schema
from sync.trainingset.contents import Contents
from sync.trainingset.layout import StoredFile

BYTES_AT_ONCE: Final = 8 * 2**20
# The rest is for the digest of the rows, which takes about as long.
_FILES: Final = 0.5


@dataclass(frozen=True, slots=True)
class Verification:
    """``faults`` are sentences, empty for a version that is as it was committed; ``rows`` are those found in it."""

    tag: str
    files: int
    bytes: int
    rows: int
    faults: tuple[str, ...]


def verify(contents: Contents, *, on_progress: Callable[[float], None]) -> Verification:
    """First every file against the hash in its name and the manifest, then the rows against the digest."""
    files = contents.layout.files
    total, done, faults = sum(file.bytes for file in files), 0, list[str]()
    for file in files:
        faults += _faults_of(contents, file)
        done += file.bytes
        on_progress(_FILES * done / total)
    rows = 0
    if not faults:
        rows, found = _read(contents, on_progress)
        faults += found
    return Verification(contents.version.tag, len(files), total, rows, tuple(faults))


def _faults_of(contents: Contents, file: StoredFile) -> list[str]:
    found, size = hashlib.sha256(), 0
    try:
        with contents.storage.reading(file.url) as handle:
            while piece := handle.read(BYTES_AT_ONCE):
                found.update(piece)
                size += len(piece)
    except WorkbenchError as error:
        return [error.message]
    if size != file.bytes:
        return [f"{file.url} has {size} bytes, not {file.bytes}."]
    if file.sha256 is not None and found.hexdigest() != file.sha256:
        return [f"{file.url} has other bytes than were written: its SHA-256 is {found.hexdigest()}."]
    return []


def _read(contents: Contents, on_progress: Callable[[float], None]) -> tuple[int, list[str]]:
    version, rows, faults = contents.version, 0, list[str]()

    def seen() -> Iterator[pa.Table]:
        nonlocal rows
        for table in schema.ascending(contents.batches(), form=version.form):
            rows += table.num_rows
            on_progress(_FILES + (1 - _FILES) * min(rows / max(version.rows, 1), 1))
            yield table

    try:
        found = digest.digest(seen(), form=version.form)
    except (WorkbenchError, pa.ArrowException, OSError) as error:
        return rows, [f"{version.tag} cannot be read: {error}"]
    if rows != version.rows:
        faults.append(f"{version.tag} has {rows} rows, not {version.rows}.")
    if found != version.digest:
        faults.append(f"{version.tag} has the digest {found}, not {version.digest}.")
    return rows, faults
