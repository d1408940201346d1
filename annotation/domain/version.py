"""Versions of training sets and models, and the decisions about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainingSetVersion:
    """An immutable snapshot. ``recipe`` and the ledger give the same rows again; ``report`` says what its checks found.

    ``collected_at``: since when its files are no more on the object storage.
    """

    name: str
    tag: str
    parent: str | None
    snapshot_id: int
    rows: int
    digest: str
    recipe: Mapping[str, Any]
    built_at: datetime
    report: Mapping[str, Any] = field(default_factory=dict)
    collected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """``training_key`` is the hash of what went in: the same one means the same training."""

    name: str
    version: str
    nomenclature: str
    trainingset_tag: str
    trainingset_digest: str
    training_key: str
    run_id: str
    sha256: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    trained_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    kind: str
    subject: str
    accepted: bool
    reason: str
    figures: Mapping[str, Any]
    decided_at: datetime
