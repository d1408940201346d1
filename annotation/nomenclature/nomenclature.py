"""A label space as published: codes on levels, with titles and notes.

What holds of every ``Nomenclature``: a code stands once, its parent is there and on a higher level (so there is no
circle), and the order is the published one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import final

from annotation.errors import InvalidInputError
from annotation.nomenclature import search
from annotation.nomenclature.code import Spellings, UnknownCodeError
from annotation.nomenclature.search import Entry


@dataclass(frozen=True, slots=True)
class Code:
    """``level`` counts from 1 at the top. A ``leaf`` is a code that a text may be given, whether or not others stand
    below it. ``position`` is the place in published order, set by the nomenclature.
    """

    code: str
    level: int
    parent: str | None
    title: str
    includes: str = ""
    also_includes: str = ""
    excludes: str = ""
    leaf: bool = True
    position: int = 0


@dataclass(frozen=True, slots=True)
class NomenclatureDiff:
    """Codes by what happened to them; removed ones in the old order, all others in the new one."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    retitled: tuple[str, ...]
    moved: tuple[str, ...]


@final
class Nomenclature:
    """Immutable; two are equal when key, title and codes are."""

    def __init__(self, *, key: str, title: str, codes: Iterable[Code]) -> None:
        """Errors: InvalidInputError for a code that stands twice, lacks its parent or is not below it."""
        self._key = key
        self._title = title
        self._codes: dict[str, Code] = {}
        for position, code in enumerate(codes):
            if code.code in self._codes:
                raise InvalidInputError(f"{key}: {code.code} stands twice.", cure="Remove one of the two rows.")
            self._codes[code.code] = replace(code, position=position)
        if not self._codes:
            raise InvalidInputError(f"{key} has no code.", cure="Check that this is the file you meant.")
        for code in self._codes.values():
            self._check_parent(code)

    def _check_parent(self, code: Code) -> None:
        if code.level < 1:
            raise InvalidInputError(f"{self._key}: {code.code} is on level {code.level}.", cure="Levels count from 1.")
        if code.parent is None:
            return
        parent = self._codes.get(code.parent)
        if parent is None:
            raise InvalidInputError(
                f"{self._key}: the parent {code.parent} of {code.code} is missing.", cure="Add a row for the parent."
            )
        if parent.level >= code.level:
            raise InvalidInputError(
                f"{self._key}: {code.code} (level {code.level}) is not below its parent {parent.code} "
                f"(level {parent.level}).",
                cure="Give the parent a smaller level.",
            )

    @property
    def key(self) -> str:
        return self._key

    @property
    def title(self) -> str:
        return self._title

    @property
    def codes(self) -> Mapping[str, Code]:
        """In published order."""
        return MappingProxyType(self._codes)

    @cached_property
    def leaves(self) -> tuple[Code, ...]:
        return tuple(code for code in self._codes.values() if code.leaf)

    @cached_property
    def levels(self) -> int:
        return max(code.level for code in self._codes.values())

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def __getitem__(self, code: str) -> Code:
        """The code in its published spelling. Errors: KeyError; spellings from outside go through ``parse``."""
        return self._codes[code]

    def __iter__(self) -> Iterator[Code]:
        return iter(self._codes.values())

    def __len__(self) -> int:
        return len(self._codes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Nomenclature):
            return NotImplemented
        return (self._key, self._title, list(self)) == (other._key, other._title, list(other))

    def __hash__(self) -> int:
        return hash((self._key, len(self._codes)))

    def __repr__(self) -> str:
        return f"Nomenclature({self._key!r}, {len(self)} codes, {len(self.leaves)} leaves)"

    def parse(self, raw: str, *, leaf: bool = False) -> str:
        """The published spelling of ``raw``, dotted or not, blanks around it or not.

        With ``leaf``, only a code that a text may be given. Errors: UnknownCodeError, also for another case than the
        published one.
        """
        code = self._spellings.parse(raw)
        if leaf and not self._codes[code].leaf:
            below = tuple(one.code for one in self.leaves_below(code))
            raise UnknownCodeError(raw, nomenclature=self._key, reason="is not a leaf of", nearest=below[:3])
        return code

    def ancestors(self, code: str) -> tuple[Code, ...]:
        """From the parent up to the top."""
        found: list[Code] = []
        parent = self._codes[code].parent
        while parent is not None:
            found.append(self._codes[parent])
            parent = self._codes[parent].parent
        return tuple(found)

    def at_level(self, code: str, level: int) -> str:
        """The code itself or its ancestor, whichever is the first that is not below ``level``.

        A code that is shallower than ``level`` gives itself.
        """
        one = self._codes[code]
        while one.level > level and one.parent is not None:
            one = self._codes[one.parent]
        return one.code

    def same_at(self, one: str, other: str, level: int) -> bool:
        """Whether both fall under the same code of the level; a code of another nomenclature equals none."""
        return one in self and other in self and self.at_level(one, level) == self.at_level(other, level)

    def children(self, code: str | None) -> tuple[Code, ...]:
        """In published order; of ``None``, the codes without a parent."""
        return self._children.get(code, ())

    def search(self, query: str, limit: int = 20) -> tuple[Code, ...]:
        """Best first; see ``search.rank``."""
        return tuple(self._codes[code] for code in search.rank(self._entries, query)[:limit])

    def leaves_below(self, code: str | None) -> Iterator[Code]:
        """In published order; of ``None``, all of them."""
        for child in self.children(code):
            if child.leaf:
                yield child
            yield from self.leaves_below(child.code)

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self._codes, nomenclature=self._key)

    @cached_property
    def _children(self) -> dict[str | None, tuple[Code, ...]]:
        found: dict[str | None, list[Code]] = {}
        for code in self._codes.values():
            found.setdefault(code.parent, []).append(code)
        return {parent: tuple(children) for parent, children in found.items()}

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        return tuple(
            search.entry(code.code, title=code.title, notes=(code.includes, code.also_includes)) for code in self
        )


def diff(old: Nomenclature, new: Nomenclature) -> NomenclatureDiff:
    """What changed between two versions.

    *Retitled* is a code whose title changed by more than case, accents, blanks and kind of apostrophe; *moved* is one
    under another parent or on another level.
    """
    kept = [(old[code.code], code) for code in new if code.code in old]
    return NomenclatureDiff(
        added=tuple(code.code for code in new if code.code not in old),
        removed=tuple(code.code for code in old if code.code not in new),
        retitled=tuple(after.code for before, after in kept if search.fold(before.title) != search.fold(after.title)),
        moved=tuple(a.code for b, a in kept if (b.parent, b.level) != (a.parent, a.level)),
    )
