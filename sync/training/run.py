"""Training: from a version of the training set to a registered model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from annotation.domain import version as domain
from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sampling.fasttext_scorer import FastTextScorer
from sync.settings import TrainingSettings
from sync.training import fasttext_trainer
from sync.training.model import TrainingSetRef
from sync.trainingset import schema
from sync.trainingset.apart import Apart

if TYPE_CHECKING:
    from sync.training.registry import ModelRegistry
    from sync.trainingset.store import TrainingSetStore


@dataclass(frozen=True, slots=True)
class TrainResult:
    """``new`` is False when this training had been done before. ``model_version`` reads ``name/number``."""

    model: domain.ModelVersion
    new: bool

    @property
    def model_version(self) -> str:
        return f"{self.model.name}/{self.model.version}"


def train(
    *,
    ledger: Ledger,
    store: TrainingSetStore,
    registry: ModelRegistry,
    tag: str,
    settings: TrainingSettings,
    normaliser: Normaliser,
    nomenclature: Nomenclature,
    folder: Path,
    now: datetime,
    on_progress: Callable[[float], None] | None = None,
) -> TrainResult:
    """Train on the rows of split ``train`` and on the leaves' titles, measure on ``validation``, register.

    The same version, settings and normaliser are trained once: called again, the registered model is found.
    """
    version = store.version(tag)
    with ledger.read() as work:
        # The rows were kept apart when the version was built; a title may be the wording of an evaluation text too.
        apart = Apart.read(work, nomenclature.key, normaliser)
        titles = [leaf for leaf in nomenclature.leaves if not apart.holds(leaf.title)]
        key = _training_key(version.digest, settings, normaliser, titles)
        found = work.models.find_by_training_key(key)
    if found is not None:
        return TrainResult(found, False)
    rows = store.read(tag)
    trained = fasttext_trainer.train(
        lines=_lines(rows, titles * settings.title_repeats, normaliser),
        parameters=settings.fasttext,
        folder=folder / key[:12],
        timeout=settings.timeout_seconds,
        on_progress=on_progress,
    )
    scorer = FastTextScorer.load(trained.path)
    metrics = validation_metrics(rows, scorer, normaliser, nomenclature)
    registered = registry.register(
        training_key=key,
        trained=trained,
        normaliser=normaliser,
        trainingset=TrainingSetRef(tag, version.digest, _folder(store.location()), version.snapshot_id, version.rows),
        parameters={**asdict(trained.parameters), "title_repeats": settings.title_repeats},
        metrics={**metrics, "training_seconds": trained.seconds},
        tags={"nomenclature": nomenclature.key, "attempts": "; ".join(trained.attempts)},
        examples=[_example(row) for row in rows.slice(0, 3).to_pylist()],
    )
    model = domain.ModelVersion(
        name=registered.name,
        version=registered.version,
        nomenclature=nomenclature.key,
        trainingset_tag=tag,
        trainingset_digest=version.digest,
        training_key=key,
        run_id=registered.run_id,
        # Of the file that is registered: on several threads, one trained again after a kill is another.
        sha256=registered.tags["model_sha256"],
        parameters=asdict(trained.parameters),
        metrics=metrics,
        trained_at=now,
    )
    with ledger.begin() as work:
        work.models.add(model)
    # The registry has the file now; a large one would stay here once more for each training.
    trained.path.unlink(missing_ok=True)
    return TrainResult(model, True)


def validation_metrics(
    rows: pa.Table, scorer: FastTextScorer, normaliser: Normaliser, nomenclature: Nomenclature
) -> dict[str, float]:
    """Share of right codes on the validation split at each level, as ``validation_accuracy_level_N``.

    Only a monitor of the training: these rows were not drawn with known probabilities, so nothing is claimed from them.
    """
    held_out = rows.filter(pc.equal(rows["split"], schema.VALIDATION)).to_pylist()
    if not held_out:
        return {"validation_texts": 0.0}
    lines = [normaliser.line(row["text"], json.loads(row["variables"])) for row in held_out]
    predicted = scorer.score(lines, k=1).codes[:, 0]
    metrics = {"validation_texts": float(len(held_out))}
    for level in range(1, nomenclature.levels + 1):
        right = sum(
            nomenclature.same_at(row["code"], str(code), level) for row, code in zip(held_out, predicted, strict=True)
        )
        metrics[f"validation_accuracy_level_{level}"] = right / len(held_out)
    return metrics


def _lines(rows: pa.Table, titles: Sequence[Code], normaliser: Normaliser) -> Iterator[tuple[str, str]]:
    training = rows.filter(pc.equal(rows["split"], schema.TRAIN))
    for row in training.to_pylist():
        yield row["code"], normaliser.line(row["text"], json.loads(row["variables"]))
    for leaf in titles:
        # The title alone, without variables: it says what the code means, not who declares it.
        if title := normaliser.clean(leaf.title):
            yield leaf.code, title


def _folder(metadata: str) -> str:
    """Of the table, which stays; a metadata file goes some commits later."""
    return metadata.rpartition("/metadata/")[0] or metadata


def _example(row: Mapping[str, str]) -> dict[str, str]:
    return {"text": row["text"], **json.loads(row["variables"])}


def _training_key(digest: str, settings: TrainingSettings, normaliser: Normaliser, titles: Sequence[Code]) -> str:
    learnt = [(leaf.code, leaf.title) for leaf in titles]
    parts = [digest, settings.model_dump(mode="json", exclude={"timeout_seconds"}), normaliser.to_json(), learnt]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
