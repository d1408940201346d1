"""Where a training set may be kept: on a laptop (folder and SQLite) and in production (S3 and PostgreSQL)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts import committing
from tests.parts.committing import Commit, Committing

PLACES = ("folder-sqlite", "s3-postgres")


@dataclass(frozen=True)
class Place:
    catalog_uri: str
    storage: Storage
    settings: dict[str, Any]

    def store(self) -> TrainingSetStore:
        return TrainingSetStore(catalog_uri=self.catalog_uri, storage=self.storage, name="naf")

    def committing(self, commits: list[Commit]) -> Committing:
        return committing.process(catalog_uri=self.catalog_uri, storage=self.settings, commits=commits)


def of(request: pytest.FixtureRequest, folder: Path) -> Place:
    """The place that the fixture's parameter names; servers are started for it alone."""
    if request.param == "folder-sqlite":
        settings = {"url": str(folder / "store")}
        return Place(f"sqlite:///{folder}/ledger.sqlite", Storage(**settings), settings)
    server = request.getfixturevalue("s3")
    settings = {"url": server.new_bucket(), "key": server.key, "secret": server.secret, "endpoint": server.endpoint}
    return Place(request.getfixturevalue("postgres_url")(), Storage(**settings), settings)
