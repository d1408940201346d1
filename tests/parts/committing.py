"""Processes that commit to a training set, to be killed or raced."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from typing import Any

from annotation.errors import ConflictError
from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts import trainingrows

Commit = tuple[str, dict[str, str], str | None]
"""Tag, code by text key, parent."""

CONFLICT = 6


def process(*, catalog_uri: str, storage: Mapping[str, Any], commits: Sequence[Commit]) -> ForkServerProcess:
    """Not yet started; it is forked from a server that has the libraries loaded, since they take seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context.Process(target=commit_all, args=(catalog_uri, dict(storage), list(commits)), daemon=True)


def commit_all(catalog_uri: str, storage: dict[str, Any], commits: list[Commit]) -> None:
    with TrainingSetStore(catalog_uri=catalog_uri, storage=Storage(**storage), name="naf") as store:
        for tag, codes, parent in commits:
            try:
                store.commit(rows=trainingrows.rows(codes), tag=tag, parent=parent)
            except ConflictError as error:
                raise SystemExit(CONFLICT) from error
