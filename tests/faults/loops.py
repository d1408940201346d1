"""The commands of an office run again and again, as a scheduler does, and are killed."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import httpx

from tests.faults.journal import Journal
from tests.faults.office import Office
from tests.faults.plan import Kill
from tests.parts.forking import Command

# A command that says nothing for so long hangs, whatever happens around it.
HANGS_AFTER = 240.0
_USUAL_SECONDS = 3.0
# As a scheduler, which lets a moment go by after a failure.
_AFTER_FAILURE = 4.0


class Loop(threading.Thread):
    """One command over and over; ``variants`` take turns."""

    def __init__(
        self,
        office: Office,
        journal: Journal,
        command: str,
        variants: Sequence[Sequence[str]],
        *,
        pause: float,
        stopped: threading.Event,
    ) -> None:
        super().__init__(name=command, daemon=True)
        self.command = command
        self._office = office
        self._journal = journal
        self._variants = variants
        self._pause = pause
        self._stopped = stopped
        self._running: Command | None = None
        self._killed: set[int] = set()
        self._lock = threading.Lock()
        self.hung = 0

    def run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            running = self._office.runner.start(
                *self._office.arguments(*self._variants[number % len(self._variants)]),
                environment=self._office.environment,
            )
            number += 1
            self._running = running
            self._await(running)
            with self._lock:
                self._running = None
                killed = running.pid in self._killed
                self._killed.clear()
            self._journal.ran(self.command, running, killed=killed, stack=running.stack)
            self._stopped.wait(self._pause + (_AFTER_FAILURE if running.code not in (0, -9) else 0.0))

    def _await(self, running: Command) -> None:
        until = time.monotonic() + (HANGS_AFTER if self.command != "serve" else float("inf"))
        while running.wait(0.2) is None:
            if time.monotonic() > until:
                self.hung += 1
                running.kill()
            elif self.command == "serve" and self._stopped.is_set():
                self.kill(running)

    def kill(self, running: Command) -> bool:
        """Whether it was still at work."""
        with self._lock:
            if self._running is not running:
                return False
            self._killed.add(running.pid)
        running.kill()
        return running.code == -9

    @property
    def running(self) -> Command | None:
        return self._running


class Killer(threading.Thread):
    """Carries out the planned kills one after the other, each in a command that is at work."""

    def __init__(
        self, loops: Sequence[Loop], kills: Sequence[Kill], journal: Journal, *, stopped: threading.Event
    ) -> None:
        super().__init__(name="killer", daemon=True)
        self._loops = loops
        self._kills = kills
        self._journal = journal
        self._stopped = stopped
        self.done = 0

    def run(self) -> None:
        for kill in self._kills:
            if self._stopped.wait(kill.gap):
                return
            while not self._stopped.is_set() and not self._strike(kill):
                self._stopped.wait(0.05)
            self.done += 1

    def _strike(self, kill: Kill) -> bool:
        """Whether it hit; what was faster is met again at its next run.

        Between two kills of a command one run of it succeeds, however slow the machine is.
        """
        last = self._journal.last_kill(kill.command)
        if kill.command != "serve" and last and not self._journal.succeeded_since(kill.command, last):
            return False
        mine = [(loop, loop.running) for loop in self._loops if loop.command == kill.command]
        fresh = [(loop, one) for loop, one in mine if one is not None and (one.code is None)]
        if not fresh:
            return False
        loop, running = max(fresh, key=lambda pair: pair[1].started)
        moment = running.started + kill.share * self._usual(kill.command)
        if self._stopped.wait(max(0.0, moment - time.monotonic())):
            return False
        return loop.kill(running)

    def _usual(self, command: str) -> float:
        if command == "serve":
            return 10.0
        lasted = [run.ended - run.started for run in self._journal.of(command) if run.code == 0]
        return statistics.median(lasted[-20:]) if lasted else _USUAL_SECONDS


class Watch(threading.Thread):
    """Asks the served pages for their health, and notes when they answered again after a silence."""

    def __init__(self, port: int, *, stopped: threading.Event) -> None:
        super().__init__(name="watch", daemon=True)
        self._stopped = stopped
        self._url = f"http://127.0.0.1:{port}/health"
        self.silences: list[float] = []

    def run(self) -> None:
        silent_since: float | None = None
        with httpx.Client(timeout=5, trust_env=False) as client:
            while not self._stopped.wait(0.5):
                well = False
                with suppress(httpx.TransportError):
                    well = client.get(self._url).status_code == 200
                now = time.monotonic()
                if not well and silent_since is None:
                    silent_since = now
                elif well and silent_since is not None:
                    self.silences.append(now - silent_since)
                    silent_since = None
