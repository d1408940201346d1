"""From lines to the hidden layer of a fastText model: the mean of the rows of their words, subwords and n-grams."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from annotation.errors import InvalidInputError
from sampling import token_table, weight_rows
from sampling.fasttext_file import FastTextFile
from sampling.token_table import LINE_END, LINE_END_PLACE, TokenTable
from sampling.weight_rows import Floats

_MIXER = np.uint64(116049371)
_LINES = 4096
_CHARACTERS = 2**18
# Over so many rows, the library's rounding may move a probability by 1e-4: it is done likewise.
_ROUNDED = 5000


@dataclass(frozen=True, slots=True)
class Hidden:
    """One row per line. ``layer`` is (n, dim); where ``empty``, it is zero: the model has no row for the line."""

    lines: Sequence[str]
    layer: Floats
    empty: npt.NDArray[np.bool_]
    known: Floats
    _of_line: Callable[[str], Floats]

    def __len__(self) -> int:
        return len(self.known)

    def part(self, start: int, end: int) -> Hidden:
        rows = slice(start, end)
        return Hidden(self.lines[rows], self.layer[rows], self.empty[rows], self.known[rows], self._of_line)

    def in_order(self, row: int) -> Floats:
        """(dim,): the row to the last bit of the library, which adds up and rounds in its own order; slow."""
        return self._of_line(self.lines[row])


def blocks(lines: Sequence[str]) -> Iterator[slice]:
    """Stretches of lines that together need little memory."""
    ends = np.cumsum(np.fromiter(map(len, lines), dtype=np.int64, count=len(lines)))
    start = 0
    while start < len(lines):
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + _CHARACTERS, side="right"))
        end = min(max(end, start + 1), start + _LINES)
        yield slice(start, end)
        start = end


class HiddenLayer:
    """Threads may share it: the table of tokens is read and filled by one of them at a time."""

    def __init__(self, model: FastTextFile, ignored: Sequence[str]) -> None:
        self._model = model
        self._table = TokenTable(model, ignored)
        self._lock = threading.Lock()

    def of(self, lines: Sequence[str]) -> Hidden:
        """The hidden layer of one block of lines."""
        tokens = _tokens(lines)
        with self._lock:
            places = self._table.places(tokens)
            columns = self._table.columns
            ends = np.flatnonzero(places == LINE_END_PLACE)
            known = _share(columns.known[places] & columns.counted[places], columns.counted[places], ends)
            if columns.label[places].any():
                places = places[~columns.label[places]]
                ends = np.flatnonzero(places == LINE_END_PLACE)
            bounds = np.concatenate([[0], ends + 1]).astype(np.int32)
            ones = np.ones(len(places), dtype=np.float32)
            words = csr_array((ones, places, bounds), shape=(len(lines), len(columns.widths)))
            layer = words @ columns.sums
            widths = np.add.reduceat(columns.widths[places], bounds[:-1], dtype=np.int64)
            hashes = columns.hashes[places]
        if self._model.arguments.word_ngrams > 1:
            rows, counts = self._ngrams(hashes, places == LINE_END_PLACE)
            layer += weight_rows.sums(self._model.input, rows, counts)
            widths += counts
        layer *= _share_of_one(widths)[:, None]
        for row in np.flatnonzero(widths > _ROUNDED).tolist():
            layer[row] = self._in_order(lines[row])
        if not np.isfinite(layer).all():
            raise InvalidInputError(
                f"{self._model.path} holds weights that are no numbers.", cure="Train it again, with a lower lr."
            )
        return Hidden(lines, layer, widths == 0, known, self._in_order)

    def _in_order(self, line: str) -> Floats:
        rows, hashes = self._table.in_order(_tokens([line])[:-1])
        if self._model.arguments.word_ngrams > 1:
            ending = np.zeros(len(hashes), dtype=np.bool_)
            ending[-1] = True
            rows = np.concatenate([rows, self._ngrams(hashes, ending)[0]])
        return weight_rows.sum_in_order(self._model.input, rows) * _share_of_one(np.array([len(rows)]))

    def _ngrams(
        self, hashes: npt.NDArray[np.uint64], ending: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows of the n-grams of 2 tokens and more, in the order of the lines, and how many each line has."""
        longest = self._model.arguments.word_ngrams
        mixed = np.zeros((len(hashes), longest - 1), dtype=np.uint64)
        present = np.zeros(mixed.shape, dtype=np.bool_)
        value, going = hashes, ~ending
        for n in range(1, min(longest, len(hashes))):
            value = value[:-1] * _MIXER + hashes[n:]
            going = going[:-1] & ~ending[n - 1 : -1] if n > 1 else going[:-1]
            mixed[: len(value), n - 1] = value
            present[: len(value), n - 1] = going
        rows, kept = token_table.hashed_rows(self._model, mixed[present])
        if not isinstance(kept, slice):
            present[present] = kept
        starts = np.concatenate([[0], np.flatnonzero(ending)[:-1] + 1])
        return rows, np.add.reduceat(present.sum(axis=1), starts)


def _share_of_one(counts: npt.NDArray[np.int64]) -> Floats:
    return np.asarray(1 / np.maximum(counts, 1), dtype=np.float32)


def _share(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_], ends: npt.NDArray[np.int64]) -> Floats:
    starts = np.concatenate([[0], ends[:-1] + 1])
    counts = np.add.reduceat(whole, starts, dtype=np.int64)
    parts = np.add.reduceat(part, starts, dtype=np.int64)
    return np.asarray(parts / np.maximum(counts, 1), dtype=np.float32)


def _tokens(lines: Sequence[str]) -> list[bytes]:
    """The tokens of all lines, with LINE_END after those of each. A line ends at its first ``</s>``, if it has one."""
    joined = "\0".join(lines)
    if joined.count("\0") != len(lines) - 1:
        joined = "\0".join(line.replace("\0", " ") for line in lines)
    if "</s>" in joined:
        joined = "\0".join(map(_until_end_of_line, joined.split("\0")))
    # As bytes, because fastText knows no blanks beyond those of ASCII.
    content = joined.encode("utf-8", "replace")
    return (content.replace(LINE_END, b" \0 ") + b" \0").split()


def _until_end_of_line(line: str) -> str:
    tokens = line.encode("utf-8", "replace").split()
    if token_table.END_OF_LINE not in tokens:
        return line
    return b" ".join(tokens[: tokens.index(token_table.END_OF_LINE)]).decode()
