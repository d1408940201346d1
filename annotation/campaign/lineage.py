"""From a model back to what people said, and from a text forth to the models that learnt it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.domain.declaration import Text
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.errors import NotFoundError
from annotation.ledger.repositories.provenance import TextJudgement, TextLabel, TextPrediction
from annotation.ledger.unit_of_work import UnitOfWork

PROMOTE = "promote"


@dataclass(frozen=True, slots=True)
class SetLineage:
    """A version with its number in the line of its ancestors (1: the first), and the models that saw it."""

    version: TrainingSetVersion
    sequence: int
    models: tuple[ModelVersion, ...]


@dataclass(frozen=True, slots=True)
class ModelLineage:
    """``trainingset`` is None where the ledger does not know what the model saw. ``decisions`` come newest first."""

    model: ModelVersion
    trainingset: TrainingSetVersion | None
    decisions: tuple[Decision, ...]
    draws: tuple[tuple[int, str], ...]
    in_production: bool

    @property
    def label(self) -> str:
        return f"{self.model.name}/{self.model.version}"


@dataclass(frozen=True, slots=True)
class TextLineage:
    """Everything that was asked, said and settled of a text, each oldest first."""

    text: Text
    judgements: tuple[TextJudgement, ...]
    labels: tuple[TextLabel, ...]
    predictions: tuple[TextPrediction, ...]
    measured_in: tuple[str, ...]


def of_sets(work: UnitOfWork, name: str, model: str) -> tuple[SetLineage, ...]:
    """The versions of a training set, newest first. NotFoundError where there is none."""
    versions = work.trainingsets.all(name)
    if not versions:
        raise NotFoundError(f"The training set {name} has no version.", cure="Build one: awb trainingset build")
    models, place = work.models.all(model), sequences(versions)
    return tuple(
        SetLineage(one, place[one.tag], tuple(m for m in models if m.trainingset_digest == one.digest))
        for one in reversed(versions)
    )


def sequences(versions: Sequence[TrainingSetVersion]) -> dict[str, int]:
    """By tag, the number of ancestors plus one."""
    parents = {one.tag: one.parent for one in versions}

    def place(tag: str | None) -> int:
        found = 0
        while tag is not None and found <= len(parents):
            found, tag = found + 1, parents.get(tag)
        return found

    return {tag: place(tag) for tag in parents}


def ancestry(versions: Sequence[TrainingSetVersion], tag: str) -> tuple[TrainingSetVersion, ...]:
    """From the first version to this one."""
    known = {one.tag: one for one in versions}
    found: list[TrainingSetVersion] = []
    current: str | None = tag
    while current in known and len(found) <= len(known):
        found.append(known[current])
        current = known[current].parent
    return tuple(reversed(found))


def of_models(work: UnitOfWork, name: str, trainingset: str) -> tuple[ModelLineage, ...]:
    """The versions of a model, newest first. NotFoundError where there is none."""
    versions = work.models.all(name)
    if not versions:
        raise NotFoundError(f"The model {name} has no version.", cure="Train one: awb train")
    sets = {one.digest: one for one in work.trainingsets.all(trainingset)}
    decisions = work.decisions.all(PROMOTE)
    champion = next((d.subject for d in reversed(decisions) if d.accepted and d.subject.startswith(f"{name}/")), None)
    drawn = [(d.id, d.key, d.model_version) for c in work.campaigns.all() for d in work.draws.of_campaign(c.key)]
    found = []
    for one in reversed(versions):
        label = f"{one.name}/{one.version}"
        found.append(
            ModelLineage(
                one,
                sets.get(one.trainingset_digest),
                tuple(d for d in reversed(decisions) if d.subject == label),
                tuple((number, key) for number, key, model in drawn if model == label),
                label == champion,
            )
        )
    return tuple(found)


def of_model(work: UnitOfWork, name: str, version: str, trainingset: str) -> ModelLineage:
    for one in of_models(work, name, trainingset):
        if one.model.version == version:
            return one
    raise NotFoundError(f"The model {name} has no version {version}.", cure=f"See the versions of {name}.")


def of_text(work: UnitOfWork, text_key: str) -> TextLineage:
    text = work.texts.get([text_key]).get(text_key)
    if text is None:
        raise NotFoundError(f"There is no text {text_key}.", cure="Open it from a task or from a training set.")
    return TextLineage(
        text,
        tuple(work.provenance.judgements(text_key)),
        tuple(work.provenance.labels(text_key)),
        tuple(work.provenance.predictions(text_key)),
        tuple(work.provenance.measured_in(text_key)),
    )
