"""The versions of a training set, as the ledger and the store know them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from annotation.domain.version import ModelVersion, TrainingSetVersion
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger
from sync.trainingset.version import Version


class Store(Protocol):
    """What is asked of the store of versions."""

    def versions(self) -> list[Version]: ...

    def version(self, tag: str) -> Version: ...

    def names(self, tag: str) -> list[str]: ...

    def all_names(self) -> Mapping[str, list[str]]: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """One version. ``stored`` is None when its files were collected, ``entered`` when its build was killed at the end
    and no other has followed. ``models`` are those that the ledger knows to have learnt from it.
    """

    tag: str
    stored: Version | None
    entered: TrainingSetVersion | None
    names: tuple[str, ...]
    models: tuple[ModelVersion, ...]

    @property
    def built_at(self) -> datetime | None:
        return self.entered.built_at if self.entered else None

    @property
    def report(self) -> Mapping[str, Any]:
        return self.entered.report if self.entered else {}

    @property
    def learnt_by(self) -> tuple[str, ...]:
        return tuple(f"{one.name}/{one.version}" for one in self.models)

    def as_dict(self) -> dict[str, Any]:
        """What is known, null where the store alone knew it."""
        known: Any = self.stored or self.entered
        counts = {name: getattr(self.stored, name, None) for name in ("sequence", "added", "removed", "changed")}
        return {
            "tag": self.tag,
            "parent": known.parent,
            "snapshot_id": known.snapshot_id,
            "rows": known.rows,
            "digest": known.digest,
            **counts,
            "built_at": self.built_at,
            "collected_at": self.entered.collected_at if self.entered else None,
            "names": list(self.names),
            "models": list(self.learnt_by),
        }


def listed(*, ledger: Ledger, store: Store, name: str) -> tuple[Listed, ...]:
    """All versions there are or were, oldest first."""
    stored = {one.tag: one for one in store.versions()}
    with ledger.read() as work:
        entered = {one.tag: one for one in work.trainingsets.all(name)}
        models = _by_digest(work.models.all())
    names = store.all_names()
    return tuple(
        _listed(tag, stored.get(tag), entered.get(tag), names.get(tag, ()), models) for tag in {**entered, **stored}
    )


def one(*, ledger: Ledger, store: Store, name: str, tag: str) -> Listed:
    """The version of a tag or of another name; NotFoundError where there never was one."""
    try:
        stored: Version | None = store.version(tag)
    except NotFoundError:
        stored = None
    tag = stored.tag if stored else tag
    with ledger.read() as work:
        entered = {one.tag: one for one in work.trainingsets.all(name)}
        models = _by_digest(work.models.all())
        if stored is None and tag not in entered:
            work.trainingsets.get(name, tag)  # raises, and names those there are
    return _listed(tag, stored, entered.get(tag), store.names(tag) if stored else (), models)


def of_digest(*, ledger: Ledger, name: str, digest: str, tag: str = "") -> str:
    """The tag of the version whose digest begins so; of several, with the same rows, ``tag`` if it is one, else the
    first. NotFoundError where there is none.
    """
    with ledger.read() as work:
        found = [one.tag for one in work.trainingsets.all(name) if one.digest.startswith(digest)]
    if not found or not digest:
        raise NotFoundError(
            f"No version of the training set {name} has the digest {digest[:12]} ({tag or 'without a tag'}).",
            cure="It may be of another ledger, or of another training set: see trainingset.name of the settings.",
        )
    return tag if tag in found else found[0]


def _listed(
    tag: str,
    stored: Version | None,
    entered: TrainingSetVersion | None,
    names: Sequence[str],
    models: Mapping[str, Sequence[ModelVersion]],
) -> Listed:
    others = tuple(name for name in names if name != tag)
    digests = {one.digest for one in (stored, entered) if one}
    return Listed(tag, stored, entered, others, tuple(model for digest in digests for model in models.get(digest, ())))


def _by_digest(models: Sequence[ModelVersion]) -> Mapping[str, Sequence[ModelVersion]]:
    found: dict[str, list[ModelVersion]] = defaultdict(list)
    for model in models:
        found[model.trainingset_digest].append(model)
    return found
