"""Wordings that say the same thing with other letters, so that a coder reads only one of them.

MinHash (Broder 1997) with banding (Indyk & Motwani 1998) proposes pairs, whose true Jaccard similarity is then
computed. Chains are not followed, for short texts chain half a register together: a cluster is a star around its most
frequent wording, and each member is near that wording itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

THRESHOLD: Final = 0.85
BANDS: Final = 12
ROWS: Final = 4
# Words of French and English, stemmed or not, that turn the meaning of a wording which is otherwise the same.
TURNING_WORDS: Final = frozenset(
    ("aucun", "autr", "autre", "autres", "except", "excepté", "hors", "no", "non", "not", "other", "others")
) | {"pas", "sans", "sauf", "without"}
# Wordings whose trigrams are in memory at once.
_CHUNK: Final = 50_000
_BITS: Final = 26
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_SPACE, _END = ord(" "), ord("\n")

Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def clusters(words: Sequence[str], *, threshold: float = THRESHOLD) -> Integers:
    """The cluster of each text (n,), numbered from 0 in the order in which clusters first appear.

    ``words`` are cleaned texts. Those with the same words, in whatever order, are near copies; so are those whose
    sets of character trigrams within words have a Jaccard similarity of ``threshold`` or more, unless a word like
    "non" or "sauf" stands in one of them alone. The same texts in another order are put together the same way. Texts
    without a word are each their own cluster.
    """
    bags = [" ".join(sorted(set(text.split()))) for text in words]
    numbers: dict[str, int] = {}
    place = np.array([numbers.setdefault(bag, len(numbers)) for bag in bags], dtype=np.int64)
    counts = np.bincount(place, minlength=len(numbers)).tolist()
    order = sorted(numbers, key=lambda bag: (-counts[numbers[bag]], bag))
    centre = np.empty(len(order), dtype=np.int64)
    centre[[numbers[bag] for bag in order]] = _stars(order, threshold)
    found = centre[place]
    blank = np.array([not bag for bag in bags], dtype=bool)
    found[blank] = len(order) + np.flatnonzero(blank)
    return _renumbered(found)


def _stars(wordings: Sequence[str], threshold: float) -> Integers:
    """The place of the centre of each wording (n,); ``wordings`` are distinct, the most frequent first."""
    centre = np.arange(len(wordings))
    pairs = _candidates(_bands(wordings))
    turns = _turns(wordings)
    pairs = _similar(wordings, pairs[turns[pairs[:, 0]] == turns[pairs[:, 1]]], threshold)
    for one, other in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        if centre[one] == one and centre[other] == other:
            centre[other] = one
    return centre


def _trigrams(wordings: Sequence[str]) -> tuple[Hashes, Integers]:
    """A hash of each trigram whose middle is a letter, and the place of its wording; words have blanks around them."""
    joined = "".join(f" {wording} \n" for wording in wordings)
    letters = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
    middle = 1 + np.flatnonzero((letters[1:-1] != _SPACE) & (letters[1:-1] != _END))
    hashes: Hashes = np.zeros(len(middle), dtype=np.uint64)
    for step in (-1, 0, 1):
        hashes = (hashes ^ letters[middle + step]) * _ODD
        hashes ^= hashes >> np.uint64(29)
    return hashes, np.cumsum(letters == _END)[middle]


def _bands(wordings: Sequence[str]) -> Hashes:
    """The MinHash of each wording, ``ROWS`` values folded into one for each band (n, BANDS)."""
    found = np.zeros((len(wordings), BANDS), dtype=np.uint64)
    for start in range(0, len(wordings), _CHUNK):
        hashes, owner = _trigrams(wordings[start : start + _CHUNK])
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        filled = start + owner[starts]
        # The same permutations for each chunk.
        random = np.random.default_rng(20)
        for column in range(BANDS * ROWS if len(starts) else 0):
            factor, shift = random.integers(0, 2**63, 2, dtype=np.uint64)
            least = np.minimum.reduceat((hashes * (factor | np.uint64(1)) + shift) >> np.uint64(16), starts)
            found[filled, column // ROWS] = (found[filled, column // ROWS] ^ least) * _ODD
    return found


def _candidates(bands: Hashes) -> Integers:
    """Pairs (m, 2) of wordings that agree on a band, the former first.

    Of those that agree, each is paired with the first and with the one before it: all pairs would be too many.
    """
    size = len(bands)
    found: list[Integers] = [np.empty(0, dtype=np.int64)]
    for band in range(BANDS):
        order = np.argsort(bands[:, band], kind="stable")
        grouped = bands[order, band]
        same = np.flatnonzero(grouped[1:] == grouped[:-1]) + 1
        starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]][:size])
        leader = order[starts[np.searchsorted(starts, same, side="right") - 1]]
        found += [leader * size + order[same], order[same - 1] * size + order[same]]
    pairs = np.unique(np.concatenate(found))
    return np.stack(np.divmod(pairs, max(size, 1)), axis=1)


def _similar(wordings: Sequence[str], pairs: Integers, threshold: float) -> Integers:
    """The pairs (m, 2) that are near copies."""
    kept = [pairs[:0]]
    for start in range(0, len(pairs), _CHUNK):
        chunk = pairs[start : start + _CHUNK]
        rows, place = np.unique(chunk, return_inverse=True)
        place = place.reshape(chunk.shape)
        held = [wordings[row] for row in rows]
        sets = _sets(held)
        size = np.diff(sets.indptr)
        common = np.asarray(sets[place[:, 0]].multiply(sets[place[:, 1]]).sum(axis=1)).ravel()
        near = common >= threshold * (size[place].sum(axis=1) - common)
        kept.append(chunk[near])
    return np.concatenate(kept)


def _sets(wordings: Sequence[str]) -> Any:
    """The trigrams of each wording as the ones of a sparse matrix."""
    from scipy.sparse import csr_matrix

    hashes, owner = _trigrams(wordings)
    columns = (hashes >> np.uint64(64 - _BITS)).astype(np.int64)
    counted = csr_matrix((np.ones(len(columns), dtype=np.int32), (owner, columns)), shape=(len(wordings), 2**_BITS))
    counted.data[:] = 1
    return counted


def _turns(wordings: Sequence[str]) -> Integers:
    """A number for each wording (n,), the same for those that hold the same turning words."""
    kinds: dict[frozenset[str], int] = {}
    held = (TURNING_WORDS.intersection(wording.split()) for wording in wordings)
    return np.array([kinds.setdefault(words, len(kinds)) for words in held], dtype=np.int64)


def _renumbered(values: Integers) -> Integers:
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
