"""How often somebody may try to sign in, counted in the ledger so that all processes count together.

The first attempts of a while are free; then each failure doubles the wait, up to a limit that keeps guessing hopeless
and does not lock a person out for long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from annotation.ledger.unit_of_work import UnitOfWork

TRIED, SIGNED_IN = "sign_in_try", "sign_in"
WHILE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limit:
    free: int
    longest: timedelta = timedelta(minutes=2)

    def wait(self, failures: int, last: datetime | None, now: datetime) -> timedelta:
        """Until when to wait after so many failures, the last of them at ``last``."""
        if failures < self.free or last is None:
            return timedelta(0)
        delay = min(timedelta(seconds=2.0 ** min(failures - self.free + 1, 30)), self.longest)
        return max(last + delay - now, timedelta(0))


ACCOUNT = Limit(free=5)
# Many people of an office come from one address.
ADDRESS = Limit(free=30)


def admit(work: UnitOfWork, *, subject: str, address: str, now: datetime) -> int:
    """Count an attempt and return 0, or leave it uncounted and return the seconds to wait before the next."""
    # Without the lock, attempts at the same moment would not see one another.
    work.leases.serialise("sign in")
    wait = max(
        ACCOUNT.wait(*_failures(work, now, subject=subject), now),
        ADDRESS.wait(*_failures(work, now, address=address), now),
    )
    if wait > timedelta(0):
        return math.ceil(wait.total_seconds())
    work.audit.record(TRIED, subject, now=now, address=address)
    return 0


def _failures(
    work: UnitOfWork, now: datetime, *, subject: str | None = None, address: str | None = None
) -> tuple[int, datetime | None]:
    tries, last = work.audit.count(TRIED, since=now - WHILE, subject=subject, address=address)
    successes, _ = work.audit.count(SIGNED_IN, since=now - WHILE, subject=subject, address=address)
    return max(0, tries - successes), last
