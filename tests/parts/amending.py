"""Processes that amend a training set at once, each starting again whenever another was quicker."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from typing import Any

from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from sync.trainingset.version import StaleParentError
from tests.parts import trainingrows


def process(*, catalog_uri: str, storage: Mapping[str, Any], writer: str, times: int) -> ForkServerProcess:
    """Not yet started; adds the texts ``<writer>0``, ``<writer>1``, …, one version for each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sync.trainingset.store", __name__])
    return context.Process(target=amend_all, args=(catalog_uri, dict(storage), writer, times), daemon=True)


def amend_all(catalog_uri: str, storage: dict[str, Any], writer: str, times: int) -> None:
    with TrainingSetStore(catalog_uri=catalog_uri, storage=Storage(**storage), name="naf") as store:
        for number in range(times):
            while not _added(store, f"{writer}{number}"):
                continue


def _added(store: TrainingSetStore, key: str) -> bool:
    current = store.current()
    if current is None:
        raise SystemExit(1)
    try:
        store.amend(
            after=trainingrows.rows({key: "1"}), before=trainingrows.rows({}), tag=f"with-{key}", parent=current.tag
        )
    except StaleParentError:
        return False
    return True
