"""What happened in a run, written by many threads."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.plan import Fault, Step
from tests.parts.forking import Command

_FRAME = re.compile(r'File "[^"]*/(?:annotation|sampling|sync)/([\w/]+)\.py", line \d+ in (\w+)')
# What every step goes through says less than who called it.
_PASSAGES = ("session", "unit_of_work", "exclusive", "terminal", "statements", "client", "storage", "operations")


@dataclass(frozen=True, slots=True)
class Run:
    """A command that ended: by itself, or where ``killed``, in ``phase``."""

    command: str
    started: float
    ended: float
    code: int
    killed: bool
    phase: str
    given: dict[str, Any]
    error: str
    folder: str

    @property
    def broken(self) -> bool:
        """Whether it ended in a way that no fault excuses: 5 and 6 say that a part was away, or another run there."""
        return not self.killed and (self.code not in (0, 5, 6, 130, 143) or "Traceback" in self.error)


@dataclass(frozen=True, slots=True)
class Said:
    """A step that a coder took. ``told``: the server acknowledged it, *unknown* whether it did, or it refused."""

    coder: int
    step: Step
    told: str
    task: int
    annotation: int | None


@dataclass
class Journal:
    begun: float = field(default_factory=time.monotonic)
    runs: list[Run] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    survived: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ran(self, command: str, done: Command, *, killed: bool, stack: str = "") -> Run:
        error = done.stderr
        code = done.code if done.code is not None else -9
        run = Run(
            command=command,
            started=done.started,
            ended=done.ended or time.monotonic(),
            code=code,
            killed=killed,
            phase=phase(stack) if killed else "",
            given=_json(done.stdout) if code == 0 else {},
            error=error[-4000:] if code else "",
            folder=str(done.folder),
        )
        with self._lock:
            self.runs.append(run)
        return run

    def spoke(self, said: Said) -> None:
        with self._lock:
            self.said.append(said)

    def suffered(self, fault: Fault) -> None:
        with self._lock:
            self.faults.append(fault)

    def of(self, command: str) -> list[Run]:
        with self._lock:
            return [run for run in self.runs if run.command == command]

    def succeeded_since(self, command: str, moment: float) -> bool:
        return any(run.code == 0 and run.ended > moment for run in self.of(command))

    def last_kill(self, command: str) -> float:
        """When it was; at the beginning where there was none."""
        return max((run.ended for run in _hit(self.of(command))), default=0.0)

    def recoveries(self, command: str) -> list[float]:
        """Seconds from each kill to the next end in success, of any run of the command; infinite where none came."""
        runs = self.of(command)
        ends = sorted(run.ended for run in runs if run.code == 0)
        return [min((end - run.ended for end in ends if end > run.ended), default=float("inf")) for run in _hit(runs)]


def phase(stack: str) -> str:
    """The innermost function of ours that does not merely pass things on."""
    frames = [(module.rpartition("/")[2], name) for module, name in _FRAME.findall(stack)]
    telling = [frame for frame in frames if frame[0] not in _PASSAGES] or frames
    return ".".join(telling[0]) if telling else "starting"


def _hit(runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.killed and run.code == -9]


def _json(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
