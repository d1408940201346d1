"""What a new version of a nomenclature asks of the labels in force."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from annotation.domain.label import Label
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.correspondence import Correspondence


@dataclass(frozen=True, slots=True)
class RelabelPlan:
    """Labels of the old nomenclature by what becomes of them.

    ``table`` pairs a label with the only code that the correspondence gives; ``pending`` labels have several, and no
    label in the new nomenclature yet; ``decided`` ones have one from a person or an earlier run; ``unmapped`` old codes
    have none in the table.
    """

    correspondence: Correspondence
    table: tuple[tuple[Label, str], ...]
    pending: tuple[Label, ...]
    decided: int
    unmapped: tuple[str, ...]

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
        labels = [r.label for r in work.labels.current(table.source) if r.label.code is not None]
        decided = {r.label.text_key for r in work.labels.current(table.target) if r.label.code is not None}
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
    return RelabelPlan(table, tuple(univocal), tuple(pending), settled, tuple(sorted(unmapped)))
