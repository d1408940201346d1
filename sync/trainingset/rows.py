"""The rows of a recipe, built from the ledger in batches: nothing grows with their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice

import pyarrow as pa

from sync.trainingset import apart as keeping
from sync.trainingset import schema, splits
from sync.trainingset.apart import Apart
from sync.trainingset.recipe import Recipe
from sync.trainingset.resolution import Chosen, variables_of

# Rows of a batch: large enough for the columns to be cheap, small enough to hold several.
BATCH = 20_000

Known = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Excluded:
    """A text that a rule took out, and its label."""

    text_key: str
    label_id: int
    rule: str
    code: str


@dataclass(slots=True)
class Aside:
    """What was left out on the way; it is complete when the last batch was taken.

    ``kept_out`` texts are apart. ``erased`` ones lost their wording after the recipe's moment, before which they were
    rows, unless their words kept them out; so did ``erased_out`` ones, which a rule had taken out.
    """

    kept_out: int = 0
    excluded: list[Excluded] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    erased_out: list[str] = field(default_factory=list)


class Assembly:
    """Puts the rows together. ``known`` gives the words key of a text, where somebody has cleaned it before."""

    def __init__(self, recipe: Recipe, apart: Apart, *, known: Known = lambda _key: None) -> None:
        self._recipe = recipe
        self._apart = apart
        self._known = known
        self._split = lru_cache(maxsize=BATCH)(self._split_of)
        self.aside = Aside()

    def batches(self, chosen: Iterable[Chosen]) -> Iterator[pa.RecordBatch]:
        """``schema.CONTENT``, in the order of what was chosen."""
        pending = iter(chosen)
        while page := list(islice(pending, BATCH)):
            kept = [(one, words) for one in page if (words := self._kept(one)) is not None]
            if kept:
                yield self._batch([one for one, _ in kept], [words for _, words in kept])

    def _kept(self, one: Chosen) -> int | None:
        """The text's words key; None where the text stays out."""
        said = one.said
        if said.erased_at is not None:
            self._note_erased(one, said.erased_at)
            return None
        words = self._words(one)
        if self._is_apart(said.group_key, words):
            self.aside.kept_out += 1
            return None
        if one.code is None:
            rule = one.rule.id if one.rule else ""
            self.aside.excluded.append(Excluded(said.text_key, said.label_id, rule, str(said.code)))
            return None
        return words

    def _note_erased(self, one: Chosen, erased_at: datetime) -> None:
        """A text that was erased before the recipe's moment was no matter for it."""
        if not is_erased_since(erased_at, self._recipe):
            return
        if one.said.group_key in self._apart.groups:
            self.aside.kept_out += 1
        else:
            (self.aside.erased if one.code else self.aside.erased_out).append(one.said.text_key)

    def _is_apart(self, group_key: str, words: int) -> bool:
        return group_key in self._apart.groups or words in self._apart.words

    def _words(self, one: Chosen) -> int:
        if one.cleaned is not None:
            return schema.words_key(one.cleaned)
        known = self._known(one.said.text_key)
        return keeping.words_of(one.said.text, self._apart.normaliser) if known is None else known

    def _batch(self, kept: Sequence[Chosen], words: Sequence[int]) -> pa.RecordBatch:
        said = [one.said for one in kept]
        by_rule = [one.rule is not None for one in kept]
        columns = {
            "text_key": [one.text_key for one in said],
            "group_key": [one.group_key for one in said],
            "words_key": words,
            "text": [one.text for one in said],
            "variables": [_canonical(one.variables) for one in said],
            "code": [one.code for one in kept],
            "nomenclature": [self._recipe.nomenclature] * len(kept),
            "source": [one.source for one in kept],
            "weight": [one.weight for one in kept],
            # The coder did not say what the rule says.
            "coder": [None if ruled else one.coder for one, ruled in zip(said, by_rule, strict=True)],
            "judgement_id": [None if ruled else one.judgement_id for one, ruled in zip(said, by_rule, strict=True)],
            "label_id": [one.label_id for one in said],
            "rule": [one.rule.id if one.rule else None for one in kept],
            "split": [self._split(one.group_key) for one in said],
        }
        arrays = [pa.array(columns[column.name], column.type) for column in schema.CONTENT]
        return pa.RecordBatch.from_arrays(arrays, schema=schema.CONTENT)

    def _split_of(self, group_key: str) -> str:
        recipe = self._recipe
        return splits.split_of(group_key, seed=recipe.seed, validation_share=recipe.validation_share)


def is_erased_since(erased_at: datetime, recipe: Recipe) -> bool:
    """Whether the text still had its wording when the version was built."""
    return recipe.built_at is None or erased_at > recipe.built_at


@lru_cache(65536)
def _canonical(document: str) -> str:
    return schema.variables_json(variables_of(document))
