"""Which codes' wordings each text is closest to, by the words and letters that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Texts on which the weights of words and letters are learnt, and how many are compared at once.
LEARNT_FROM = 100_000
CHUNK = 2_000
# Words and letters: each part has length 1, so that both together have a cosine after division by their number.
_PARTS = 2


@dataclass(frozen=True, slots=True)
class Neighbours:
    """In the order of the texts: ``nearest`` (n,) is the place in ``codes`` of the code that a text is closest to.

    ``similarity`` (n,) is the cosine between the two, 0 where they share nothing.
    """

    codes: tuple[str, ...]
    nearest: npt.NDArray[np.int32]
    similarity: npt.NDArray[np.float32]

    def among(self, texts: int, rows: npt.NDArray[np.intp]) -> Neighbours:
        """These texts as the ``rows`` of a larger number of ``texts``, of which the others share nothing."""
        nearest, similarity = np.zeros(texts, dtype=np.int32), np.zeros(texts, dtype=np.float32)
        nearest[rows], similarity[rows] = self.nearest, self.similarity
        return Neighbours(self.codes, nearest, similarity)

    def code(self, row: int) -> str:
        return self.codes[int(self.nearest[row])]


def find(words: Sequence[str], wordings: Mapping[str, Sequence[str]]) -> Neighbours:
    """The code of ``wordings`` that each text is closest to, by its closest wording; both are cleaned texts.

    Cosine of TF-IDF weights (Salton and Buckley 1988) of words and of letters within words, whose beginnings and
    endings find what is misspelt or inflected. Time grows with texts times wordings; memory does not.
    """
    known = {code: filled for code, given in wordings.items() if (filled := [one for one in given if one])}
    nearest = np.zeros(len(words), dtype=np.int32)
    similarity = np.zeros(len(words), dtype=np.float32)
    if not known or not any(words):
        return Neighbours(tuple(known) or ("",), nearest, similarity)
    features = _features([*_spread(words, LEARNT_FROM), *(one for given in known.values() for one in given)])
    against = features.transform([one for given in known.values() for one in given]).T.tocsr()
    starts = np.cumsum([0, *(len(given) for given in known.values())])[:-1]
    for start, chunk in _chunks(words):
        cosines = (features.transform(chunk) @ against).toarray() / _PARTS
        by_code = np.maximum.reduceat(cosines, starts, axis=1)
        place = by_code.argmax(axis=1)
        nearest[start : start + len(chunk)] = place
        similarity[start : start + len(chunk)] = by_code[np.arange(len(chunk)), place]
    return Neighbours(tuple(known), nearest, similarity)


def _features(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    common = {"sublinear_tf": True, "strip_accents": "unicode", "dtype": np.float32}
    return make_union(
        TfidfVectorizer(tokenizer=str.split, token_pattern=None, **common),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), **common),
    ).fit(texts)


def _spread(words: Sequence[str], number: int) -> Sequence[str]:
    return words[:: max(1, -(-len(words) // number))]


def _chunks(words: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    for start in range(0, len(words), CHUNK):
        yield start, words[start : start + CHUNK]
