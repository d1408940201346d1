"""The command line as children of a process that has the libraries loaded, so that a kill hits work and not imports.

The child of a request is the program as a user runs it, but for the interpreter's start: its own environment, files
for what it says, ``sync.cli.main``. Ended by SIGUSR1 and SIGKILL it leaves the stack on which it was hit.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LOADED = (
    "sync.cli",
    "sync.app",
    "sync.trainingset.build",
    "sync.trainingset.store",
    "pyiceberg.io.pyarrow",
    "label_studio_sdk",
    "psycopg",
    "aiobotocore.session",
)
LOADING_SECONDS = 300
_PR_SET_PDEATHSIG = 1


@dataclass(eq=False)
class Command:
    """A running or ended command; ``code`` is negative after a signal, as subprocess has it."""

    arguments: tuple[str, ...]
    folder: Path
    pid: int = 0
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    code: int | None = None
    _done: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit code; None while it runs on."""
        self._done.wait(seconds)
        return self.code

    def kill(self) -> str:
        """SIGKILL; the stack on which it was hit, innermost frame first, or nothing where it had ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGUSR1)
            until = time.monotonic() + 0.1
            while not self.stack and time.monotonic() < until:
                time.sleep(0.001)
            os.kill(self.pid, signal.SIGKILL)
        self._done.wait(30)
        return self.stack

    @property
    def stack(self) -> str:
        return self._said("stack")

    @property
    def stdout(self) -> str:
        return self._said("out")

    @property
    def stderr(self) -> str:
        return self._said("err")

    def _said(self, name: str) -> str:
        file = self.folder / name
        return file.read_text(errors="replace") if file.exists() else ""

    def finish(self, code: int) -> None:
        self.code, self.ended = code, time.monotonic()
        self._done.set()


class ForkServer:
    """Use as a context manager; ``folder`` takes what the commands say."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._running: dict[int, Command] = {}
        self._number = 0

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        with theirs, (self._folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._socket = ours
        self._lines = ours.makefile("r")
        ours.settimeout(LOADING_SECONDS)
        assert self._lines.readline().strip() == "ready", (self._folder / "server.log").read_text()[-2000:]
        ours.settimeout(None)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for command in list(self._running.values()):
            command.kill()
        self._socket.shutdown(socket.SHUT_WR)
        self._process.wait(30)
        self._listener.join(10)
        self._lines.close()
        self._socket.close()

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Command:
        with self._lock:
            self._number += 1
            folder = self._folder / f"{self._number:05d}-{arguments[0]}"
            folder.mkdir()
            command = Command(arguments, folder)
            self._started = threading.Event()
            self._newest = command
            request = {"arguments": arguments, "folder": str(folder), "environment": dict(environment or {})}
            self._socket.sendall(f"{json.dumps(request)}\n".encode())
            if not self._started.wait(60):
                raise TimeoutError("The fork server does not answer.")
        return command

    def _listen(self) -> None:
        for line in self._lines:
            told = json.loads(line)
            if "code" in told:
                self._running.pop(told["pid"]).finish(told["code"])
                continue
            self._newest.pid = told["pid"]
            self._running[told["pid"]] = self._newest
            self._started.set()


def _serve(requests: socket.socket) -> None:
    import importlib

    for name in LOADED:
        importlib.import_module(name)
    # What is loaded stays where it is, and need not be copied into each child.
    gc.collect()
    gc.freeze()
    requests.sendall(b"ready\n")
    requests.settimeout(0.02)
    waiting = b""
    while True:
        try:
            piece = requests.recv(65536)
        except TimeoutError:
            piece = None
        if piece == b"":
            return
        *lines, waiting = (waiting + (piece or b"")).split(b"\n")
        for line in lines:
            requests.sendall(f"{json.dumps({'pid': _fork(json.loads(line), requests)})}\n".encode())
        _reap(requests)


def _reap(requests: socket.socket) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            requests.sendall(f"{json.dumps({'pid': pid, 'code': os.waitstatus_to_exitcode(status)})}\n".encode())


def _fork(request: Mapping[str, Any], requests: socket.socket) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        requests.close()
        code = _run(request)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(request: Mapping[str, Any]) -> int:
    os.setsid()
    # With the server, whatever ends it: nobody else knows of this process.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    folder = Path(request["folder"])
    for name, number in (("out", 1), ("err", 2)):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, number)
    # Kept open to the end of the process: the handler writes to its number.
    faulthandler.register(signal.SIGUSR1, file=(folder / "stack").open("w"), all_threads=False)
    os.environ.update(request["environment"])
    sys.argv = ["awb", *request["arguments"]]
    from sync import cli

    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
