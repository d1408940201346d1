"""One pass over all rows of a recipe, in which they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from annotation.domain.text import Normaliser
from annotation.domain.version import TrainingSetVersion
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature
from sync.trainingset import checks as checking
from sync.trainingset.apart import Apart
from sync.trainingset.census import Census
from sync.trainingset.checks import Checks, Example, Finding
from sync.trainingset.inspection import Inspection
from sync.trainingset.recipe import Recipe
from sync.trainingset.resolution import Chosen, Resolver
from sync.trainingset.rows import Assembly, Excluded, Known
from sync.trainingset.wordings import Wordings

Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Survey:
    """``excluded`` are the texts that rules took out."""

    census: Census
    findings: tuple[Finding, ...]
    excluded: Sequence[Excluded]


def survey(
    *,
    ledger: Ledger,
    recipe: Recipe,
    parent: TrainingSetVersion | None,
    nomenclature: Nomenclature,
    checks: Checks,
    known: Known,
    sink: Callable[[Batches], None],
) -> Survey:
    """``sink`` must take all batches; each is held by nobody else. ``parent`` is what the codes are compared with."""
    with ledger.read() as work, Wordings() as wordings:
        apart = apart_of(work, recipe)
        assembly = Assembly(recipe, apart, known=known)
        inspection = Inspection(checks=checks, nomenclature=nomenclature, apart=apart, census=Census())
        sink(wordings.watch(inspection.watch(assembly.batches(chosen(work, recipe, apart)))))
        number, rows = wordings.conflicting()
        inspection.note_conflicts(number, _with_wordings(work, rows))
    census = inspection.census
    census.kept_out += assembly.aside.kept_out
    census.edited += len(assembly.aside.excluded)
    return Survey(census, inspection.findings(parent=former(parent), recipe=recipe), assembly.aside.excluded)


def apart_of(work: UnitOfWork, recipe: Recipe) -> Apart:
    """What the recipe keeps apart."""
    return Apart.read(
        work,
        recipe.nomenclature,
        Normaliser.from_json(recipe.normaliser),
        up_to=recipe.last_evaluation_member,
        gold_up_to=recipe.last_gold,
    )


def chosen(work: UnitOfWork, recipe: Recipe, apart: Apart) -> Iterator[Chosen]:
    """The labels that hold by the recipe, in order of text key."""
    said = work.labels.said(recipe.nomenclature, up_to=recipe.last_label)
    return Resolver(recipe, apart.normaliser).chosen(said)


def former(parent: TrainingSetVersion | None) -> Census | None:
    """What was counted of the parent; None where there is none, or it was built before this was done."""
    return None if parent is None else Census.of(parent.report)


def exhaust(batches: Batches) -> None:
    """The sink of a pass whose rows nobody wants."""
    for _ in batches:
        pass


def _with_wordings(work: UnitOfWork, rows: Sequence[Example]) -> list[Example]:
    found = work.texts.get([row.text_key for row in rows])
    return [replace(row, wording=checking.shortened(found[row.text_key].text)) for row in rows]
