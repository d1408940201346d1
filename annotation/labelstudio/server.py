"""The real Label Studio server as a child of this process, for a laptop and for tests; it listens on loopback only."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx

from annotation.errors import ConflictError, UnreachableError
from annotation.labelstudio import installation
from annotation.labelstudio.installation import Progress

HOST = "127.0.0.1"
BOOT_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Account:
    """``server`` names this database for ever: its ids mean nothing on another one."""

    server: str
    email: str
    password: str
    token: str


class LabelStudioServer:
    """Starts on ``with`` (or ``start``) and stops on leaving it.

    ``data`` holds the database, the account (made at the first start, readable by its owner only) and the secret
    key. A server that a killed process left on the same folder is stopped first.

    Raises:
        InstallationError: the server's environment cannot be installed.
        ConflictError: somebody's living server works on ``data``, or the port is taken.
        UnreachableError: the server does not come up; the message names its log.
    """

    def __init__(
        self,
        *,
        data: Path,
        log: Path | None = None,
        port: int | None = None,
        email: str = "admin@demo.example",
        cache: Path | None = None,
        on_progress: Progress = installation.silent,
    ) -> None:
        self._data = data.resolve()
        self._log = log or self._data / "label-studio.log"
        self._port = port
        self._email = email
        self._cache = cache or installation.cache_folder()
        self._on_progress = on_progress
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.account = Account("", "", "", "")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        database = installation.prepare(self._cache, self._on_progress)
        python = installation.environment(self._cache, self._on_progress)
        self._data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._hold_folder() as lock:
            if not (self._data / installation.DATABASE).exists():
                _copy_whole(database, self._data / installation.DATABASE)
            self.account = self._own_account()
            port = self._port or self._last_port() or _free_port()
            _refuse_taken(port)
            self._on_progress(f"starting Label Studio on port {port}")
            self._process = self._spawn(python, port, lock)
            self.url = f"http://{HOST}:{port}"
            _write_private(self._data / "server.json", {"pid": self._process.pid, "parent": os.getpid(), "port": port})
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self, first: signal.Signals = signal.SIGINT) -> None:
        """Stop the server, politely first unless told otherwise. Stopping twice does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        for number, seconds in ((first, 10.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                return

    def _spawn(self, python: Path, port: int, lock: IO[str]) -> subprocess.Popen[bytes]:
        account = {
            "LABEL_STUDIO_USERNAME": self.account.email,
            "LABEL_STUDIO_PASSWORD": self.account.password,
            "LABEL_STUDIO_USER_TOKEN": self.account.token,
        }
        command = [*installation.server_command(python), "start", "--no-browser"]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [*command, "--internal-host", HOST, "--port", str(port)],
                env=installation.server_environment(self._data) | account,
                cwd=self._data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # The child keeps the folder's lock for as long as it lives, even when this process is killed.
                pass_fds=(lock.fileno(),),
            )

    def _wait(self) -> None:
        until = time.monotonic() + BOOT_SECONDS
        with httpx.Client(base_url=self.url, timeout=5, trust_env=False) as client:
            while time.monotonic() < until:
                if self._process is None or self._process.poll() is not None:
                    raise UnreachableError(f"Label Studio stopped while starting.\n{self._log_tail()}", cure="")
                with suppress(httpx.TransportError):
                    if client.get("/health").is_success:
                        return self._refuse_stranger(client)
                time.sleep(0.2)
        raise UnreachableError(
            f"Label Studio did not answer within {BOOT_SECONDS} s.", cure=f"Read its log: {self._log}"
        )

    def _refuse_stranger(self, client: httpx.Client) -> None:
        # Label Studio moves to the next port when its own was taken meanwhile; then somebody else answers on this one.
        headers = {"Authorization": f"Token {self.account.token}"}
        if not client.get("/api/current-user/whoami", headers=headers).is_success:
            raise ConflictError(f"{self.url} is another server than the one just started.", cure="Start again.")

    def _last_port(self) -> int | None:
        """The port of the last start, if it is free: links in mails and browsers stay good."""
        record = self._data / "server.json"
        port = int(json.loads(record.read_text())["port"]) if record.exists() else None
        return port if port is not None and _is_free(port) else None

    def _log_tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])

    def _own_account(self) -> Account:
        path = self._data / "account.json"
        if path.exists():
            return Account(**json.loads(path.read_text()))
        account = Account(
            f"embedded-{secrets.token_hex(4)}", self._email, secrets.token_urlsafe(12), secrets.token_hex(20)
        )
        _write_private(path, asdict(account))
        return account

    def _hold_folder(self) -> IO[str]:
        path = self._data / "server.lock"
        for attempt in range(2):
            lock = path.open("a")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                if attempt or not _stop_orphan(self._data / "server.json", self._on_progress):
                    break
            else:
                return lock
        raise ConflictError(
            f"A Label Studio server already runs on {self._data}.",
            cure="Stop the command that started it, or choose another home.",
        )


def _stop_orphan(record: Path, on_progress: Progress) -> bool:
    """Stop the server whose starter is dead; false when the starter lives. Whether it is gone, its lock tells."""
    if not record.exists():
        return False
    known = json.loads(record.read_text())
    if _alive(known["parent"]):
        return False
    on_progress("stopping the Label Studio server that a killed run left behind")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(known["pid"], number)
        for _ in range(50):
            if not _alive(known["pid"]):
                return True
            time.sleep(0.1)
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _copy_whole(source: Path, target: Path) -> None:
    partial = target.with_name(target.name + ".copying")
    shutil.copyfile(source, partial)
    partial.rename(target)


def _write_private(path: Path, content: dict[str, object]) -> None:
    partial = path.with_name(path.name + ".writing")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file)
    partial.rename(path)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _refuse_taken(port: int) -> None:
    if not _is_free(port):
        raise ConflictError(f"Port {port} is taken.", cure="Choose another port for Label Studio.")
