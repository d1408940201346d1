"""Scores by the official fastText library, on one core."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import fasttext
import numpy as np
import numpy.typing as npt

from annotation.errors import InvalidInputError, NotFoundError
from sampling.scorer import Scores

LABEL_PREFIX = "__label__"
_BATCH = 1024
_BLANKS = re.compile(r"[ \n\r\t\v\f\0]+")
# fastText returns exp(log(p + 1e-5)): over 700 codes that would add 0.08 nats to every entropy.
_LIBRARY_OFFSET = 1e-5


def label(code: str) -> str:
    """The code as fastText may hold it: without blanks, which would end the label."""
    return LABEL_PREFIX + quote(code, safe="")


def code_of(label: str) -> str:
    return unquote(label.removeprefix(LABEL_PREFIX))


class FastTextScorer:
    """A loaded model. ``codes`` are those it knows, in its own order.

    Probabilities are those of the library's ``predict``, cut at 1. With the loss ``ova`` they are independent of one
    another and do not sum to 1, so the entropy is that of the vector divided by its sum; with ``hs`` the library
    leaves out codes below 1e-5, and a row with fewer codes than asked for ends in "" with probability 0.
    """

    def __init__(self, model: Any, ignore_prefixes: Sequence[str] = ()) -> None:
        self._model = model
        self._ignored = tuple(ignore_prefixes)
        self._words = frozenset(model.get_words(on_unicode_error="replace"))
        self.codes = tuple(code_of(label) for label in model.get_labels(on_unicode_error="replace"))
        self.loss: str = model.f.getArgs().loss.name

    @classmethod
    def load(cls, path: Path, *, ignore_prefixes: Sequence[str] = ()) -> FastTextScorer:
        """The model of a ``.bin`` file; tokens that begin with an ignored prefix do not count for ``known``."""
        if not path.is_file():
            raise NotFoundError(f"There is no model file {path}.", cure="Download the model again.")
        try:
            model = fasttext.load_model(str(path))
        except (ValueError, RuntimeError, MemoryError) as error:
            raise InvalidInputError(
                f"{path} is no fastText model: {error}.", cure="Download the model again."
            ) from error
        return cls(model, ignore_prefixes)

    def score(self, lines: Sequence[str], k: int = 5) -> Scores:
        if k < 1:
            raise InvalidInputError(f"k is {k}, and at least one code must be asked for.")
        width = min(k, len(self.codes))
        codes = np.full((len(lines), width), "", dtype=object)
        probabilities = np.zeros((len(lines), width), dtype=np.float32)
        entropy = np.zeros(len(lines), dtype=np.float32)
        for row, (labels, values) in enumerate(self._predict(lines)):
            found = min(width, len(labels))
            codes[row, :found] = [code_of(label) for label in labels[:found]]
            probabilities[row, :found] = values[:found]
            entropy[row] = self._entropy(values)
        np.clip(probabilities, 0, 1, out=probabilities)
        second = probabilities[:, 1] if width > 1 else np.zeros(len(lines), dtype=np.float32)
        known = np.fromiter((self._known(line) for line in lines), dtype=np.float32, count=len(lines))
        return Scores(codes, probabilities, probabilities[:, 0] - second, entropy, known)

    def _predict(self, lines: Sequence[str]) -> Iterator[tuple[list[str], npt.NDArray[np.float32]]]:
        for start in range(0, len(lines), _BATCH):
            # As a list even for one line: the library's call on one string fails under NumPy 2.
            batch = [line.replace("\n", " ") for line in lines[start : start + _BATCH]]
            yield from zip(*self._model.predict(batch, k=-1, on_unicode_error="replace"), strict=True)

    def _entropy(self, values: npt.NDArray[np.float32]) -> float:
        offset = 0.0 if self.loss == "hs" else _LIBRARY_OFFSET
        weights = np.clip(np.asarray(values, dtype=np.float64) - offset, 0, None)
        positive = weights[weights > 0]
        if not positive.size:
            return float(np.log(len(self.codes)))
        shares = positive / positive.sum()
        return float(-(shares * np.log(shares)).sum())

    def _known(self, line: str) -> float:
        tokens = [token for token in _BLANKS.split(line) if token and not token.startswith(self._ignored)]
        return sum(token in self._words for token in tokens) / len(tokens) if tokens else 0.0
