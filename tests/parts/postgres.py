"""A private PostgreSQL cluster on a spare port, thrown away after the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[NewDatabase]:
    """Makes a fresh database at each call and gives its SQLAlchemy URL."""
    binaries = _binaries()
    # The path of a Unix socket may have about 100 bytes, which the folders of pytest exceed.
    root = Path(tempfile.mkdtemp(prefix="pg"))
    port = free_port()
    try:
        if os.geteuid() == 0:
            shutil.chown(root, "postgres")
        data, log = root / "data", root / "log"
        locale = ("--encoding=UTF8", "--locale=C.UTF-8")
        _run(str(binaries / "initdb"), f"--pgdata={data}", "--auth=trust", "--username=workbench", "--no-sync", *locale)
        options = f"{FAST} -c listen_addresses=127.0.0.1 -c unix_socket_directories={root} -p {port}"
        pg_ctl = str(binaries / "pg_ctl")
        # The server must not inherit our pipes, or reading them would wait for its end: hence the log file.
        _run(pg_ctl, "start", f"--pgdata={data}", f"--log={log}", f"--options={options}", "--wait")
        try:
            yield lambda: _new_database(binaries, root, port)
        finally:
            _run(pg_ctl, "stop", f"--pgdata={data}", "--mode=immediate")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _new_database(binaries: Path, socket: Path, port: int) -> str:
    name = f"awb_{uuid4().hex[:12]}"
    _run(str(binaries / "createdb"), f"--host={socket}", f"--port={port}", "--username=workbench", name)
    return f"postgresql+psycopg://workbench@127.0.0.1:{port}/{name}"
