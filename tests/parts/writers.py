"""Processes that use the ledger at the same time."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, event

from annotation.domain.declaration import Text
from annotation.errors import ConflictError
from annotation.ledger.unit_of_work import Ledger
from sync.backups import restore as restores
from sync.storage import Storage

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFLICT = 6


def migrate(url: str) -> None:
    with closing(Ledger.open(url)) as ledger:
        ledger.migrate()


def migrate_and_die(url: str, at: int) -> None:
    """Is killed before the statement of that number; the commit counts as one."""
    _die(at)
    migrate(url)


def restore_and_die(url: str, archive: str, at: int) -> None:
    _die(at)
    root = Storage("/")
    with closing(Ledger.open(url)) as ledger:
        restores.restore(ledger=ledger, storage=root, source=root, path=archive, now=NOW, on_progress=lambda *_: None)


def _die(at: int) -> None:
    done = 0

    def step(*_: object) -> None:
        nonlocal done
        done += 1
        if done == at:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, step)


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
