"""The archive of a backup: a ZIP file of one member of JSON lines per table, which any program can read.

Nothing is held in memory but one batch of rows; a reader checks every byte against the manifest before it trusts one.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, BinaryIO, Final, Self

from pydantic import ValidationError

from annotation.errors import InstallationError, InvalidInputError
from annotation.ledger.plainrows import Plain, Shape
from sync.backups import manifest as manifests
from sync.backups.manifest import FORMAT, KeptFile, KeptTable, Manifest

LEVEL: Final = 4
BLOCK: Final = 1 << 20
AT_ONCE: Final = 2000

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError)


class ArchiveWriter:
    def __init__(self, handle: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # What was begun is closed all the same, into a file that is thrown away.
        with suppress(OSError, ValueError) if kind else nullcontext():
            self._zip.close()

    def table(self, shape: Shape, batches: Iterable[list[list[Plain]]], on_rows: Callable[[int], None]) -> KeptTable:
        found, rows = hashlib.sha256(), 0
        with self._member(f"tables/{shape.name}.jsonl") as member:
            for batch in batches:
                # ASCII alone: what a platform sent may hold halves of characters, which UTF-8 has no place for.
                lines = "".join(f"{json.dumps(row, separators=(',', ':'))}\n" for row in batch).encode("ascii")
                found.update(lines)
                member.write(lines)
                rows += len(batch)
                on_rows(len(batch))
        return manifests.described(shape, rows=rows, sha256=found.hexdigest())

    def file(self, url: str, source: BinaryIO, member: str = "") -> KeptFile:
        """Describes a file, and takes its bytes in where it is to be a ``member``."""
        found, size = hashlib.sha256(), 0
        with self._member(member) if member else io.BytesIO() as target:
            for block in blocks(source):
                found.update(block)
                size += len(block)
                if member:
                    target.write(block)
        return KeptFile(url=url, bytes=size, sha256=found.hexdigest(), member=member)

    def finish(self, manifest: Manifest) -> None:
        self._zip.writestr(manifests.MEMBER, manifest.model_dump_json(indent=1))

    def _member(self, name: str) -> IO[bytes]:
        return self._zip.open(name, "w", force_zip64=True)


class Archive:
    """An archive that somebody hands us; whatever is wrong with it is an InvalidInputError that says so."""

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self._name = name
        with self._reading():
            self._zip = zipfile.ZipFile(handle)
            content = self._zip.read(manifests.MEMBER)
        self.manifest = _manifest(content, name)

    def check(self, on_part: Callable[[int], None]) -> None:
        """Reads everything once, against the counts and the hashes of the manifest; told are rows, and held files."""
        for table in self.manifest.tables:
            rows, _, sha256 = self._measured(table.member)
            if (rows, sha256) != (table.rows, table.sha256):
                raise self._damaged(f"{table.member} is not what was written")
            on_part(rows)
        for file in self.manifest.files:
            if file.member and self._measured(file.member)[1:] != (file.bytes, file.sha256):
                raise self._damaged(f"{file.member} is not what was written")
            on_part(1)

    def batches(self, table: KeptTable) -> Iterator[list[list[Plain]]]:
        rows: list[list[Plain]] = []
        with self.member(table.member) as member:
            for line in io.BufferedReader(member, BLOCK):  # type: ignore[type-var]
                rows.append(json.loads(line))
                if len(rows) == AT_ONCE:
                    yield rows
                    rows = []
        if rows:
            yield rows

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        with self._reading(), self._zip.open(name) as member:
            yield member

    def _measured(self, name: str) -> tuple[int, int, str]:
        """Lines, bytes and SHA-256 of a member."""
        found, lines, size = hashlib.sha256(), 0, 0
        with self.member(name) as member:
            for block in blocks(member):
                found.update(block)
                lines += block.count(b"\n")
                size += len(block)
        return lines, size, found.hexdigest()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise self._damaged(str(error) or type(error).__name__) from error

    def _damaged(self, reason: str) -> InvalidInputError:
        return InvalidInputError(
            f"{self._name} is no whole backup: {reason}.", cure="Nothing was written. Take another backup."
        )


def blocks(source: IO[bytes]) -> Iterator[bytes]:
    while block := source.read(BLOCK):
        yield block


def _manifest(content: bytes, name: str) -> Manifest:
    try:
        found = json.loads(content)
        written = found.get("format") if isinstance(found, dict) else None
        if isinstance(written, int) and written > FORMAT:
            raise InstallationError(
                f"{name} was written by a later version of this program.",
                cure="Install the newer version of annotation-workbench.",
            )
        return Manifest.model_validate(found)
    except (ValueError, ValidationError) as error:
        raise InvalidInputError(
            f"{name} is no backup of ours: its {manifests.MEMBER} cannot be read.", cure="Check the name of the file."
        ) from error
