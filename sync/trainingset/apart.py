"""What must not be trained on: the wordings of the evaluation set and of gold, as declared and as cleaned.

A model that had learnt the gold would put its code first on the screen of the coders whom gold is to check.
"""

from __future__ import annotations

from dataclasses import dataclass

from annotation.domain import text as texts
from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Apart:
    """Near copies share a group key; texts that the model would read alike share their cleaned words."""

    groups: frozenset[str]
    words: frozenset[str]
    normaliser: Normaliser

    @classmethod
    def read(
        cls,
        work: UnitOfWork,
        nomenclature: str,
        normaliser: Normaliser,
        *,
        up_to: int | None = None,
        gold_up_to: int | None = None,
    ) -> Apart:
        """From the members of the evaluation set and the gold up to these row ids."""
        members = [member.text_key for member in work.evaluation.members(nomenclature, up_to=up_to)]
        gold = work.gold.current(nomenclature, up_to=gold_up_to)
        kept = work.texts.get(sorted({*members, *gold})).values()
        words = frozenset(normaliser.clean(text.text) for text in kept) - {""}
        return cls(frozenset(text.group_key for text in kept), words, normaliser)

    def holds(self, text: str) -> bool:
        return texts.group_key(text) in self.groups or self.normaliser.clean(text) in self.words
