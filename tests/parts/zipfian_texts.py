"""Texts in the manner of declared activities: few words are frequent, most are rare, some the model has never seen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import numpy as np

from annotation.domain.text import fold

_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDINGS = ("s", "ment", "ation", "eur", "age", "ique")
_LETTERS = "aeiourstnlmdpcv"
_SYLLABLES = (
    "bou",
    "lan",
    "ge",
    "rie",
    "com",
    "mer",
    "ce",
    "ven",
    "te",
    "tra",
    "vaux",
    "ser",
    "vi",
    "con",
    "seil",
    "net",
)


def vocabulary(size: int, random: np.random.Generator, files: Iterable[Path] = ()) -> list[str]:
    """Distinct words, the most frequent of the files first; then variants of them, until there are enough."""
    counted: Counter[str] = Counter()
    for file in files:
        counted.update(_WORD.findall(fold(file.read_text(encoding="utf-8"))))
    words = [word for word, _ in counted.most_common(size)] or _invented(random)
    found = dict.fromkeys(words)
    while len(found) < size:
        found[_variant(words[int(random.integers(len(words)))], random)] = None
    return list(found)


def texts(words: list[str], number: int, random: np.random.Generator, *, unknown: float = 0.01) -> list[str]:
    """Distinct texts of 1 to 40 words, 6 on average; the share ``unknown`` of the words is in no vocabulary."""
    shares = 1 / np.arange(1, len(words) + 1)
    shares /= shares.sum()
    found: dict[str, None] = {}
    while len(found) < number:
        lengths = np.clip(random.lognormal(1.6, 0.55, number).round().astype(int), 1, 40)
        drawn = iter(random.choice(len(words), size=int(lengths.sum()), p=shares).tolist())
        missed = random.random(int(lengths.sum())) < unknown
        places = count()
        for length in lengths.tolist():
            line = [words[next(drawn)] + ("xq" if missed[next(places)] else "") for _ in range(length)]
            found[" ".join(line)] = None
    return list(found)[:number]


def _invented(random: np.random.Generator) -> list[str]:
    return ["".join(random.choice(_SYLLABLES, size=int(random.integers(2, 5)))) for _ in range(3000)]


def _variant(word: str, random: np.random.Generator) -> str:
    place, letter = int(random.integers(1, len(word))), _LETTERS[int(random.integers(len(_LETTERS)))]
    changed = (
        word[:place] + letter + word[place:],
        word[:place] + letter + word[place + 1 :],
        word + _ENDINGS[int(random.integers(len(_ENDINGS)))],
    )
    return changed[int(random.integers(len(changed)))]
