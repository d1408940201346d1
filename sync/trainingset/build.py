"""A version of the training set, from the ledger and a recipe.

Held here: the rows follow from the ledger's append-only tables below the watermarks and from the recipe alone, so that
``rows`` gives them again at any time; no text of the evaluation set or of gold is among them, nor one that the model
would read the same way; and nothing is committed that a check refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    wait_random_exponential,
)

from annotation.domain.text import Normaliser
from annotation.domain.version import TrainingSetVersion
from annotation.errors import CheckFailedError, ConflictError, InvalidInputError
from annotation.ledger.repositories.labels import LABELS
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from sync.trainingset import checks as checking
from sync.trainingset import digest as digests
from sync.trainingset import entry, inspection, schema
from sync.trainingset import increment as increments
from sync.trainingset import survey as surveying
from sync.trainingset.checks import Checks, Finding, Level
from sync.trainingset.entry import Entries
from sync.trainingset.increment import Increment
from sync.trainingset.inspection import Inspection
from sync.trainingset.parentwords import ParentWords
from sync.trainingset.policy import BuildPolicy, Resolution
from sync.trainingset.recipe import Recipe
from sync.trainingset.rows import Assembly, Known
from sync.trainingset.spool import Spool
from sync.trainingset.survey import Survey
from sync.trainingset.version import Version

if TYPE_CHECKING:
    from sync.trainingset.store import TrainingSetStore

ATTEMPTS = 20
PATIENCE_SECONDS = 600
LONGEST_WAIT_SECONDS = 1


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
    nomenclature: Nomenclature,
    normaliser: Normaliser,
    policy: BuildPolicy,
    checks: Checks,
    validation_share: float,
    seed: int,
    now: datetime,
) -> BuildResult:
    """Commit the labels that hold as the next version (``v1``, ``v2``, …), child of the current one.

    Where the ledger alone moved since, only the texts that it touches are looked at; the version is the same. A build
    that was killed between the commit on the object storage and the ledger's entry is completed by the next: the
    recipe lies with the snapshot, too. One that others overtook begins again with what they made.
    Raises InvalidInputError when there is nothing to build from, BuildRefusedError when a check refuses the rows, and
    ConflictError when others kept building.
    """
    work = _Build(ledger, store, name, nomenclature, normaliser, policy, checks, validation_share, seed, now)
    attempts = patience()
    try:
        return attempts(work.attempt)
    except ConflictError as error:
        tried = attempts.statistics["attempt_number"]
        raise ConflictError(
            f"Others kept building the training set {name}; {tried} attempts were overtaken: {error.message}",
            cure="Run the command again; let one scheduled job build it.",
        ) from error


def patience() -> Retrying:
    """How long one who is overtaken tries again.

    Who has just committed begins the next version while the others still find out that theirs is stale, so that one
    busy writer overtakes them until it is done: of 6 writers with 5 versions each, one needed 25 attempts, to the end
    of the contest. Attempts alone would be the wrong measure.
    """
    return Retrying(
        stop=stop_all(stop_after_attempt(ATTEMPTS), stop_after_delay(PATIENCE_SECONDS)),
        wait=wait_random_exponential(multiplier=0.05, max=LONGEST_WAIT_SECONDS),
        retry=retry_if_exception_type(ConflictError),
        reraise=True,
    )


def rows(*, ledger: Ledger, recipe: Recipe) -> Iterator[pa.RecordBatch]:
    """The rows of the recipe, ``schema.CONTENT``, sorted by text key: the same at any later time.

    Raises CheckFailedError at the end when texts that they rest on were erased since.
    """
    with ledger.read() as work:
        apart = surveying.apart_of(work, recipe)
        assembly = Assembly(recipe, apart)
        yield from assembly.batches(surveying.chosen(work, recipe, apart))
        gone = set(assembly.aside.erased)
        if recipe.built_at is not None:
            gone |= apart.keys & work.labels.erased(recipe.nomenclature, since=recipe.built_at)
    if gone:
        raise CheckFailedError(
            f"The wording of {len(gone)} texts that the version rests on was erased since, first {min(gone)}:"
            " it cannot be built again to the last bit.",
            cure="That is what erasing is for. What is stored of the version can still be read and verified.",
        )


def digest_of(*, ledger: Ledger, recipe: Recipe, form: int | None = None) -> str:
    """The digest of the recipe's rows, to be compared with that of a stored version of this form.

    ``form`` is by default that of the program that wrote the recipe.
    """
    if form is None:
        form = schema.FORMER if recipe.policy.resolution is Resolution.NEWEST else schema.FORM
    tables = (pa.Table.from_batches([batch]) for batch in rows(ledger=ledger, recipe=recipe))
    if form == schema.FORMER:
        return digests.digest(pa.concat_tables([schema.CONTENT.empty_table(), *tables]), form=form)
    return digests.digest(tables)


def rollback(*, ledger: Ledger, store: TrainingSetStore, name: str, to_tag: str, now: datetime) -> TrainingSetVersion:
    """A new version, child of the current one, with the rows and the recipe of ``to_tag``."""
    with ledger.read() as work:
        work.trainingsets.get(name, to_tag)
    made = store.rollback(to_tag=to_tag, as_tag=next_tag(store.versions()))
    return Entries(ledger, store, name).restore(made, to_tag, now=now)


def next_tag(versions: Sequence[Version]) -> str:
    numbers = [int(v.tag[1:]) for v in versions if v.tag[:1] == "v" and v.tag[1:].isdecimal()]
    return f"v{max(numbers, default=0) + 1}"


@dataclass(frozen=True, slots=True)
class _Build:
    """What a build was asked for."""

    ledger: Ledger
    store: TrainingSetStore
    name: str
    nomenclature: Nomenclature
    normaliser: Normaliser
    policy: BuildPolicy
    checks: Checks
    validation_share: float
    seed: int
    now: datetime

    def attempt(self) -> BuildResult:
        # In this order: a version that comes in between has the tag, and the commit is refused.
        tag = next_tag(self.store.versions())
        current = self.store.current()
        recipe = self._recipe()
        self._entries.complete(nomenclature=self.nomenclature, checks=self.checks, now=self.now)
        parent = None if current is None else self._entries.find(current.tag)
        if parent is None:
            return self._whole(recipe, tag, current, None)
        with self.ledger.read() as work:
            found = increments.increment(work, self.store, parent=parent, recipe=recipe)
        amended = None if found is None else self._amended(recipe, tag, parent, found)
        return amended or self._whole(recipe, tag, current, parent)

    @property
    def _entries(self) -> Entries:
        return Entries(self.ledger, self.store, self.name)

    def _recipe(self) -> Recipe:
        with self.ledger.begin() as work:
            # No lower id can appear behind the watermarks later.
            work.leases.serialise(LABELS)
            return Recipe(
                nomenclature=self.nomenclature.key,
                policy=self.policy,
                validation_share=self.validation_share,
                seed=self.seed,
                normaliser=self.normaliser.to_json(),
                last_label=work.labels.last_id(),
                last_evaluation_member=work.evaluation.last_id(),
                last_gold=work.gold.last_id(),
                built_at=self.now,
            )

    def _amended(self, recipe: Recipe, tag: str, parent: TrainingSetVersion, found: Increment) -> BuildResult | None:
        """None where a check refuses, or nothing is left: all rows are to be looked at, to tell which."""
        looking = Inspection(checks=self.checks, nomenclature=self.nomenclature, apart=found.apart, census=found.census)
        surveying.exhaust(looking.watch(found.after.to_batches()))
        looking.note_conflicts(0, inspection.examples(found.conflicting.slice(0, checking.EXAMPLES)))
        findings = looking.findings(parent=surveying.former(parent), recipe=recipe)
        if any(one.level is Level.STOP for one in findings) or not found.census.rows:
            return None
        known = Survey(found.census, findings, found.aside.excluded)
        if found.is_empty:
            return _unchanged(parent, known, full=False)
        committed = self.store.amend(
            after=found.after, before=found.before, tag=tag, parent=parent.tag, properties=entry.properties(recipe)
        )
        return self._entered(committed, recipe, known, full=False)

    def _whole(
        self, recipe: Recipe, tag: str, current: Version | None, parent: TrainingSetVersion | None
    ) -> BuildResult:
        """``parent`` is the ledger's entry of the current version; None where another program made that."""
        with Spool() as spool:
            found = surveying.survey(
                ledger=self.ledger,
                recipe=recipe,
                parent=parent,
                nomenclature=self.nomenclature,
                checks=self.checks,
                known=self._words(parent, recipe),
                sink=spool.fill,
            )
            if not spool.rows:
                raise InvalidInputError(
                    f"The ledger holds no label of {recipe.nomenclature} from the sources"
                    f" {', '.join(self.policy.sources)}.",
                    cure="Import coded texts (awb texts import --coded) or pull judgements first.",
                )
            checking.require(found.findings)
            if current is not None and current.digest == spool.digest:
                return _unchanged(parent or self._enter(current, recipe, found), found, full=True)
            committed = self.store.commit(
                rows=spool.batches(),
                tag=tag,
                parent=current.tag if current else None,
                properties=entry.properties(recipe),
            )
        return self._entered(committed, recipe, found, full=True)

    def _words(self, parent: TrainingSetVersion | None, recipe: Recipe) -> Known:
        """Those of the parent, where it was cleaned alike."""
        if parent is None or parent.collected_at or Recipe.of(parent.recipe).normaliser != recipe.normaliser:
            return lambda _key: None
        return ParentWords(self.store.batches(parent.tag, columns=["text_key", "words_key"]))

    def _enter(self, version: Version, recipe: Recipe, found: Survey) -> TrainingSetVersion:
        report = found.census.report(found.findings)
        return self._entries.enter(version, recipe, report, found.excluded, now=self.now)

    def _entered(self, committed: Version, recipe: Recipe, found: Survey, *, full: bool) -> BuildResult:
        return BuildResult(
            version=self._enter(committed, recipe, found),
            new=True,
            added=committed.added,
            removed=committed.removed,
            changed=committed.changed,
            kept_out=found.census.kept_out,
            edited=found.census.edited,
            findings=found.findings,
            full=full,
        )


def _unchanged(parent: TrainingSetVersion, found: Survey, *, full: bool) -> BuildResult:
    census = found.census
    return BuildResult(parent, False, 0, 0, 0, census.kept_out, census.edited, found.findings, full)
