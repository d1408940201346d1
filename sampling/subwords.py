"""The hashes by which fastText finds the rows of words and of their parts (Bojanowski et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_OFFSET_BASIS = np.uint32(2166136261)
_PRIME = np.uint32(16777619)
# fastText reads bytes as signed: those of accented letters are extended by ones before they are mixed in.
_MIXED = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int32).view(np.uint32)

Hashes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Subwords:
    """Character n-grams of several tokens: ``hashes`` in the order of the tokens, ``counts`` says how many each has."""

    hashes: Hashes
    counts: npt.NDArray[np.int64]


def token_hashes(tokens: Sequence[bytes]) -> Hashes:
    """FNV-1a of each token, with fastText's signed bytes."""
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    order = np.argsort(-lengths, kind="stable")
    starts = (np.cumsum(lengths) - lengths)[order]
    content = _MIXED[np.frombuffer(b"".join(tokens), dtype=np.uint8)]
    found = np.full(len(tokens), _OFFSET_BASIS)
    # Longest first: those that have a byte at this place are the first so many.
    longer = len(tokens) - np.cumsum(np.bincount(lengths, minlength=1))
    for place, number in enumerate(longer[: lengths.max(initial=0)]):
        found[:number] = (found[:number] ^ content[starts[:number] + place]) * _PRIME
    hashes = np.empty_like(found)
    hashes[order] = found
    return hashes


def subwords(tokens: Sequence[bytes], *, minn: int, maxn: int) -> Subwords:
    """The parts of ``<token>`` of minn to maxn characters; a lone ``<`` or ``>`` is none. Tokens are UTF-8."""
    framed = [b"<%b>" % token for token in tokens]
    lengths = np.fromiter(map(len, framed), dtype=np.int64, count=len(framed))
    content = np.frombuffer(b"".join(framed), dtype=np.uint8)
    inside = (content & 0xC0) == 0x80
    owner = np.repeat(np.arange(len(framed)), lengths)
    starts = np.flatnonzero(~inside)
    owner = owner[starts]
    ends = np.cumsum(lengths)
    first = starts == (ends - lengths)[owner]
    hashes, present = _prefixes(content, inside, starts, ends[owner], first, minn, maxn)
    counts = np.bincount(owner, weights=present.sum(axis=1), minlength=len(framed)).astype(np.int64)
    return Subwords(hashes[present], counts)


def _prefixes(
    content: npt.NDArray[np.uint8],
    inside: npt.NDArray[np.bool_],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    first: npt.NDArray[np.bool_],
    minn: int,
    maxn: int,
) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """Hashes of the 1 to maxn characters from each start on, (starts, maxn), and which of them are parts.

    A hash of n + 1 characters goes on from that of n.
    """
    hashes = np.zeros((len(starts), max(maxn, 0)), dtype=np.uint32)
    present = np.zeros(hashes.shape, dtype=np.bool_)
    mixed = np.append(_MIXED[content], np.uint32(0))
    inside = np.append(inside, False)
    active: npt.NDArray[np.int64] = np.arange(len(starts))
    at, end = starts.copy(), ends
    value = np.full(len(starts), _OFFSET_BASIS)
    for n in range(1, maxn + 1):
        value = (value ^ mixed[at]) * _PRIME
        at = at + 1
        # A character of several bytes; one may not run on into the next token, which begins with ``<``.
        while (more := inside[at] & (at < end)).any():
            value[more] = (value[more] ^ mixed[at[more]]) * _PRIME
            at[more] += 1
        hashes[active, n - 1] = value
        if n >= minn:
            present[active, n - 1] = ~(first[active] | (at == end)) if n == 1 else True
        going = at < end
        active, at, end, value = active[going], at[going], end[going], value[going]
    return hashes, present
