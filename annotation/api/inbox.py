"""Webhooks on their way into the ledger, written by one thread so that no request waits for the database."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import structlog

from annotation.errors import WorkbenchError
from annotation.ledger.unit_of_work import Ledger

CAPACITY = 10_000
_BATCH = 500
_PAUSE_SECONDS = 1.0
_CLOSING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Hint:
    """Where something happened on the platform; the pull finds out what."""

    action: str
    project_id: int | None
    payload: Mapping[str, Any]
    received_at: datetime


class InboxWriter:
    """A context manager. What waits is written on leaving; what the database refuses until then is lost.

    A loss is healed by the next pull, which never relies on hints alone.
    """

    def __init__(self, ledger: Ledger, *, capacity: int = CAPACITY) -> None:
        self._ledger = ledger
        self._waiting: queue.Queue[tuple[Hint, Future[None]]] = queue.Queue(capacity)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(_CLOSING_SECONDS)

    def put(self, hint: Hint) -> Future[None]:
        """Done when the hint is stored. Raises queue.Full when too many wait already."""
        stored: Future[None] = Future()
        self._waiting.put_nowait((hint, stored))
        return stored

    def _run(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            batch = self._next()
            while batch and not self._write(batch):
                if self._closing.wait(_PAUSE_SECONDS):
                    return

    def _next(self) -> list[tuple[Hint, Future[None]]]:
        try:
            batch = [self._waiting.get(timeout=0.2)]
        except queue.Empty:
            return []
        while len(batch) < _BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    def _write(self, batch: Sequence[tuple[Hint, Future[None]]]) -> bool:
        try:
            with self._ledger.begin() as work:
                for hint, _ in batch:
                    work.inbox.add(
                        action=hint.action, project_id=hint.project_id, payload=hint.payload, now=hint.received_at
                    )
        except WorkbenchError as error:
            structlog.get_logger().warning("webhooks wait for the ledger", waiting=len(batch), reason=error.message)
            return False
        for _, stored in batch:
            stored.set_result(None)
        return True
