"""Which new codes an old code may become, between two nomenclature versions; itself versioned by its key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from annotation.errors import InvalidInputError
from annotation.nomenclature.nomenclature import Nomenclature


@dataclass(frozen=True, slots=True)
class Correspondence:
    """``source`` and ``target`` are keys of nomenclatures; ``pairs`` are (old, new) in published order."""

    key: str
    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    _candidates: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        """Errors: InvalidInputError for a pair that stands twice."""
        if twice := [pair for pair, times in Counter(self.pairs).items() if times > 1]:
            old, new = twice[0]
            raise InvalidInputError(f"{self.key}: {old} -> {new} stands twice.", cure="Remove one of the two rows.")
        grouped: dict[str, list[str]] = {}
        for old, new in self.pairs:
            grouped.setdefault(old, []).append(new)
        object.__setattr__(self, "_candidates", {old: tuple(new) for old, new in grouped.items()})

    def candidates(self, old: str) -> tuple[str, ...]:
        """In published order; empty for a code that the table does not have."""
        return self._candidates.get(old, ())

    @property
    def univocal(self) -> frozenset[str]:
        """Old codes with one candidate."""
        return frozenset(old for old, new in self._candidates.items() if len(new) == 1)

    @property
    def multivocal(self) -> frozenset[str]:
        """Old codes with several candidates."""
        return frozenset(old for old, new in self._candidates.items() if len(new) > 1)

    def unmapped(self, old_nomenclature: Nomenclature) -> tuple[str, ...]:
        """Leaves of the old nomenclature without a candidate, in its order."""
        return tuple(leaf.code for leaf in old_nomenclature.leaves if leaf.code not in self._candidates)

    def without_antecedent(self, new_nomenclature: Nomenclature) -> tuple[str, ...]:
        """Leaves of the new nomenclature that no old code becomes, in its order."""
        reached = {new for _, new in self.pairs}
        return tuple(leaf.code for leaf in new_nomenclature.leaves if leaf.code not in reached)


@dataclass(frozen=True, slots=True)
class CorrespondenceDiff:
    """``changed`` are the old codes whose set of candidates is not the same: what has to be decided again."""

    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    changed: frozenset[str]
    became_univocal: frozenset[str]
    became_multivocal: frozenset[str]


def between(*, key: str, old: Nomenclature, new: Nomenclature, pairs: Iterable[tuple[str, str]]) -> Correspondence:
    """A table whose codes are leaves of both nomenclatures, in any accepted spelling. Errors: UnknownCodeError."""
    parsed = tuple((old.parse(before, leaf=True), new.parse(after, leaf=True)) for before, after in pairs)
    return Correspondence(key=key, source=old.key, target=new.key, pairs=parsed)


def diff(old: Correspondence, new: Correspondence) -> CorrespondenceDiff:
    """What changed between two versions of one table."""
    before, after = frozenset(old.pairs), frozenset(new.pairs)
    return CorrespondenceDiff(
        added=tuple(pair for pair in new.pairs if pair not in before),
        removed=tuple(pair for pair in old.pairs if pair not in after),
        changed=frozenset(code for code, _ in before ^ after),
        became_univocal=new.univocal - old.univocal,
        became_multivocal=new.multivocal - old.multivocal,
    )
