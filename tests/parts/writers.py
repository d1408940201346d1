"""Processes that use the ledger at the same time."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

from annotation.domain.declaration import Text
from annotation.errors import ConflictError
from annotation.ledger.unit_of_work import Ledger

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFLICT = 6


def migrate(url: str) -> None:
    with closing(Ledger.open(url)) as ledger:
        ledger.migrate()


def write(url: str, number: int, texts: int) -> None:
    """One transaction per text; each reads before it writes."""
    with closing(Ledger.open(url)) as ledger:
        for position in range(texts):
            with ledger.begin() as work:
                work.texts.counts()
                work.texts.add([Text(f"{number}-{position}", "g", "texte")], now=NOW)


def take_lease(url: str, holder: str) -> None:
    with closing(Ledger.open(url)) as ledger:
        try:
            with ledger.begin() as work:
                work.leases.take("turn", holder=holder, now=NOW, lasting=timedelta(hours=1))
        except ConflictError as error:
            raise SystemExit(CONFLICT) from error
