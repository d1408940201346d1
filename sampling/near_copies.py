"""Wordings that say the same thing with other letters, so that a coder reads only one of them.

MinHash (Broder 1997) with banding (Indyk & Motwani 1998) proposes pairs, whose true Jaccard similarity is then
computed. Chains are not followed, for short texts chain half a register together: a cluster is a star around its most
frequent wording, and each member is near that wording itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

THRESHOLD = 0.85
# Words of French and English, stemmed or not, that turn the meaning of a wording which is otherwise the same.
TURNING_WORDS = frozenset(
    [
        "aucun",
        "autr",
        "autre",
        "autres",
        "except",
        "excepté",
        "hors",
        "no",
        "non",
        "not",
        "other",
        "others",
        "pas",
        "sans",
        "sauf",
        "without",
    ]
)
BANDS = 12
ROWS = 4
_SHINGLE = 3
_BUCKETS = 2**26
_CHUNK = 100_000

Integers = npt.NDArray[np.int64]


def clusters(words: Sequence[str], *, threshold: float = THRESHOLD) -> Integers:
    """The cluster of each text (n,), numbered from 0 in the order in which clusters first appear.

    ``words`` are cleaned texts. Those with the same words, in whatever order, are near copies; so are those whose
    sets of character trigrams within words have a Jaccard similarity of ``threshold`` or more, unless a word like
    "non" or "sauf" stands in one of them alone. The same texts in another order are put together the same way. Texts
    without a word are each their own cluster.
    """
    bags = np.array([" ".join(sorted(set(text.split()))) for text in words], dtype=object)
    wordings, place, counts = np.unique(bags.astype(str), return_inverse=True, return_counts=True)
    order = np.lexsort((np.arange(len(wordings)), -counts))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    centres = order[_stars(wordings[order].tolist(), threshold)][rank]
    found = centres[place]
    blank = np.flatnonzero(wordings[place] == "")
    found[blank] = len(wordings) + blank
    return _renumbered(found)


def _stars(wordings: Sequence[str], threshold: float) -> Integers:
    """The place of the centre of each wording (n,); ``wordings`` are distinct, the most frequent first."""
    centre = np.arange(len(wordings))
    if len(wordings) < 2:
        return centre
    shingles = _shingles(wordings)
    first, second = _similar(shingles, _candidates(_signatures(shingles)), threshold)
    turns = _turns(wordings)
    alike = turns[first] == turns[second]
    first, second = first[alike], second[alike]
    by_first = np.lexsort((second, first))
    for one, other in zip(first[by_first].tolist(), second[by_first].tolist(), strict=True):
        if centre[one] == one and centre[other] == other:
            centre[other] = one
    return centre


def _turns(wordings: Sequence[str]) -> Integers:
    """A number for each wording (n,), the same for those that hold the same turning words."""
    kinds: dict[frozenset[str], int] = {}
    return np.array([kinds.setdefault(TURNING_WORDS.intersection(w.split()), len(kinds)) for w in wordings])


def _shingles(wordings: Sequence[str]) -> Any:
    """The trigrams of each wording, hashed, as a binary CSR matrix."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(_SHINGLE, _SHINGLE),
        n_features=_BUCKETS,
        lowercase=False,
        norm=None,
        alternate_sign=False,
        binary=True,
        dtype=np.float32,
    ).transform(wordings)


def _signatures(shingles: Any) -> npt.NDArray[np.uint32]:
    """MinHash of each row (n, BANDS x ROWS); rows without shingle get the largest value."""
    random = np.random.default_rng(20)
    found = np.full((shingles.shape[0], BANDS * ROWS), np.iinfo(np.uint32).max, dtype=np.uint32)
    filled = np.flatnonzero(np.diff(shingles.indptr))
    starts = shingles.indptr[filled]
    values = shingles.indices.astype(np.uint64)
    for column in range(found.shape[1]):
        factor, shift = random.integers(0, 2**63, 2, dtype=np.uint64)
        hashed = ((values * (factor | np.uint64(1)) + shift) >> np.uint64(32)).astype(np.uint32)
        found[filled, column] = np.minimum.reduceat(hashed, starts)
    return found


def _candidates(signatures: npt.NDArray[np.uint32]) -> Iterator[tuple[Integers, Integers]]:
    """Pairs of rows that agree on a band, the former row first.

    In each bucket a row is paired with the first row and with the one before it: all pairs of a large bucket would be
    too many.
    """
    for band in range(BANDS):
        columns = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        keys = columns.view(np.dtype((np.void, columns.dtype.itemsize * ROWS))).ravel()
        _, bucket = np.unique(keys, return_inverse=True)
        order = np.argsort(bucket, kind="stable")
        grouped = bucket[order]
        starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
        leader = np.repeat(order[starts], np.diff(np.r_[starts, len(order)]))
        yield leader[leader != order], order[leader != order]
        same = grouped[1:] == grouped[:-1]
        yield order[:-1][same], order[1:][same]


def _similar(shingles: Any, pairs: Iterator[tuple[Integers, Integers]], threshold: float) -> tuple[Integers, Integers]:
    rows = shingles.shape[0]
    coded = np.unique(np.concatenate([first * rows + second for first, second in pairs]))
    size = np.diff(shingles.indptr)
    kept = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(coded), _CHUNK):
        first, second = np.divmod(coded[start : start + _CHUNK], rows)
        common = np.asarray(shingles[first].multiply(shingles[second]).sum(axis=1)).ravel()
        kept.append(coded[start : start + _CHUNK][common >= threshold * (size[first] + size[second] - common)])
    first, second = np.divmod(np.concatenate(kept), rows)
    return first, second


def _renumbered(values: Integers) -> Integers:
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
