"""Looks at the rows of a version while they pass, and says what is to be said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from annotation.domain.label import Source
from annotation.nomenclature.nomenclature import Nomenclature
from sync.trainingset import checks as checking
from sync.trainingset import distribution
from sync.trainingset.apart import Apart
from sync.trainingset.census import EMPTY, Census
from sync.trainingset.checks import EXAMPLES, Checks, Example, Finding, Level
from sync.trainingset.recipe import Recipe
from sync.trainingset.rules import Rule


class Inspection:
    """``census`` and examples grow with each batch that passes."""

    def __init__(self, *, checks: Checks, nomenclature: Nomenclature, apart: Apart, census: Census) -> None:
        self.census = census
        self._checks = checks
        self._nomenclature = nomenclature
        self._leaves = frozenset(leaf.code for leaf in nomenclature.leaves)
        self._sets = {
            "code": pa.array(sorted(self._leaves), pa.string()),
            "text_key": pa.array(sorted(apart.keys), pa.string()),
            "group_key": pa.array(sorted(apart.groups), pa.string()),
            "words_key": pa.array(sorted(apart.words), pa.int64()),
        }
        self._leaked = 0
        self._examples: dict[str, list[Example]] = {}

    def watch(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches."""
        for batch in batches:
            self.census.count(batch)
            self._look(batch)
            yield batch

    def note_conflicts(self, number: int, examples: Sequence[Example]) -> None:
        self.census.conflicting += number
        self._examples["conflicts"] = list(examples)

    def findings(self, *, parent: Census | None, recipe: Recipe) -> tuple[Finding, ...]:
        """Those that the settings want to hear of, the worst first."""
        found = [
            *self._unknown_codes(),
            *self._leakage(),
            *self._conflicts(),
            *self._empty_texts(),
            *self._source_shares(),
            *_expired(recipe.policy.rules, recipe.day, self._checks.expired_rules),
        ]
        if parent is not None:
            moved = distribution.moves(self.census.codes, parent.codes, checks=self._checks)
            found += [Finding("distribution", self._checks.distribution, told, count) for told, count in moved]
        return tuple(sorted((one for one in found if one.level is not Level.OFF), key=lambda one: one.level.value))

    def _look(self, batch: pa.RecordBatch) -> None:
        """Proves on the finished rows what the selection meant to do."""
        known = pc.is_in(batch["code"], self._sets["code"])
        self._note("unknown_codes", batch, pc.invert(known))
        leaks = [pc.is_in(batch[name], self._sets[name]) for name in ("text_key", "group_key", "words_key")]
        leaked = pc.or_(pc.or_(leaks[0], leaks[1]), leaks[2])
        self._leaked += int(pc.sum(leaked).as_py() or 0)
        self._note("leakage", batch, leaked)
        self._note("empty_texts", batch, pc.equal(batch["words_key"], EMPTY))
        for source in self._checks.largest_shares:
            self._note(f"source {source}", batch, pc.equal(batch["source"], source))

    def _note(self, check: str, batch: pa.RecordBatch, mask: pa.Array) -> None:
        kept = self._examples.setdefault(check, [])
        if len(kept) < EXAMPLES and pc.any(mask, min_count=0).as_py():
            kept += examples(batch.filter(mask).slice(0, EXAMPLES - len(kept)))

    def _unknown_codes(self) -> Iterator[Finding]:
        unknown = {code: number for code, number in self.census.codes.items() if code not in self._leaves}
        if unknown:
            number = sum(unknown.values())
            told = f"{number} labels have a code that is no leaf of {self._nomenclature.key}:"
            yield self._finding("unknown_codes", self._checks.unknown_codes, told, number)

    def _leakage(self) -> Iterator[Finding]:
        if self._leaked:
            told = f"{self._leaked} texts of the evaluation set or of gold would be trained on:"
            yield self._finding("leakage", self._checks.leakage, told, self._leaked)

    def _conflicts(self) -> Iterator[Finding]:
        number, share = self.census.conflicting, _share(self.census.conflicting, self.census.rows)
        if share > self._checks.conflicts_share:
            limit = f"more than {self._checks.conflicts_share:.0%}"
            told = f"{number} rows ({share:.1%}, {limit}) have a wording that stands with several codes:"
            yield self._finding("conflicts", self._checks.conflicts, told, number)

    def _empty_texts(self) -> Iterator[Finding]:
        if self.census.empty:
            told = f"{self.census.empty} texts have no word left after cleaning:"
            yield self._finding("empty_texts", self._checks.empty_texts, told, self.census.empty)

    def _source_shares(self) -> Iterator[Finding]:
        for source, limit in self._checks.largest_shares.items():
            number = self.census.sources[Source(source)]
            share = _share(number, self.census.rows)
            if share > limit:
                told = f"{number} labels ({share:.1%}, more than {limit:.0%}) are of source {source}:"
                rows = tuple(self._examples.get(f"source {source}", ()))
                yield Finding("source_shares", self._checks.source_shares, told, number, rows)

    def _finding(self, check: str, level: Level, told: str, number: int) -> Finding:
        return Finding(check, level, told, number, tuple(self._examples.get(check, ())))


def examples(rows: pa.RecordBatch | pa.Table) -> list[Example]:
    columns = ("text_key", "text", "code", "label_id")
    return [
        Example(key, checking.shortened(text), code, label_id)
        for key, text, code, label_id in zip(*(rows[name].to_pylist() for name in columns), strict=True)
    ]


def _expired(rules: Sequence[Rule], day: date | None, level: Level) -> Iterator[Finding]:
    expired = [rule for rule in rules if day is not None and rule.is_expired(day)]
    if expired:
        named = "; ".join(f"{rule.id} ({rule.expires_on})" for rule in expired)
        yield Finding(
            "expired_rules", level, f"{len(expired)} rules are expired and edit nothing: {named}.", len(expired)
        )


def _share(number: int, of: int) -> float:
    return number / of if of else 0.0
