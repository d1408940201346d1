"""An MLflow server on this machine, for the demo and the tests: SQLite, a folder, loopback only."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx

from annotation.errors import UnreachableError

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # else it starts three more programs of its own
    "GIT_PYTHON_REFRESH": "quiet",
}


class MlflowServer:
    """Answers at ``url`` inside ``with``; keeps its state in ``home`` and finds it there again.

    ``port`` 0 takes a free one. Its output goes to ``home/mlflow.log``.
    """

    def __init__(self, home: Path, *, port: int = 0, timeout: float = 300) -> None:
        self.home = home.absolute()
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.home / "mlflow.log"
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the server while it runs; it leads a process group of its own."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Comes back when the server answers; UnreachableError with the end of its log if it never does."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self._command(),
                env=_without_our_settings() | _QUIET,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server and the processes it started; does nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        for _ in range(50):
            if not _group_lives(process.pid):
                break
            time.sleep(0.1)
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def __enter__(self) -> MlflowServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self) -> list[str]:
        options = {
            "backend-store-uri": f"sqlite:///{self.home / 'mlflow.db'}",
            "artifacts-destination": (self.home / "artifacts").as_uri(),
            "host": "127.0.0.1",
            "port": str(self.port),
            "workers": "1",
        }
        command = [sys.executable, "-P", "-m", "mlflow", "server"]
        return command + [part for name, value in options.items() for part in (f"--{name}", value)]

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health", timeout=2).status_code == httpx.codes.OK:
                    return
            time.sleep(0.2)
        ended = process.poll()
        how = f"ended with {ended}" if ended is not None else f"did not answer within {self._timeout:g} s"
        raise UnreachableError(f"The MLflow server {how}: {_tail(self.log)}", cure=f"See {self.log}.")


def _without_our_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWB_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _signal_group(group: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, what)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-500:].strip()
