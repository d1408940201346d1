"""Models as a registry knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from annotation.domain.text import Normaliser

CHAMPION = "champion"
CHALLENGER = "challenger"


@dataclass(frozen=True, slots=True)
class TrainingSetRef:
    """The training set version that a model saw: its tag, the digest of its rows, and where the table lies."""

    tag: str
    digest: str
    uri: str


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
