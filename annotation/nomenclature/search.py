"""Finding codes as a person types: by code, by the words of the title, by the words of the notes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotation.nomenclature.code import compact

WORD = re.compile(r"[^\W_]+")
BLANK = " "
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


def rank(entries: Sequence[Entry], query: str) -> list[str]:
    """Codes that answer ``query``, best first; ``entries`` are in published order, which settles ties.

    Exact code, then exact title, beginning of a code, all words in the title (short titles first), all words in title
    and notes. A word of the query answers by its beginning. When no code has all words, those with most come.
    """
    folded = fold(query)
    if not folded:
        return []
    spoken = WORD.findall(folded)
    words = [word for word in spoken if word not in FUNCTION_WORDS] or spoken
    code = compact(folded)
    found = [
        (*score, number, one.code) for number, one in enumerate(entries) if (score := _whole(one, folded, code, words))
    ]
    if not found:
        found = [(*score, number, one.code) for number, one in enumerate(entries) if (score := _part(one, words))]
    return [hit[-1] for hit in sorted(found)]


def _whole(one: Entry, folded: str, code: str, words: Sequence[str]) -> tuple[int, int] | None:
    """Tier (0 is best) and what settles ties in it; None when ``one`` does not answer the whole query."""
    if one.compact == code:
        return 0, 0
    if one.title == folded:
        return 1, 0
    if code and one.compact.startswith(code):
        return 2, len(one.compact)
    if not words:
        return None
    if all(BLANK + word in one.title_words for word in words):
        return 3, one.title_words.count(BLANK)
    if all(BLANK + word in one.title_words or BLANK + word in one.note_words for word in words):
        return 4, one.title_words.count(BLANK)
    return None


def _part(one: Entry, words: Sequence[str]) -> tuple[int, int] | None:
    """Minus the number of words found, and the length of the title; None when no word is found."""
    found = sum(BLANK + word in one.title_words or BLANK + word in one.note_words for word in words)
    return (-found, one.title_words.count(BLANK)) if found else None
