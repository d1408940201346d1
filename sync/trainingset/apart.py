"""What must not be trained on: the wordings of the evaluation set and of gold, as declared and as cleaned.

A model that had learnt the gold would put its code first on the screen of the coders whom gold is to check.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from annotation.domain import text as texts
from annotation.domain.declaration import Text
from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import UnitOfWork
from sync.trainingset import schema

# Of texts without a word to read, none is a copy of another.
_NO_WORDS = schema.words_key("")


@dataclass(frozen=True)
class Apart:
    """Near copies share a group key; texts that the model would read alike share their words (``schema.words_key``).

    ``copies`` has both of each text, by its key.
    """

    copies: Mapping[str, tuple[str, int]]
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
        keys = keys_apart(work, nomenclature, up_to=up_to, gold_up_to=gold_up_to)
        return cls.of(work.texts.get(sorted(keys)).values(), normaliser)

    @classmethod
    def of(cls, kept: Iterable[Text], normaliser: Normaliser) -> Apart:
        return cls({text.key: (text.group_key, words_of(text.text, normaliser)) for text in kept}, normaliser)

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(self.copies)

    @cached_property
    def groups(self) -> frozenset[str]:
        return frozenset(group for group, _ in self.copies.values())

    @cached_property
    def words(self) -> frozenset[int]:
        return frozenset(words for _, words in self.copies.values()) - {_NO_WORDS}

    def only(self, keys: Collection[str]) -> Apart:
        """What these texts alone keep apart."""
        return Apart({key: copy for key, copy in self.copies.items() if key in keys}, self.normaliser)

    def holds(self, text: str) -> bool:
        """Whether the wording is among them."""
        return texts.group_key(text) in self.groups or words_of(text, self.normaliser) in self.words


def keys_apart(work: UnitOfWork, nomenclature: str, *, up_to: int | None, gold_up_to: int | None) -> set[str]:
    """The text keys of the evaluation set and of the gold in force up to these row ids."""
    members = {member.text_key for member in work.evaluation.members(nomenclature, up_to=up_to)}
    return members | set(work.gold.current(nomenclature, up_to=gold_up_to))


def words_of(text: str, normaliser: Normaliser) -> int:
    return schema.words_key(normaliser.clean(text))
