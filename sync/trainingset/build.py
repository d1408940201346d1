"""A version of the training set, from the ledger and a recipe.

Held here: the rows follow from the ledger's append-only tables below two watermarks and from the recipe alone, so that
``rows`` gives them again at any time; and no text of the evaluation set or of gold is among them, nor one that
the model would read the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from annotation.domain.declaration import Text
from annotation.domain.text import Normaliser
from annotation.domain.version import TrainingSetVersion
from annotation.errors import CheckFailedError, InvalidInputError
from annotation.ledger.repositories.labels import LABELS, RecordedLabel
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from sync.trainingset import digest, schema, splits
from sync.trainingset.apart import Apart
from sync.trainingset.checks import Finding
from sync.trainingset.version import Version

RECIPE = "recipe"

if TYPE_CHECKING:
    from sync.trainingset.store import TrainingSetStore


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything but the ledger that decides the rows; the watermarks are the last row ids that count."""

    nomenclature: str
    sources: tuple[str, ...]
    validation_share: float
    seed: int
    normaliser: str
    last_label: int
    last_evaluation_member: int
    # Versions built before gold was kept apart have none.
    last_gold: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"sources": list(self.sources)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Recipe:
        return cls(**{**stored, "sources": tuple(stored["sources"])})


@dataclass(frozen=True, slots=True)
class BuildResult:
    """``new`` is False when the rows are those of the current version: then no version is made.

    ``kept_out`` texts have a label but must not be trained on. Of ``edited`` texts a rule changed the label, or took it
    out. ``full``: all rows were built and compared, not only those that the ledger's new rows touch.
    """

    version: TrainingSetVersion
    new: bool
    added: int
    removed: int
    changed: int
    kept_out: int
    edited: int = 0
    findings: tuple[Finding, ...] = ()
    full: bool = True


def build(
    *,
    ledger: Ledger,
    store: TrainingSetStore,
    name: str,
    nomenclature: str,
    normaliser: Normaliser,
    sources: Sequence[str],
    validation_share: float,
    seed: int,
    now: datetime,
) -> BuildResult:
    """Commit the labels in force as the next version (``v1``, ``v2``, …), child of the current one.

    A build that was killed between the commit on the object storage and the ledger's entry is completed by the next:
    the recipe lies with the snapshot, too.
    Raises InvalidInputError when there is nothing to build from, CheckFailedError when a check refuses the rows.
    """
    with ledger.begin() as work:
        # No lower id can appear behind the watermarks later.
        work.leases.serialise(LABELS)
        recipe = Recipe(
            nomenclature=nomenclature,
            sources=tuple(sorted(sources)),
            validation_share=validation_share,
            seed=seed,
            normaliser=normaliser.to_json(),
            last_label=work.labels.last_id(),
            last_evaluation_member=work.evaluation.last_id(),
            last_gold=work.gold.last_id(),
        )
        table, kept_out = _rows(work, recipe)
    if not table.num_rows:
        raise InvalidInputError(
            f"The ledger holds no label of {nomenclature} from the sources {', '.join(recipe.sources)}.",
            cure="Import coded texts (awb texts import --coded) or pull judgements first.",
        )
    _complete(ledger, store, name, now)
    current = store.current()
    if current is not None and current.digest == digest.digest(schema.content(table)):
        version = _recorded(ledger, name, current, recipe, now)
        return BuildResult(version, False, 0, 0, 0, kept_out)
    parent = current.tag if current else None
    committed = store.commit(rows=table, tag=next_tag(store.versions()), parent=parent, properties=_properties(recipe))
    version = _recorded(ledger, name, committed, recipe, now)
    return BuildResult(version, True, committed.added, committed.removed, committed.changed, kept_out)


def rows(*, ledger: Ledger, recipe: Recipe) -> pa.Table:
    """The rows of the recipe, ``schema.CONTENT``, sorted by text key: the same at any later time."""
    with ledger.read() as work:
        return _rows(work, recipe)[0]


def digest_of(*, ledger: Ledger, recipe: Recipe) -> str:
    """The digest of the recipe's rows, to be compared with that of a stored version."""
    return digest.digest(rows(ledger=ledger, recipe=recipe))


def rollback(*, ledger: Ledger, store: TrainingSetStore, name: str, to_tag: str, now: datetime) -> TrainingSetVersion:
    """A new version, child of the current one, with the rows and the recipe of ``to_tag``."""
    with ledger.read() as work:
        recipe = Recipe.of(work.trainingsets.get(name, to_tag).recipe)
    made = store.rollback(to_tag=to_tag, as_tag=next_tag(store.versions()))
    return _recorded(ledger, name, made, recipe, now)


def next_tag(versions: Sequence[Version]) -> str:
    numbers = [int(v.tag[1:]) for v in versions if v.tag[:1] == "v" and v.tag[1:].isdecimal()]
    return f"v{max(numbers, default=0) + 1}"


def _properties(recipe: Recipe) -> dict[str, str]:
    return {RECIPE: json.dumps(recipe.as_dict(), ensure_ascii=False, sort_keys=True)}


def _complete(ledger: Ledger, store: TrainingSetStore, name: str, now: datetime) -> None:
    """Enter what a killed build left on the storage alone."""
    with ledger.read() as work:
        entered = {version.tag for version in work.trainingsets.all(name)}
    for version in store.versions():
        if version.tag not in entered and RECIPE in version.properties:
            _recorded(ledger, name, version, Recipe.of(json.loads(version.properties[RECIPE])), now)


def _recorded(ledger: Ledger, name: str, version: Version, recipe: Recipe, now: datetime) -> TrainingSetVersion:
    with ledger.begin() as work:
        work.trainingsets.add(
            TrainingSetVersion(
                name=name,
                tag=version.tag,
                parent=version.parent,
                snapshot_id=version.snapshot_id,
                rows=version.rows,
                digest=version.digest,
                recipe=recipe.as_dict(),
                built_at=now,
            )
        )
        return work.trainingsets.get(name, version.tag)


def _rows(work: UnitOfWork, recipe: Recipe) -> tuple[pa.Table, int]:
    labels = [
        r
        for r in work.labels.current(recipe.nomenclature, up_to=recipe.last_label)
        if r.label.code is not None and r.label.source in recipe.sources and r.label.weight > 0
    ]
    texts = work.texts.get([r.label.text_key for r in labels])
    normaliser = Normaliser.from_json(recipe.normaliser)
    apart = Apart.read(
        work, recipe.nomenclature, normaliser, up_to=recipe.last_evaluation_member, gold_up_to=recipe.last_gold
    )
    kept = [r for r in labels if not apart.holds(texts[r.label.text_key].text)]
    table = schema.content(_table(kept, texts, recipe))
    _check_apart(table, apart)
    return table, len(labels) - len(kept)


def _table(labels: Sequence[RecordedLabel], texts: Mapping[str, Text], recipe: Recipe) -> pa.Table:
    rows, normaliser = [], Normaliser.from_json(recipe.normaliser)
    for recorded in labels:
        label, text = recorded.label, texts[recorded.label.text_key]
        split = splits.split_of(text.group_key, seed=recipe.seed, validation_share=recipe.validation_share)
        rows.append(
            {
                "text_key": text.key,
                "group_key": text.group_key,
                "words_key": schema.words_key(normaliser.clean(text.text)),
                "text": text.text,
                "variables": schema.variables_json(text.variables),
                "code": label.code,
                "nomenclature": label.nomenclature,
                "source": label.source.value,
                "weight": label.weight,
                "coder": label.coder,
                "judgement_id": label.judgement_id,
                "label_id": recorded.id,
                "split": split,
            }
        )
    return pa.Table.from_pylist(rows, schema=schema.CONTENT)


def _check_apart(table: pa.Table, apart: Apart) -> None:
    """Proves on the finished rows what the selection meant to do."""
    leaked = [
        text
        for group, text in zip(table["group_key"].to_pylist(), table["text"].to_pylist(), strict=True)
        if group in apart.groups or apart.normaliser.clean(text) in apart.words
    ]
    if leaked:
        raise CheckFailedError(
            f"{len(leaked)} texts of the evaluation set or of gold would be trained on, first {leaked[0]!r}.",
            cure="Nothing was written. This is a fault of the program; please report it with the recipe.",
        )
