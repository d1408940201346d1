"""Models as a registry knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from annotation.domain.text import Normaliser

CHAMPION = "champion"
CHALLENGER = "challenger"
# Tags of a run and of a model version in MLflow.
SET_TAG, SET_DIGEST, SET_SNAPSHOT = "trainingset", "trainingset_digest", "trainingset_snapshot"


@dataclass(frozen=True, slots=True)
class TrainingSetRef:
    """The training set version that a model saw: its tag, the digest of its rows, and where the table lies.

    ``snapshot_id`` is that of the table; None where a model tells none.
    """

    tag: str
    digest: str
    uri: str
    snapshot_id: int | None = None
    rows: int | None = None

    @property
    def source(self) -> str:
        """The table's address; what follows the # says which state of it."""
        return f"{self.uri}#tag={self.tag}" + (f"&snapshot={self.snapshot_id}" if self.snapshot_id else "")

    @property
    def tags(self) -> Mapping[str, str]:
        """What a run and a model version say of it."""
        snapshot = {} if self.snapshot_id is None else {SET_SNAPSHOT: str(self.snapshot_id)}
        return {SET_TAG: self.tag, SET_DIGEST: self.digest} | snapshot


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """``uri`` is what ``mlflow.pyfunc.load_model`` takes; ``run_id`` is empty for versions made without a run."""

    name: str
    version: str
    run_id: str
    uri: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A registered model on this machine; ``folder`` is the whole MLflow model."""

    version: ModelVersion
    folder: Path
    model_path: Path
    normaliser: Normaliser
