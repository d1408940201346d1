"""The planned faults of servers and connections, one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from tests.faults.journal import Journal
from tests.faults.office import Office
from tests.faults.plan import TOXICS, Fault

# The next fault comes then in any case.
RECOVERS_WITHIN = 120.0


class Trouble(threading.Thread):
    """Kept apart from the kills, which go on meanwhile. ``error`` is what stopped it, if anything did."""

    def __init__(
        self,
        office: Office,
        faults: Sequence[Fault],
        journal: Journal,
        *,
        stopped: threading.Event,
        tell: Callable[[str], None],
    ) -> None:
        super().__init__(name="trouble", daemon=True)
        self._office = office
        self._faults = faults
        self._journal = journal
        self._stopped = stopped
        self._tell = tell
        self.done = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for fault in self._faults:
                if self._stopped.wait(fault.gap):
                    return
                self._tell(f"{fault.kind}: {fault.part} {fault.how} for {fault.seconds:.1f} s")
                {"restart": self._restart, "toxic": self._infect, "disk full": self._fill}[fault.kind](fault)
                self._journal.suffered(fault)
                self.done += 1
                self._recover()
        except BaseException as error:
            self.error = error
            raise

    def _recover(self) -> None:
        """Until something came from the one end to the other again, however slow the machine is."""
        since = time.monotonic()
        while time.monotonic() < since + RECOVERS_WITHIN and not self._stopped.wait(0.2):
            if self._journal.succeeded_since("pull", since):
                return

    def _restart(self, fault: Fault) -> None:
        self._office.stop(fault.part, fault.how)
        self._stopped.wait(fault.seconds)
        self._office.start(fault.part)

    def _infect(self, fault: Fault) -> None:
        proxy, toxic = self._office.proxies[fault.part], TOXICS[fault.how]
        if fault.how == "reset":
            until = time.monotonic() + fault.seconds
            while time.monotonic() < until and not self._stopped.is_set():
                proxy.cut()
                self._stopped.wait(0.7)
            return
        proxy.infect(toxic)
        self._stopped.wait(fault.seconds)
        if fault.how == "half-open":
            # Such connections never come back: what was sent into them is lost.
            proxy.cut()
        proxy.heal()

    def _fill(self, fault: Fault) -> None:
        if self._office.disk is None:
            return
        self._office.disk.fill()
        self._stopped.wait(fault.seconds + 4)
        self._office.disk.free()
