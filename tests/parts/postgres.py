"""A private PostgreSQL cluster on a spare port, thrown away after the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import psutil
import pytest

from tests.parts.absence import absent
from tests.parts.ports import free_port

DEBIAN = Path("/usr/lib/postgresql")
START_SECONDS = 60
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB -c max_connections=60"

NewDatabase = Callable[[], str]


def _binaries() -> Path:
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else absent("PostgreSQL is not installed; Debian's postgresql brings it")


def _as_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        absent("PostgreSQL cannot be run by root, and there is no user postgres to run it as")
    return ["runuser", "-u", "postgres", "--"]


def _run(*command: str) -> None:
    done = subprocess.run(
        [*_as_user(), *command], cwd="/", capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    if done.returncode:
        absent(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout)[-500:]}")


class Cluster:
    """A cluster of its own, which can be stopped in each way that a server stops, and started again on its port.

    ``options`` are those of the server's command line. Use as a context manager, which makes and starts it.
    """

    def __init__(self, options: str = FAST) -> None:
        self._options = options
        self._binaries = _binaries()
        # The path of a Unix socket may have about 100 bytes, which the folders of pytest exceed.
        self._root = Path(tempfile.mkdtemp(prefix="pg"))
        self._data = self._root / "data"
        self.port = free_port()

    def __enter__(self) -> Self:
        try:
            if os.geteuid() == 0:
                shutil.chown(self._root, "postgres")
            locale = ("--encoding=UTF8", "--locale=C.UTF-8")
            initdb = (str(self._binaries / "initdb"), f"--pgdata={self._data}", "--auth=trust", "--username=workbench")
            _run(*initdb, "--no-sync", *locale)
            self.start()
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self._root, ignore_errors=True)

    def start(self, *, wait: bool = True) -> None:
        """Without ``wait``, it may still be about to recover from a crash when this returns."""
        options = f"{self._options} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._root}"
        # The server must not inherit our pipes, or reading them would wait for its end: hence the log file.
        where = (f"--pgdata={self._data}", f"--log={self._root / 'log'}", f"--options={options} -p {self.port}")
        _run(str(self._binaries / "pg_ctl"), "start", *where, "--wait" if wait else "--no-wait")

    def stop(self, mode: str = "fast") -> None:
        """``fast`` ends sessions and writes all down; ``immediate`` is a crash that its processes know of."""
        if self._pid is not None:
            _run(str(self._binaries / "pg_ctl"), "stop", f"--pgdata={self._data}", f"--mode={mode}")

    def kill(self) -> None:
        """All its processes, at once."""
        with suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(self._pid)
            family = [postmaster, *postmaster.children(recursive=True)]
            for one in family:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            psutil.wait_procs(family, timeout=START_SECONDS)

    def new_database(self) -> str:
        """A fresh database's SQLAlchemy URL."""
        name = f"awb_{uuid4().hex[:12]}"
        where = (f"--host={self._root}", f"--port={self.port}", "--username=workbench")
        _run(str(self._binaries / "createdb"), *where, name)
        return f"postgresql+psycopg://workbench@127.0.0.1:{self.port}/{name}"

    @property
    def _pid(self) -> int | None:
        file = self._data / "postmaster.pid"
        return int(file.read_text().splitlines()[0]) if file.exists() else None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[NewDatabase]:
    """Makes a fresh database at each call and gives its SQLAlchemy URL."""
    with Cluster() as cluster:
        yield cluster.new_database
