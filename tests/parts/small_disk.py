"""A disk of a few megabytes that can be filled, where the system lets us mount one."""

from __future__ import annotations

import errno
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PIECE = b"\0" * 65536


@dataclass(frozen=True, slots=True)
class Disk:
    folder: Path

    def fill(self) -> int:
        """Until nothing more goes on it; how many bytes that took."""
        written = 0
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (len(PIECE), 4096, 1):
                try:
                    while True:
                        written += ballast.write(PIECE[:size])
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return written

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / ".ballast"


@contextmanager
def mounted(folder: Path, *, megabytes: int) -> Iterator[Disk | None]:
    """A file system of that size in ``folder``; None where this user may mount none, and it is an ordinary folder."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode=0777"
    try:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        yield None
        return
    if done.returncode:
        yield None
        return
    try:
        yield Disk(folder)
    finally:
        # Lazily: a server may hold a file of it for a moment longer.
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=True)


@contextmanager
def full(disk: Disk | None) -> Iterator[None]:
    """No room meanwhile: on the disk, or where none could be mounted, for whatever this process writes to files."""
    if disk is not None:
        disk.fill()
        try:
            yield
        finally:
            disk.free()
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
