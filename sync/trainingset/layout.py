"""Which Parquet files a version consists of.

Base files hold the whole content as of one version (``Version.base``), in disjoint ranges of text keys; change files
hold all that later versions stored, each row with its ``sequence``, so that every version's own changes can be found
in its own snapshot. Names hold the SHA-256 of the bytes, and a part that no other commit repeats: a file that was
collected can never be meant by a later commit. Files of the former form have other names and hold changes alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyiceberg.io import FileIO
    from pyiceberg.manifest import DataFile
    from pyiceberg.table.snapshots import Snapshot

MOST_CHANGES: Final = 500_000
LEAST_CHANGES: Final = 10_000
SHARE_OF_CHANGES: Final = 0.2
FILES_OF_ONE_SIZE: Final = 8

_NAME: Final = re.compile(r"(?P<kind>base|changes)-(?P<number>\d{5})-(?P<sha256>[0-9a-f]{64})-[0-9a-f]{8}\.parquet")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """``sha256`` is None for files of the former form."""

    url: str
    rows: int
    bytes: int
    sha256: str | None
    data_file: DataFile = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Layout:
    """``base`` is in order of the text keys."""

    base: tuple[StoredFile, ...]
    changes: tuple[StoredFile, ...]
    former: tuple[StoredFile, ...]

    @property
    def files(self) -> tuple[StoredFile, ...]:
        return (*self.base, *self.changes, *self.former)

    @property
    def changed_rows(self) -> int:
        return sum(file.rows for file in self.changes)


def name(*, kind: str, number: int, sha256: str, commit: str) -> str:
    return f"{kind}-{number:05}-{sha256}-{commit[:8]}.parquet"


def of(snapshot: Snapshot, io: FileIO) -> Layout:
    found: dict[str, list[tuple[str, StoredFile]]] = {"base": [], "changes": [], "former": []}
    for manifest in snapshot.manifests(io):
        for entry in manifest.fetch_manifest_entry(io):
            kind, file = _stored(entry.data_file)
            found[kind].append((file.url.rpartition("/")[2], file))
    ordered = {kind: tuple(file for _, file in sorted(files, key=lambda one: one[0])) for kind, files in found.items()}
    return Layout(**ordered)


def bearable(rows: int) -> int:
    """How many changed rows may lie over a base of so many rows before it is written anew."""
    return max(LEAST_CHANGES, min(MOST_CHANGES, int(rows * SHARE_OF_CHANGES)))


def to_merge(files: Sequence[StoredFile], coming: int) -> list[StoredFile]:
    """The change files to be written as one with ``coming`` new rows; empty when there are few of each size.

    Files are merged with those of their order of magnitude alone, so that a row is written again once for each order
    and the number of files grows with the logarithm of the rows (O'Neil et al., 1996).
    """
    rest, merged = list(files), list[StoredFile]()
    while True:
        rows = coming + sum(file.rows for file in merged)
        alike = [file for file in rest if _magnitude(file.rows) <= _magnitude(rows)]
        same = [file for file in alike if _magnitude(file.rows) == _magnitude(rows)]
        if len(same) < FILES_OF_ONE_SIZE - 1:
            return merged
        merged += alike
        rest = [file for file in rest if file not in alike]


def _magnitude(rows: int) -> int:
    return rows.bit_length() // FILES_OF_ONE_SIZE.bit_length()


def _stored(data_file: DataFile) -> tuple[str, StoredFile]:
    named = _NAME.fullmatch(data_file.file_path.rpartition("/")[2])
    kind, sha256 = (named["kind"], named["sha256"]) if named else ("former", None)
    return kind, StoredFile(
        url=data_file.file_path,
        rows=data_file.record_count,
        bytes=data_file.file_size_in_bytes,
        sha256=sha256,
        data_file=data_file,
    )
