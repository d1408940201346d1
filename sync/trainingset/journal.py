"""What rules edit in a version that its parent did not have: each with the code before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from annotation.ledger.repositories.edits import LabelEdit
from annotation.ledger.unit_of_work import UnitOfWork
from sync.trainingset import schema
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.rows import Excluded
from sync.trainingset.version import Version

if TYPE_CHECKING:
    from sync.trainingset.store import TrainingSetStore

_PAGE = 5000
_COLUMNS = ["text_key", "label_id", "rule", "code"]


@dataclass(frozen=True, slots=True)
class Journal:
    """Reads the edits of a version off what it changed, and of the texts that rules took out."""

    store: TrainingSetStore
    name: str
    version: Version
    policy: BuildPolicy

    def edits(self, work: UnitOfWork, excluded: Sequence[Excluded]) -> Iterator[LabelEdit]:
        """Those that are new against the parent, in no order."""
        if not self.policy.rules:
            return
        yield from self._recoded(work)
        yield from self._taken_out(work, excluded)

    def _recoded(self, work: UnitOfWork) -> Iterator[LabelEdit]:
        for rows in self._newly_ruled():
            codes = work.edits.codes_of(rows["label_id"].to_pylist())
            for row in rows.to_pylist():
                yield self._edit(row["text_key"], row["label_id"], row["rule"], codes[row["label_id"]], row["code"])

    def _newly_ruled(self) -> Iterator[pa.Table]:
        if self.version.parent is None:
            for batch in self.store.batches(self.version.tag, columns=_COLUMNS):
                rows = pa.Table.from_batches([batch])
                yield rows.filter(pc.is_valid(rows["rule"]))
            return
        for batch in self.store.changes(self.version.parent, self.version.tag):
            rows = pa.Table.from_batches([batch])
            there = pc.and_(pc.not_equal(rows["kind"], schema.REMOVED), pc.is_valid(rows["rule"]))
            before = [pc.fill_null(pc.equal(rows[name], rows[f"{name}_before"]), False) for name in _COLUMNS[1:]]
            same = pc.and_(pc.and_(before[0], before[1]), before[2])
            yield rows.filter(pc.and_(there, pc.invert(same))).select(_COLUMNS)

    def _taken_out(self, work: UnitOfWork, excluded: Sequence[Excluded]) -> Iterator[LabelEdit]:
        left = self._removed() if excluded else set()
        pending = iter(excluded)
        while page := list(islice(pending, _PAGE)):
            latest = work.edits.latest(self.name, [one.text_key for one in page])
            for one in page:
                edit = self._edit(one.text_key, one.label_id, one.rule, one.code, None)
                if one.text_key in left or _unlike(latest.get(one.text_key), edit):
                    yield edit

    def _removed(self) -> set[str]:
        if self.version.parent is None:
            return set()
        gone: set[str] = set()
        for batch in self.store.changes(self.version.parent, self.version.tag):
            gone.update(batch.filter(pc.equal(batch["kind"], schema.REMOVED))["text_key"].to_pylist())
        return gone

    def _edit(self, text_key: str, label_id: int, rule: str, before: str, after: str | None) -> LabelEdit:
        expires = {one.id: one.expires_on for one in self.policy.rules}[rule]
        day = expires.isoformat() if expires else None
        return LabelEdit(self.name, self.version.tag, text_key, label_id, rule, before, after, day)


def _unlike(known: LabelEdit | None, edit: LabelEdit) -> bool:
    """Whether the journal's last word about the text is another."""
    if known is None:
        return True
    return (known.label_id, known.rule, known.code_after) != (edit.label_id, edit.rule, edit.code_after)
