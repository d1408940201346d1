"""A step of a benchmark in a process of its own: how long it took, how much CPU, how much memory at its peak."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measured:
    """``seconds`` by the clock, ``cpu`` with that of its children; ``peak`` in MB of this process alone, libraries
    loaded; ``found`` is what the step gave back."""

    seconds: float
    cpu: float
    peak: float
    found: Any = None


def run(module: str, step: Mapping[str, Any]) -> Measured:
    """By ``python -m module STEP``, which prints what ``tell`` prints."""
    child = subprocess.run(
        [sys.executable, "-m", module, json.dumps(step)], capture_output=True, text=True, check=False
    )
    if child.returncode:
        raise SystemExit(f"{step} failed:\n{child.stderr[-3000:]}")
    return Measured(**json.loads(child.stdout.splitlines()[-1]))


def measure(work: Callable[[], Any]) -> Measured:
    """In this process, which ought to do nothing else."""
    cpu, started = _cpu(), time.perf_counter()
    found = work()
    seconds = time.perf_counter() - started
    return Measured(seconds, _cpu() - cpu, peak(), found)


def tell(measured: Measured) -> None:
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")


def peak() -> float:
    """MB; unlike ``ru_maxrss`` it begins anew with the program, and holds nothing of the process that started it."""
    found = _PEAK.search(Path("/proc/self/status").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) / 1024


@contextmanager
def bytes_written(*folders: Path) -> Iterator[list[int]]:
    """Gives a list into which, on leaving, goes how many bytes lie in files that are new or have grown."""
    before = _sizes(folders)
    written: list[int] = []
    yield written
    written.append(sum(max(0, size - before.get(path, 0)) for path, size in _sizes(folders).items()))


def _sizes(folders: tuple[Path, ...]) -> dict[Path, int]:
    return {path: path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
