"""Servers that a killed demo left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

OnMessage = Callable[[str], None]

_SECONDS_PER_SIGNAL = 8.0


def note(record: Path, pid: int) -> None:
    """Write down which server runs, for the run after a kill."""
    partial = record.with_suffix(".writing")
    partial.write_text(json.dumps({"pid": pid}))
    partial.rename(record)


def stop(record: Path, program: str, on_message: OnMessage) -> None:
    """Stop the server that the record names, if it lives; ``program`` stands in its command line.

    A number that another program has got since is left alone. The caller holds the home, so no living demo owns it.
    """
    if not record.exists():
        return
    pid = int(json.loads(record.read_text())["pid"])
    if program in _command(pid):
        on_message(f"stopping a server that a killed demo left behind ({program.replace('_', ' ')})")
        _end(pid, program)
    record.unlink(missing_ok=True)


def _end(pid: int, program: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(pid, number)
        until = time.monotonic() + _SECONDS_PER_SIGNAL
        while time.monotonic() < until:
            if program not in _command(pid):
                return
            time.sleep(0.1)


def _command(pid: int) -> str:
    """The command line of a process; empty when there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return asked.stdout
