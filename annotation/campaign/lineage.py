"""From a model back to what people said, and from a text forth to the models that learnt it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.domain.declaration import Text
from annotation.domain.team import GoldText
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.repositories.edits import LabelEdit
from annotation.ledger.repositories.origins import Arrival, Membership, Question
from annotation.ledger.repositories.provenance import TextJudgement, TextLabel, TextPrediction
from annotation.ledger.unit_of_work import UnitOfWork

PROMOTE = "promote"
MOST_NAMED = 5


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
    """Everything that was declared, asked, said and settled of a text, each oldest first."""

    text: Text
    judgements: tuple[TextJudgement, ...]
    labels: tuple[TextLabel, ...]
    predictions: tuple[TextPrediction, ...]
    arrivals: tuple[Arrival, ...]
    questions: tuple[Question, ...]
    memberships: tuple[Membership, ...]
    gold: tuple[GoldText, ...]
    edits: tuple[LabelEdit, ...]

    @property
    def measured_in(self) -> tuple[str, ...]:
        """The nomenclatures whose evaluation set the text belongs to."""
        return tuple(one.nomenclature for one in self.memberships)


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


def of_set(work: UnitOfWork, name: str, tag: str, model: str) -> SetLineage:
    """One version. NotFoundError where there is none."""
    version = work.trainingsets.get(name, tag)
    models = tuple(one for one in work.models.all(model) if one.trainingset_digest == version.digest)
    return SetLineage(version, sequences(work.trainingsets.all(name))[tag], models)


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
        tuple(work.origins.arrivals(text_key)),
        tuple(work.origins.questions(text_key)),
        tuple(work.origins.memberships(text_key)),
        tuple(work.origins.gold(text_key)),
        tuple(work.edits.of_text(text_key)),
    )


def key_of(work: UnitOfWork, named: str) -> str:
    """Of the one text that is meant by its key, the beginning of it, or its exact wording.

    Raises NotFoundError for none, InvalidInputError for several, with their keys.
    """
    found = work.origins.keys(named)
    if not found:
        raise NotFoundError(
            f"No text is {named!r}.", cure="Give its key, the first digits of it, or its exact wording in quotes."
        )
    if len(found) > 1:
        shown = "; ".join(_described(text) for text in work.texts.get(found[:MOST_NAMED]).values())
        raise InvalidInputError(
            f"{named!r} may be any of {len(found)} texts: {shown}.", cure="Give the key of the one that you mean."
        )
    return found[0]


def behind(work: UnitOfWork, label_ids: Sequence[int]) -> dict[int, tuple[TextJudgement, ...]]:
    """By label, the judgements that were weighed for it, in order of id; labels without any are left out."""
    labels = work.provenance.of_labels(sorted(set(label_ids)))
    weighed = {number: _weighed(label) for number, label in labels.items()}
    said = work.provenance.of_judgements(sorted({one for ids in weighed.values() for one in ids}))
    return {number: tuple(said[one] for one in ids if one in said) for number, ids in weighed.items() if ids}


def _weighed(label: TextLabel) -> tuple[int, ...]:
    return label.judgements or ((label.judgement_id,) if label.judgement_id is not None else ())


def _described(text: Text) -> str:
    variables = ", ".join(f"{name} {value}" for name, value in text.variables.items())
    return f"{text.key} {text.text!r}" + (f" ({variables})" if variables else "")
