"""What a model knows of each token, worked out once per token and kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
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
        """Writes rows from place ``first`` on; there is room for twice as many whenever it was short."""
        end = first + len(rows.widths)
        for field in dataclasses.fields(self):
            column, added = getattr(self, field.name), getattr(rows, field.name)
            if end > len(column):
                longer = np.empty((2 * end, *column.shape[1:]), dtype=column.dtype)
                longer[:first] = column[:first]
                setattr(self, field.name, longer)
                column = longer
            column[first:end] = added


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
        """Where each token stands in ``columns``; holds until the next call."""
        if len(self._places) > self._capacity or self._key_bytes > _KEPT_KEY_BYTES:
            self._begin()
        found = self._look_up(tokens)
        missing = np.flatnonzero(found < 0)
        if missing.size:
            absent = [tokens[at] for at in missing.tolist()]
            self._add(list(dict.fromkeys(absent)))
            found[missing] = self._look_up(absent)
        return found

    def _begin(self) -> None:
        self._places: dict[bytes, int] = {}
        self._key_bytes = 0
        self.columns = self._described([END_OF_LINE])
        self._places[LINE_END] = LINE_END_PLACE

    def _look_up(self, tokens: Sequence[bytes]) -> npt.NDArray[np.int32]:
        return np.fromiter(map(self._places.get, tokens, repeat(-1)), dtype=np.int32, count=len(tokens))

    def _add(self, tokens: list[bytes]) -> None:
        first = len(self._places)
        self.columns.put(first, self._described(tokens))
        self._places.update(zip(tokens, range(first, first + len(tokens)), strict=True))
        self._key_bytes += sum(map(len, tokens))

    def _described(self, tokens: list[bytes]) -> Columns:
        numbers = np.fromiter(map(self._words.get, tokens, repeat(-1)), dtype=np.int64, count=len(tokens))
        known = numbers >= 0
        label = ~known & _flags(token.startswith(LABEL_PREFIX) or token in self._labels for token in tokens)
        rows, widths = self._rows(tokens, numbers, ~label)
        return Columns(
            sums=weight_rows.sums(self._model.input, rows, widths),
            widths=widths.astype(np.int32),
            hashes=subwords.token_hashes(tokens).astype(np.int32).astype(np.int64).astype(np.uint64),
            label=label,
            known=known,
            counted=_flags(token != END_OF_LINE and not token.startswith(self._ignored) for token in tokens),
        )

    def _rows(
        self, tokens: list[bytes], numbers: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_]
    ) -> tuple[Integers, npt.NDArray[np.int64]]:
        """The rows of each token, its own before those of its subwords, and how many each has; none for a label."""
        arguments = self._model.arguments
        own = (numbers >= 0).astype(np.int64)
        divided = np.flatnonzero(wanted & _flags(token != END_OF_LINE for token in tokens))
        if arguments.maxn <= 0 or not divided.size:
            return numbers[numbers >= 0], own
        parts = subwords.subwords([tokens[at] for at in divided.tolist()], minn=arguments.minn, maxn=arguments.maxn)
        hashed, kept = hashed_rows(self._model, parts.hashes)
        owners = np.repeat(divided, parts.counts)[kept]
        owners = np.concatenate([np.flatnonzero(own), owners])
        rows = np.concatenate([numbers[numbers >= 0], hashed])
        order = np.argsort(owners, kind="stable")
        return rows[order], np.bincount(owners, minlength=len(tokens))


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


def _flags(values: object) -> npt.NDArray[np.bool_]:
    return np.fromiter(values, dtype=np.bool_)  # type: ignore[call-overload, no-any-return]
