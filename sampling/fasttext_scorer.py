"""Scores of a fastText model, read from its file and computed for many lines at once, on one core."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt

from annotation.errors import InvalidInputError
from sampling import fasttext_file, hidden_layer
from sampling.fasttext_file import FastTextFile
from sampling.hidden_layer import Hidden, HiddenLayer
from sampling.hierarchical_softmax import HierarchicalSoftmax
from sampling.one_versus_all import OneVersusAll
from sampling.output_layer import OutputLayer, Softmax
from sampling.scorer import Scores
from sampling.weight_rows import Floats

LABEL_PREFIX = "__label__"
# Texts that repeat each other within so many are scored once.
_DISTINCT = 2**18
# So many rows of logits stay in the cache of one core.
_AT_ONCE = 256


def label(code: str) -> str:
    """The code as fastText may hold it: without blanks, which would end the label."""
    return LABEL_PREFIX + quote(code, safe="")


def code_of(label: str) -> str:
    return unquote(label.removeprefix(LABEL_PREFIX))


class FastTextScorer:
    """A loaded model, quantised or not. ``codes`` are those it knows, in its own order; ``loss`` is what it learnt by.

    Probabilities are those of the library's ``predict``, cut at 1; codes whose probabilities differ by less than 1e-6
    may come in another order than there. With the loss ``ova`` they are independent of one another and do not sum to
    1, so the entropy is that of the vector divided by its sum; with ``hs`` the library leaves out codes below 1e-5,
    and a row with fewer codes than asked for ends in "" with probability 0. So does a row of which the model reads
    nothing, not even the end of the line; the library gives no label for it.

    A line break is a blank; what follows ``</s>`` isn't read, nor are labels, which count as unknown tokens.

    Threads may share a scorer. Pickled, it is its path: the other process maps the same file, and the two share the
    memory.
    """

    def __init__(self, model: FastTextFile, ignore_prefixes: Sequence[str] = ()) -> None:
        self._path = model.path
        self._ignored = tuple(ignore_prefixes)
        self._hidden = HiddenLayer(model, self._ignored)
        self._output = _output_layer(model)
        self._dim = model.arguments.dim
        self.codes = tuple(code_of(label.decode("utf-8", "replace")) for label in model.labels)
        self.loss = model.arguments.loss
        self._code_array = np.array([*self.codes, ""], dtype=object)  # -1 finds the last

    @classmethod
    def load(cls, path: Path, *, ignore_prefixes: Sequence[str] = ()) -> FastTextScorer:
        """The model of a ``.bin`` or ``.ftz`` file; tokens that begin with an ignored prefix don't count for ``known``.

        The file is mapped, not copied: put another model in its place by renaming, never by writing into it.
        """
        return cls(fasttext_file.read(Path(path)), ignore_prefixes)

    def __reduce__(self) -> tuple[object, ...]:
        return _loaded, (self._path, self._ignored)

    def score(self, lines: Sequence[str], k: int = 5) -> Scores:
        if k < 1:
            raise InvalidInputError(f"k is {k}, and at least one code must be asked for.")
        scores = _room(len(lines), min(k, len(self.codes)))
        for start in range(0, len(lines), _DISTINCT):
            stretch = lines[start : start + _DISTINCT]
            first = {line: number for number, line in enumerate(dict.fromkeys(stretch))}
            if len(first) == len(stretch):
                self._score_into(scores, start, stretch)
                continue
            part = _room(len(first), scores.codes.shape[1])
            self._score_into(part, 0, list(first))
            rows = np.fromiter(map(first.__getitem__, stretch), dtype=np.int64, count=len(stretch))
            _copy(part, rows, scores, slice(start, start + len(stretch)))
        return scores

    def embed(self, lines: Sequence[str]) -> Floats:
        """The hidden layer, (n, dim): the mean of the model's rows for each line; zero where it has none."""
        layer = np.zeros((len(lines), self._dim), dtype=np.float32)
        for block in hidden_layer.blocks(lines):
            layer[block] = self._hidden.of(lines[block]).layer
        return layer

    def _score_into(self, scores: Scores, start: int, lines: Sequence[str]) -> None:
        for block in hidden_layer.blocks(lines):
            hidden = self._hidden.of(lines[block])
            for first in range(0, len(hidden), _AT_ONCE):
                self._rank_into(scores, start + block.start + first, hidden.part(first, first + _AT_ONCE))

    def _rank_into(self, scores: Scores, start: int, hidden: Hidden) -> None:
        ranking = self._output.rank(hidden, scores.codes.shape[1])
        if hidden.empty.any():
            ranking.labels[hidden.empty] = -1
            ranking.probabilities[hidden.empty] = 0
            ranking.entropy[hidden.empty] = np.log(len(self.codes))
        rows = slice(start, start + len(hidden))
        scores.codes[rows] = self._code_array[ranking.labels]
        scores.probabilities[rows] = ranking.probabilities
        scores.margin[rows] = _margin(ranking.probabilities)
        scores.entropy[rows] = ranking.entropy
        scores.known[rows] = hidden.known


def _loaded(path: Path, ignored: tuple[str, ...]) -> FastTextScorer:
    return FastTextScorer.load(path, ignore_prefixes=ignored)


def _output_layer(model: FastTextFile) -> OutputLayer:
    if model.arguments.loss == "softmax":
        return Softmax(model.output)
    if model.arguments.loss == "hs":
        return HierarchicalSoftmax(model.output, model.label_counts)
    return OneVersusAll(model.output)


def _margin(probabilities: Floats) -> Floats:
    return probabilities[:, 0] - probabilities[:, 1] if probabilities.shape[1] > 1 else probabilities[:, 0]


def _room(number: int, width: int) -> Scores:
    return Scores(
        codes=np.full((number, width), "", dtype=object),
        probabilities=np.zeros((number, width), dtype=np.float32),
        margin=np.zeros(number, dtype=np.float32),
        entropy=np.zeros(number, dtype=np.float32),
        known=np.zeros(number, dtype=np.float32),
    )


def _copy(source: Scores, rows: npt.NDArray[np.int64], target: Scores, places: slice) -> None:
    for field in dataclasses.fields(Scores):
        getattr(target, field.name)[places] = getattr(source, field.name)[rows]
