"""A real Dask scheduler with workers of their own process, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.parts.ports import free_port

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """Its address."""
    port = free_port()
    arguments = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
    with _process(arguments, folder / "scheduler.log", "Scheduler at"):
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def workers(
    address: str, folder: Path, *, count: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[list[int]]:
    """Numbers of the workers' processes, each with one thread."""
    arguments = ["worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                _process(
                    [*arguments, "--local-directory", str(folder)],
                    folder / f"worker-{number}.log",
                    "Registered to",
                    environment or {},
                )
            )
            for number in range(count)
        ]


@contextmanager
def _process(
    arguments: list[str], log: Path, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    paths = os.pathsep.join(filter(None, [(environment or {}).get("PYTHONPATH"), str(ROOT)]))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dask", *arguments],
            env={**os.environ, **(environment or {}), "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            stdout=output,
            stderr=output,
        )
    try:
        _await(process, log, ready)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], log: Path, ready: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready in log.read_text():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"Dask did not start: {log.read_text()[-1000:]}")
