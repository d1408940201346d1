"""Finding codes as a person types: by code, by the words of the title, by the words of the notes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from annotation.nomenclature.code import compact

WORD = re.compile(r"[^\W_]+")
BLANK = " "
PARTIAL = 5
"""The tier of codes that do not have all words of the query."""
FRENCH = ("a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "ou", "par", "pour", "sur")
ENGLISH = ("and", "for", "in", "of", "on", "or", "the", "to", "with")
FUNCTION_WORDS = frozenset(FRENCH + ENGLISH)
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "‘": "'"})


def fold(text: str) -> str:
    """``text`` in lower case, without accents and ligatures, with single blanks."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(LIGATURES))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


@dataclass(frozen=True, slots=True)
class Entry:
    """One code made ready for searching; every field but ``code`` is folded, and each word has a blank before it."""

    code: str
    compact: str
    title: str
    title_words: str
    note_words: str


def entry(code: str, *, title: str, notes: Iterable[str]) -> Entry:
    folded = fold(title)
    return Entry(
        code=code,
        compact=fold(compact(code)),
        title=folded,
        title_words=_spaced(WORD.findall(folded)),
        note_words=_spaced(word for note in notes for word in WORD.findall(fold(note))),
    )


def _spaced(words: Iterable[str]) -> str:
    return "".join(BLANK + word for word in words)


def rank(entries: Iterable[Entry], query: str) -> list[str]:
    """Codes that answer ``query``, best first; ``entries`` are in published order, which settles ties.

    Exact code, then exact title, beginning of a code, all words in the title (short titles first), all words in title
    and notes. A word of the query answers by its beginning. When no code has all words, those with most come.
    """
    folded = fold(query)
    if not folded:
        return []
    spoken = WORD.findall(folded)
    words = [word for word in spoken if word not in FUNCTION_WORDS] or spoken
    scored = [(*_score(one, folded, words), number, one.code) for number, one in enumerate(entries)]
    hits = sorted(hit for hit in scored if hit[1])
    complete = [hit for hit in hits if hit[0] < PARTIAL]
    return [hit[-1] for hit in (complete or hits)]


def _score(one: Entry, folded: str, words: list[str]) -> tuple[int, int, int]:
    """Tier (0 is best), minus the number of words found (0: not a hit), length of the title."""
    length = one.title_words.count(BLANK)
    code = compact(folded)
    if code and one.compact == code:
        return 0, -1, 0
    if one.title == folded:
        return 1, -1, 0
    if code and one.compact.startswith(code):
        return 2, -1, len(one.compact)
    if not words:
        return PARTIAL, 0, length
    in_title = [BLANK + wanted in one.title_words for wanted in words]
    if all(in_title):
        return 3, -len(words), length
    found = sum(hit or BLANK + wanted in one.note_words for hit, wanted in zip(in_title, words, strict=True))
    return (4 if found == len(words) else PARTIAL), -found, length
