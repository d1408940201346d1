"""The embedded Label Studio server's own environment, and an empty database with its migrations done, both cached.

Label Studio's server cannot share an environment with the workbench (their dependencies clash). Whatever is found in
the cache under its final name is whole: it is built under another name, by one process at a time, and renamed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import platformdirs

from annotation.errors import InstallationError

VERSION = "1.23.2"
RESOLVED_AS_OF = "2026-11-20"
DATABASE = "label_studio.sqlite3"

_PYTHON = f"py{sys.version_info.major}.{sys.version_info.minor}"

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """The progress callback of someone who does not listen."""


def cache_folder() -> Path:
    """The folder of ``AWB_CACHE``, or the user's cache folder."""
    chosen = os.environ.get("AWB_CACHE")
    return Path(chosen).expanduser().resolve() if chosen else platformdirs.user_cache_path("annotation-workbench")


def server_command(python: Path) -> list[str]:
    # Not the console script: its first line holds the folder in which it was built. -P: no folder shadows a package.
    return [str(python), "-P", "-m", "label_studio.server"]


def server_environment(data: Path) -> dict[str, str]:
    """The environment of a server on SQLite in ``data`` that talks to nobody outside; nothing of ours leaks in."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "DJANGO_DB": "sqlite",
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "SSRF_PROTECTION_ENABLED": "false",
        "ML_BLOCK_LOCAL_IP": "false",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
    }


def is_installed(cache: Path) -> bool:
    return (_folder(cache) / "bin" / "python").exists()


def environment(cache: Path, on_progress: Progress = silent) -> Path:
    """The Python of the server's environment, installed when the cache does not have it yet."""
    folder = _folder(cache)
    python = Path("bin") / "python"
    with _built_once(folder, on_progress) as building:
        if building is not None:
            on_progress(f"installing Label Studio {VERSION} in an environment of its own (once, about a minute)")
            _install(building, building / python, on_progress)
    return folder / python


def _folder(cache: Path) -> Path:
    return cache / f"label-studio-{VERSION}-{_PYTHON}"


def prepare(cache: Path, on_progress: Progress = silent) -> Path:
    """An empty database with all migrations done: without user, organization or secret key."""
    python = environment(cache, on_progress)
    folder = cache / f"label-studio-{VERSION}-database"
    with _built_once(folder, on_progress) as building:
        if building is not None:
            on_progress("preparing Label Studio's database (once, up to a minute)")
            _migrate(python, building)
    return folder / DATABASE


def _install(folder: Path, python: Path, on_progress: Progress) -> None:
    requirement = f"label-studio=={VERSION}"
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)], on_progress)
        arguments = ["--no-config", "--python", str(python), "--exclude-newer", RESOLVED_AS_OF, requirement]
        _run([uv, "pip", "install", *arguments], on_progress)
    else:
        _run([sys.executable, "-m", "venv", str(folder)], on_progress)
        _run([str(python), "-m", "pip", "install", requirement], on_progress)


def _migrate(python: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    # The command does the migrations before it prints the version.
    _run([*server_command(python), "version"], silent, cwd=folder, env=server_environment(folder))
    # Each server makes its own secret key, which signs its tokens and sessions.
    (folder / ".env").unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        # Readers do not wait for a writer; the setting stays with the file.
        database.execute("PRAGMA journal_mode = wal")


def _run(
    command: list[str], on_progress: Progress, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    hidden = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    ours = {name: value for name, value in os.environ.items() if name not in hidden and not name.startswith("AWB_")}
    env = ours if env is None else env
    done = subprocess.run(  # noqa: S603
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        on_progress("failed")
        raise InstallationError(
            f"Setting up the embedded Label Studio failed: {' '.join(command)}\n{tail}\n",
            cure="Check the network and the package index, or connect to a Label Studio server of your own.",
        )


@contextmanager
def _built_once(folder: Path, on_progress: Progress) -> Iterator[Path | None]:
    """Give the folder to build in, or None when it is there already; rename it on a clean exit."""
    if folder.exists():
        yield None
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(folder.name + ".lock"), on_progress):
        if folder.exists():
            yield None
            return
        building = folder.with_name(folder.name + ".building")
        shutil.rmtree(building, ignore_errors=True)
        yield building
        building.rename(folder)


@contextmanager
def _locked(path: Path, on_progress: Progress) -> Iterator[None]:
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress("another process is setting up Label Studio; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
