"""What the ledger says of the versions that lie on the object storage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from annotation.domain.version import TrainingSetVersion
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from sync.trainingset import survey as surveying
from sync.trainingset.checks import Checks
from sync.trainingset.journal import Journal
from sync.trainingset.recipe import Recipe
from sync.trainingset.rows import Excluded
from sync.trainingset.version import Version

if TYPE_CHECKING:
    from sync.trainingset.store import TrainingSetStore

RECIPE = "recipe"
ROLLED_BACK = "rolled_back_to"


@dataclass(frozen=True, slots=True)
class Entries:
    """The versions of one training set."""

    ledger: Ledger
    store: TrainingSetStore
    name: str

    def find(self, tag: str | None) -> TrainingSetVersion | None:
        """None for a version that another program made."""
        with self.ledger.read() as work:
            return next((one for one in work.trainingsets.all(self.name) if one.tag == tag), None)

    def enter(
        self,
        version: Version,
        recipe: Recipe,
        report: dict[str, Any],
        excluded: Sequence[Excluded],
        *,
        now: datetime,
    ) -> TrainingSetVersion:
        """The version with its report, and the journal of what rules edited; a second call changes nothing."""
        journal = Journal(self.store, self.name, version, recipe.policy)
        with self.ledger.read() as work:
            edits = list(journal.edits(work, excluded))
        with self.ledger.begin() as work:
            work.trainingsets.add(
                TrainingSetVersion(
                    name=self.name,
                    tag=version.tag,
                    parent=version.parent,
                    snapshot_id=version.snapshot_id,
                    rows=version.rows,
                    digest=version.digest,
                    recipe=recipe.as_dict(),
                    built_at=now,
                    report=report,
                )
            )
            work.edits.add(edits)
            return work.trainingsets.get(self.name, version.tag)

    def restore(self, version: Version, to_tag: str, *, now: datetime) -> TrainingSetVersion:
        """``version`` is that of ``to_tag`` again."""
        with self.ledger.read() as work:
            restored = work.trainingsets.get(self.name, to_tag)
        return self.enter(version, Recipe.of(restored.recipe), dict(restored.report), (), now=now)

    def complete(self, *, nomenclature: Nomenclature, checks: Checks, now: datetime) -> None:
        """Enter what killed builds and rollbacks left on the storage alone, the oldest first."""
        with self.ledger.read() as work:
            entered = {version.tag for version in work.trainingsets.all(self.name)}
        for version in self.store.versions():
            if version.tag in entered:
                continue
            if RECIPE in version.properties:
                self._survey(version, nomenclature, checks, now)
            elif (to_tag := version.properties.get(ROLLED_BACK)) is not None:
                self.restore(version, to_tag, now=now)

    def _survey(self, version: Version, nomenclature: Nomenclature, checks: Checks, now: datetime) -> None:
        recipe = Recipe.of(json.loads(version.properties[RECIPE]))
        found = surveying.survey(
            ledger=self.ledger,
            recipe=recipe,
            parent=self.find(version.parent),
            nomenclature=nomenclature,
            checks=checks,
            known=lambda _key: None,
            sink=surveying.exhaust,
        )
        self.enter(version, recipe, found.census.report(found.findings), found.excluded, now=now)


def properties(recipe: Recipe) -> dict[str, str]:
    """What lies with the snapshot, so that its entry can be made up for."""
    return {RECIPE: json.dumps(recipe.as_dict(), ensure_ascii=False, sort_keys=True)}
