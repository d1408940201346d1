"""Processes that commit to a training set, to be killed or raced."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from typing import Any

from annotation.errors import ConflictError
from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts import trainingrows

Commit = tuple[str, dict[str, str], str | None]
"""Tag, code by text key, parent."""

CONFLICT = 6


@dataclass(frozen=True, slots=True)
class Committing:
    """``ready`` is set when the libraries are loaded and the first commit begins."""

    process: ForkServerProcess
    ready: Event


def process(*, catalog_uri: str, storage: Mapping[str, Any], commits: Sequence[Commit]) -> Committing:
    """Not yet started; it is forked from a server that has the libraries loaded, since they take seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sync.trainingset.store", __name__])
    ready = context.Event()
    args = (catalog_uri, dict(storage), list(commits), ready)
    return Committing(context.Process(target=commit_all, args=args, daemon=True), ready)


def commit_all(catalog_uri: str, storage: dict[str, Any], commits: list[Commit], ready: Event) -> None:
    ready.set()
    with TrainingSetStore(catalog_uri=catalog_uri, storage=Storage(**storage), name="naf") as store:
        for tag, codes, parent in commits:
            try:
                store.commit(rows=trainingrows.rows(codes), tag=tag, parent=parent)
            except ConflictError as error:
                raise SystemExit(CONFLICT) from error
