"""What must not be trained on: the wordings of the evaluation set, as declared and as cleaned for the model."""

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
    def read(cls, work: UnitOfWork, nomenclature: str, normaliser: Normaliser, *, up_to: int | None = None) -> Apart:
        """From the members of the evaluation set up to that row id."""
        members = work.evaluation.members(nomenclature, up_to=up_to)
        evaluated = work.texts.get([member.text_key for member in members]).values()
        words = frozenset(normaliser.clean(text.text) for text in evaluated) - {""}
        return cls(frozenset(text.group_key for text in evaluated), words, normaliser)

    def holds(self, text: str) -> bool:
        return texts.group_key(text) in self.groups or self.normaliser.clean(text) in self.words
