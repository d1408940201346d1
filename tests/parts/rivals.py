"""Processes that amend one training set at the same time, each with rows of its own."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from annotation.errors import ConflictError
from sync.storage import Storage
from sync.trainingset import build, schema
from sync.trainingset.store import TrainingSetStore
from sync.trainingset.version import Version
from tests.parts import trainingrows

NAME = "naf"
FIRST = "v0"
CONFLICT = 6


@dataclass(frozen=True, slots=True)
class Done:
    """One version of a rival: how often it was tried, and how long that took."""

    tag: str
    attempts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Contest:
    catalog_uri: str
    storage: Mapping[str, Any]
    folder: Path
    writers: int
    commits: int

    def store(self) -> TrainingSetStore:
        return TrainingSetStore(catalog_uri=self.catalog_uri, storage=Storage(**self.storage), name=NAME)

    def run(self, *, seconds: float) -> Sequence[int | None]:
        """The exit codes of the rivals, which begin at the same moment on a first version."""
        with self.store() as store:
            store.commit(rows=trainingrows.rows({"base": "01.11Z"}), tag=FIRST, parent=None)
        self.folder.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["sync.trainingset.store", __name__])
        start = context.Barrier(self.writers)
        processes = [
            context.Process(target=amend_all, args=(self, number, start), daemon=True) for number in range(self.writers)
        ]
        for process in processes:
            process.start()
        until = time.monotonic() + seconds
        for process in processes:
            process.join(max(0.0, until - time.monotonic()))
        ended = [process.exitcode for process in processes]
        for process in processes:
            process.kill()
        return ended

    def wanted(self) -> dict[str, str]:
        """The tag of each version that is to be there, and its one text."""
        return {
            f"w{number}-{position}": f"text-{number}-{position}"
            for number in range(self.writers)
            for position in range(self.commits)
        }

    def done(self) -> list[Done]:
        return [Done(**one) for file in sorted(self.folder.glob("*.json")) for one in json.loads(file.read_text())]


def amend_all(contest: Contest, number: int, start: Barrier) -> None:
    made = []
    start.wait(60)
    with contest.store() as store:
        for position in range(contest.commits):
            try:
                made.append(_amended(store, f"w{number}-{position}", f"text-{number}-{position}"))
            except ConflictError as error:
                (contest.folder / f"{number}.error").write_text(str(error))
                raise SystemExit(CONFLICT) from error
    (contest.folder / f"{number}.json").write_text(json.dumps([asdict(one) for one in made]))


def _amended(store: TrainingSetStore, tag: str, key: str) -> Done:
    """Tried again from the version that is current then, as often and after such waits as a build."""
    started = time.monotonic()
    for attempt in build.patience():
        with attempt:
            _once(store, tag, key)
    return Done(tag, attempt.retry_state.attempt_number, time.monotonic() - started)


def _once(store: TrainingSetStore, tag: str, key: str) -> Version:
    current = store.current()
    assert current is not None
    after = trainingrows.rows({key: "01.12Z"})
    return store.amend(after=after, before=schema.CONTENT.empty_table(), tag=tag, parent=current.tag)
