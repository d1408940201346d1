"""What a model knows of each token, worked out once per token and kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from sampling import subwords, weight_rows
from sampling.fasttext_file import FastTextFile
from sampling.weight_rows import Floats, Integers

END_OF_LINE = b"</s>"
# The library always reads with this prefix; that of the training is not in the file.
LABEL_PREFIX = b"__label__"
# Stands for the end of a line, at place 0; it is a blank for fastText, so no token of a text looks like it.
LINE_END = b"\0"
LINE_END_PLACE = 0
_KEPT_BYTES = 128 * 2**20
_FREQUENT = 50_000
_AT_ONCE = 4096
_KEPT_KEY_BYTES = 16 * 2**20


@dataclass(slots=True)
class Columns:
    """One row per place. ``sums`` adds up the rows of the token and its subwords, ``widths`` says how many they are.

    ``counted`` tokens are those of which ``known`` ones make a share.
    """

    sums: Floats
    widths: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    label: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]

    def put(self, first: int, rows: Columns) -> None:
        """Writes rows from place ``first`` on; where there is no room, there will be for twice as many."""
        end = first + len(rows.widths)
        if end > len(self.widths):
            self.widen(2 * end)
        for field in dataclasses.fields(self):
            getattr(self, field.name)[first:end] = getattr(rows, field.name)

    def widen(self, number: int) -> None:
        for field in dataclasses.fields(self):
            column = getattr(self, field.name)
            longer = np.empty((max(number, len(column)), *column.shape[1:]), dtype=column.dtype)
            longer[: len(column)] = column
            setattr(self, field.name, longer)


class TokenTable:
    """Gives each token a place in ``columns``. Bounded: a full table is begun anew at the next call."""

    def __init__(self, model: FastTextFile, ignored: Sequence[str]) -> None:
        self._model = model
        self._words = {word: number for number, word in enumerate(model.words)}
        self._labels = frozenset(model.labels)
        self._ignored = tuple(prefix.encode() for prefix in ignored)
        self._capacity = max(_KEPT_BYTES // (4 * model.arguments.dim), 1000)
        self._begin()

    def places(self, tokens: Sequence[bytes]) -> npt.NDArray[np.int32]:
        """Where each token stands in ``columns``; holds until the next call. No token is ``</s>``."""
        if len(self._places) > self._capacity or self._key_bytes > _KEPT_KEY_BYTES:
            self._begin()
        found = self._look_up(tokens)
        missing = np.flatnonzero(found < 0)
        if missing.size:
            absent = [tokens[at] for at in missing.tolist()]
            self._add(list(dict.fromkeys(absent)))
            found[missing] = self._look_up(absent)
        return found

    def in_order(self, tokens: list[bytes]) -> tuple[Integers, npt.NDArray[np.uint64]]:
        """All rows of a line in the order of its tokens, and the hashes of those, both with the end of the line."""
        numbers, label = self._numbers(tokens)
        rows, _ = _rows(self._model, tokens, numbers, label)
        end = self._words.get(END_OF_LINE)
        read = [token for token, is_label in zip(tokens, label.tolist(), strict=True) if not is_label]
        hashes = _signed(subwords.token_hashes([*read, END_OF_LINE]))
        return (rows if end is None else np.append(rows, end)), hashes

    def _begin(self) -> None:
        self._places: dict[bytes, int] = {LINE_END: LINE_END_PLACE}
        self._key_bytes = 0
        self.columns = _line_end(self._model, self._words)
        self.columns.widen(min(len(self._words), self._capacity) + 1)
        # The dictionary begins with the most frequent words: side by side, they also stay together in the cache.
        ready = min(_FREQUENT, self._capacity // 2)
        frequent = [word for word in self._model.words[:ready] if word != END_OF_LINE]
        for start in range(0, len(frequent), _AT_ONCE):
            self._add(frequent[start : start + _AT_ONCE])

    def _look_up(self, tokens: Sequence[bytes]) -> npt.NDArray[np.int32]:
        return np.fromiter(map(self._places.get, tokens, repeat(-1)), dtype=np.int32, count=len(tokens))

    def _add(self, tokens: list[bytes]) -> None:
        first = len(self._places)
        self.columns.put(first, self._described(tokens))
        self._places.update(zip(tokens, range(first, first + len(tokens)), strict=True))
        self._key_bytes += sum(map(len, tokens))

    def _numbers(self, tokens: list[bytes]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Which word each token is, -1 for none, and whether it is a label."""
        numbers = np.fromiter(map(self._words.get, tokens, repeat(-1)), dtype=np.int64, count=len(tokens))
        label = np.zeros(len(tokens), dtype=np.bool_)
        for at in np.flatnonzero(numbers < 0).tolist():
            label[at] = tokens[at].startswith(LABEL_PREFIX) or tokens[at] in self._labels
        return numbers, label

    def _described(self, tokens: list[bytes]) -> Columns:
        numbers, label = self._numbers(tokens)
        counted = np.ones(len(tokens), dtype=np.bool_)
        if self._ignored:
            counted[:] = [not token.startswith(self._ignored) for token in tokens]
        rows, widths = _rows(self._model, tokens, numbers, label)
        return Columns(
            sums=weight_rows.sums(self._model.input, rows, widths),
            widths=widths.astype(np.int32),
            hashes=_signed(subwords.token_hashes(tokens)),
            label=label,
            known=numbers >= 0,
            counted=counted,
        )


def _line_end(model: FastTextFile, words: Mapping[bytes, int]) -> Columns:
    """The end of a line has a row where training saw one, no subwords, and counts as no token."""
    number = words.get(END_OF_LINE)
    rows = np.array([] if number is None else [number], dtype=np.int64)
    return Columns(
        sums=weight_rows.sums(model.input, rows, np.array([len(rows)])),
        widths=np.array([len(rows)], dtype=np.int32),
        hashes=_signed(subwords.token_hashes([END_OF_LINE])),
        label=np.array([False]),
        known=np.array([False]),
        counted=np.array([False]),
    )


def _signed(hashes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """As fastText mixes them: of 32 bits with a sign, extended to 64."""
    return hashes.view(np.int32).astype(np.int64).view(np.uint64)


def _rows(
    model: FastTextFile, tokens: list[bytes], numbers: npt.NDArray[np.int64], label: npt.NDArray[np.bool_]
) -> tuple[Integers, npt.NDArray[np.int64]]:
    """The rows of each token, its own before those of its subwords, and how many each has; none for a label."""
    own = np.flatnonzero(numbers >= 0)
    divided = np.flatnonzero(~label)
    if model.arguments.maxn <= 0 or not divided.size:
        return numbers[own], (numbers >= 0).astype(np.int64)
    parts = subwords.subwords(
        [tokens[at] for at in divided.tolist()], minn=model.arguments.minn, maxn=model.arguments.maxn
    )
    hashed, kept = hashed_rows(model, parts.hashes)
    owners = np.concatenate([own, np.repeat(divided, parts.counts)[kept]])
    rows = np.concatenate([numbers[own], hashed])
    return rows[np.argsort(owners, kind="stable")], np.bincount(owners, minlength=len(tokens))


def hashed_rows(
    model: FastTextFile, hashes: npt.NDArray[np.unsignedinteger]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | slice]:
    """The rows of hashed n-grams, and which of the n-grams have one: all, but for a pruned model."""
    buckets = (hashes % hashes.dtype.type(model.arguments.bucket)).astype(np.int64)
    first = len(model.words)
    if model.pruned is None:
        return buckets + first, slice(None)
    at = np.searchsorted(model.pruned.bucket, buckets)
    at[at == len(model.pruned.bucket)] = 0
    kept = model.pruned.bucket[at] == buckets if len(model.pruned.bucket) else np.zeros(len(buckets), dtype=np.bool_)
    return model.pruned.place[at[kept]] + np.int64(first), kept
