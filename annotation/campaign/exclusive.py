"""One process at a time, held by a lease in the ledger; what a killed process held is taken over."""

from __future__ import annotations

import itertools
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from annotation.errors import WorkbenchError
from annotation.ledger.repositories.operations import Lease
from annotation.ledger.unit_of_work import Ledger

LASTING = timedelta(minutes=5)
# What a killed process sent last may still be at work on the platform for a moment.
SETTLING = timedelta(seconds=3)

_number = itertools.count(1)


@contextmanager
def hold(
    ledger: Ledger, name: str, *, clock: Callable[[], datetime], pause: Callable[[float], None] = time.sleep
) -> Iterator[Callable[[], None]]:
    """Give a function that prolongs the lease, to be called before each step that must not be done twice.

    Meanwhile a thread prolongs it, so that a long step loses nothing. Errors: ConflictError, here or from that
    function, while somebody else holds it.
    """
    holder = f"{process(os.getpid())}/{next(_number)}"

    def prolong() -> None:
        with ledger.begin() as work:
            work.leases.take(name, holder=holder, now=clock(), lasting=LASTING)

    with ledger.begin() as work:
        left = work.leases.held(name)
        orphaned = left is not None and (_died_here(left.holder) or left.expires_at <= clock())
        if left is not None and orphaned:
            work.leases.release(name, holder=left.holder)
        work.leases.take(name, holder=holder, now=clock(), lasting=LASTING)
    if left is not None and orphaned:
        _wait_until_settled(left, clock(), pause)
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(prolong, ended), daemon=True)
    heart.start()
    try:
        yield prolong
    finally:
        ended.set()
        heart.join()
        with ledger.begin() as work:
            work.leases.release(name, holder=holder)


def _beat(prolong: Callable[[], None], ended: threading.Event) -> None:
    while not ended.wait(LASTING.total_seconds() / 5):
        # A busy or absent ledger is no reason to stop: the next beat comes well before the lease ends, and the step
        # itself will say what is wrong.
        with suppress(WorkbenchError):
            prolong()


def _wait_until_settled(left: Lease, now: datetime, pause: Callable[[float], None]) -> None:
    remaining = (left.taken_at + SETTLING - now).total_seconds()
    if remaining > 0:
        pause(remaining)


def process(pid: int) -> str:
    """What names a process of this machine and no other, living or dead.

    A number alone is given again: in a container, the command that follows a killed one bears the same. And containers
    may share the machine's name, each with numbers of its own.
    """
    return f"{socket.gethostname()}/{pid}/{_namespace()}.{_birth(pid)}"


def _died_here(holder: str) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    host, _, rest = holder.partition("/")
    pid, _, rest = rest.partition("/")
    namespace, _, birth = rest.partition("/")[0].partition(".")
    if host != socket.gethostname() or not pid.isdigit() or namespace != _namespace():
        return False
    return _birth(int(pid)) != birth


def _namespace() -> str:
    """Whose process numbers these are; empty where the system has one numbering for all."""
    try:
        return re.sub(r"\D", "", Path("/proc/self/ns/pid").readlink().name)
    except OSError:
        return ""


def _birth(pid: int) -> str:
    """When the process began, in the system's ticks; *living* where that is not told, empty for none or a dead one."""
    try:
        # The name, which comes before, may hold anything.
        state, *told = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return "living" if _lives(pid) else ""
    # Killed, and not yet taken note of by its parent, which may never do so.
    return "" if state in ("Z", "X") else told[18]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
