"""What a new version of a nomenclature asks of the labels in force."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from annotation.domain.label import Label, Source
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.correspondence import Correspondence


@dataclass(frozen=True, slots=True)
class RelabelPlan:
    """Labels of the old nomenclature by what becomes of them.

    ``table`` pairs a label with the only code that the correspondence gives; ``pending`` labels have several, and no
    label in the new nomenclature yet; ``decided`` ones have one from a person, who may have found the text
    unclassifiable; ``unmapped`` old codes have none in the table. ``outdated`` labels were written by a table and the
    label in force of the old nomenclature gives them no longer.
    """

    correspondence: Correspondence
    table: tuple[tuple[Label, str], ...]
    pending: tuple[Label, ...]
    decided: int
    unmapped: tuple[str, ...]
    outdated: tuple[Label, ...]

    def as_dict(self) -> dict[str, Any]:
        codes = Counter(label.code for label in self.pending)
        return {
            "correspondence": self.correspondence.key,
            "univocal": len(self.table),
            "multivocal": len(self.pending) + self.decided,
            "pending": len(self.pending),
            "pending_codes": [
                {"code": code, "labels": number, "candidates": list(self.correspondence.candidates(code or ""))}
                for code, number in codes.most_common()
            ],
            "unmapped_codes": list(self.unmapped),
        }


def plan(*, ledger: Ledger, correspondence_key: str) -> RelabelPlan:
    """Sort the labels in force of the old nomenclature; nothing is written."""
    with ledger.read() as work:
        table = work.nomenclatures.correspondence(correspondence_key)
        old = [r.label for r in work.labels.current(table.source)]
        new = [r.label for r in work.labels.current(table.target)]
    labels = [label for label in old if label.code is not None]
    decided = {label.text_key for label in new if _is_decided(label)}
    univocal: list[tuple[Label, str]] = []
    pending: list[Label] = []
    unmapped: set[str] = set()
    settled = 0
    for label in labels:
        candidates = table.candidates(str(label.code))
        if len(candidates) == 1:
            univocal.append((label, candidates[0]))
        elif not candidates:
            unmapped.add(str(label.code))
        elif label.text_key in decided:
            settled += 1
        else:
            pending.append(label)
    given = {label.text_key for label, _ in univocal}
    known = {label.text_key for label in old} - given
    by_table = [label for label in new if label.source is Source.TABLE and label.code is not None]
    outdated = tuple(label for label in by_table if label.text_key in known)
    return RelabelPlan(table, tuple(univocal), tuple(pending), settled, tuple(sorted(unmapped)), outdated)


def _is_decided(label: Label) -> bool:
    return label.source is not Source.TABLE and (label.code is not None or label.judgement_id is not None)
