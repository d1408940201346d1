"""What the ledger's new rows change of the current version: the texts that they touch, before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from annotation.domain.text import Normaliser
from annotation.domain.version import TrainingSetVersion
from annotation.ledger.unit_of_work import UnitOfWork
from sync.trainingset import apart as keeping
from sync.trainingset import schema
from sync.trainingset.apart import Apart
from sync.trainingset.census import Census
from sync.trainingset.recipe import Recipe
from sync.trainingset.resolution import Resolver
from sync.trainingset.rows import Aside, Assembly

if TYPE_CHECKING:
    from sync.trainingset.store import TrainingSetStore

LARGEST: Final = 500_000
"""Texts that are held at once; where more are touched, the whole is streamed."""

_LARGEST_PART: Final = 5
_FEW: Final = 1000
# Erasing takes no watermark: one that was under way at the build counts as later.
_OVERLAP: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Increment:
    """``before`` and ``after`` are the rows that differ, as content; ``conflicting`` of the touched wordings' rows
    stand with several codes now. ``census`` is the parent's, brought up to date but for the rows of ``after``."""

    before: pa.Table
    after: pa.Table
    conflicting: pa.Table
    aside: Aside
    apart: Apart
    census: Census

    @property
    def is_empty(self) -> bool:
        return not (self.before.num_rows or self.after.num_rows)


def increment(
    work: UnitOfWork, store: TrainingSetStore, *, parent: TrainingSetVersion, recipe: Recipe
) -> Increment | None:
    """None where the whole must be built: by another policy, past a boundary of time, gold retired or a text that was
    kept out erased (only the words of all labels would tell what comes back), too much touched, or a parent whose rows
    are not what its recipe says."""
    former, census = Recipe.of(parent.recipe), Census.of(parent.report)
    if census is None or former.built_at is None or not recipe.differs_by_ledger_only(former):
        return None
    then, now = (_keys_apart(work, one) for one in (former, recipe))
    erased = work.labels.erased(recipe.nomenclature, since=former.built_at - _OVERLAP)
    if then - now or then & erased:
        return None
    normaliser = Normaliser.from_json(recipe.normaliser)
    apart = Apart.of(work.texts.get(sorted(now)).values(), normaliser)
    labelled = work.labels.touched(recipe.nomenclature, after=former.last_label, up_to=recipe.last_label)
    keys = sorted({*labelled, *erased, *_newly_apart(work, store, parent.tag, apart.only(now - then))})
    if len(keys) > min(LARGEST, max(_FEW, parent.rows // _LARGEST_PART)):
        return None
    touched = _Touched.read(work, store, parent.tag, keys)
    before, left = touched.rows(work, former, apart.only(then))
    after, aside = touched.rows(work, recipe, apart)
    held = set(touched.stored["text_key"].to_pylist())
    # Of an erased text that was no row, nobody can tell any more what kept it out.
    if left.erased_out or not held.issuperset(left.erased) or not _agree(touched.stored, before, left.erased):
        return None
    census.kept_out += aside.kept_out - left.kept_out
    census.edited += len(aside.excluded) - len(left.excluded)
    conflicts = [_conflicting(pa.concat_tables([rows, touched.siblings])) for rows in (touched.stored, after)]
    census.conflicting += conflicts[1].num_rows - conflicts[0].num_rows
    before, after = _differing(touched.stored, after)
    census.count(before, -1)
    return Increment(before, after, conflicts[1], aside, apart, census)


@dataclass(frozen=True, slots=True)
class _Touched:
    """``stored`` are the parent's rows of the texts, ``siblings`` its rows of other texts with a wording of theirs."""

    keys: Sequence[str]
    stored: pa.Table
    siblings: pa.Table

    @classmethod
    def read(cls, work: UnitOfWork, store: TrainingSetStore, tag: str, keys: Sequence[str]) -> _Touched:
        groups = work.labels.groups_of(keys)
        found = schema.typed(store.rows_of(tag, {*keys, *work.labels.in_groups(sorted(groups))}))
        ours = pc.is_in(found["text_key"], pa.array(keys, pa.string()))
        return cls(keys, found.filter(ours), found.filter(pc.invert(ours)))

    def rows(self, work: UnitOfWork, recipe: Recipe, apart: Apart) -> tuple[pa.Table, Aside]:
        """What the recipe makes of the texts; no text of the parent is cleaned again."""
        words = dict(zip(self.stored["text_key"].to_pylist(), self.stored["words_key"].to_pylist(), strict=True))
        assembly = Assembly(recipe, apart, known=words.get)
        labels = work.labels.said(recipe.nomenclature, up_to=recipe.last_label, keys=self.keys)
        chosen = Resolver(recipe, apart.normaliser).chosen(labels)
        return schema.typed(pa.Table.from_batches(assembly.batches(chosen), schema.CONTENT)), assembly.aside


def _keys_apart(work: UnitOfWork, recipe: Recipe) -> set[str]:
    return keeping.keys_apart(
        work, recipe.nomenclature, up_to=recipe.last_evaluation_member, gold_up_to=recipe.last_gold
    )


def _newly_apart(work: UnitOfWork, store: TrainingSetStore, tag: str, new: Apart) -> set[str]:
    """The keys of texts that must leave: those that are new there, and the copies of these."""
    if not new.keys:
        return set()
    alike = store.keys_where(tag, "words_key", new.words) if new.words else []
    return {*new.keys, *work.labels.in_groups(sorted(new.groups)), *alike}


def _agree(stored: pa.Table, built: pa.Table, erased: Collection[str]) -> bool:
    """Whether the parent holds what its recipe says; of an erased text nobody can tell any more."""
    kept = stored.filter(pc.invert(pc.is_in(stored["text_key"], pa.array(sorted(erased), pa.string()))))
    return not any(rows.num_rows for rows in _differing(kept, built))


def _differing(before: pa.Table, after: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The rows of both that the other does not have like this."""
    former = before.take(pc.index_in(after["text_key"], before["text_key"].combine_chunks()))
    differs = pa.chunked_array([pa.repeat(False, after.num_rows)])
    for name in schema.CONTENT.names:
        equal = pc.fill_null(pc.equal(after[name], former[name]), False)
        neither = pc.and_(pc.is_null(after[name]), pc.is_null(former[name]))
        differs = pc.or_(differs, pc.invert(pc.or_(equal, neither)))
    same = after.filter(pc.invert(differs))["text_key"].combine_chunks()
    return before.filter(pc.invert(pc.is_in(before["text_key"], same))), after.filter(differs)


def _conflicting(rows: pa.Table) -> pa.Table:
    """The rows whose wording stands with several codes."""
    codes: dict[str, set[str]] = defaultdict(set)
    for group, code in zip(rows["group_key"].to_pylist(), rows["code"].to_pylist(), strict=True):
        codes[group].add(code)
    several = sorted(group for group, said in codes.items() if len(said) > 1)
    return rows.filter(pc.is_in(rows["group_key"], pa.array(several, pa.string())))
