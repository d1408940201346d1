"""The words of the wordings and their neighbouring pairs, as a matrix and as counts by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from sampling.drift.detectors import Tallies
from sampling.drift.repeats import Split

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Terms:
    """``matrix`` (wordings, terms) is sparse and holds 1 where the term stands in the wording; ``pair`` marks pairs.

    A pair that stands in one wording only is left out.
    """

    matrix: Any
    names: npt.NDArray[np.object_]
    pair: npt.NDArray[np.bool_]

    def kept(self, columns: npt.NDArray[np.bool_]) -> Terms:
        return Terms(self.matrix[:, np.flatnonzero(columns)], self.names[columns], self.pair[columns])

    def tallies(self, split: Split, together: float, *, least: int) -> Tallies:
        """Declarations by term, of the terms with ``least`` in both windows together; ``split`` is of the wordings."""
        totals = (float(split.before.sum()), float(split.after.sum()))
        counts = np.column_stack([split.before, split.after, split.total**2]).astype(float)
        before, after, square = np.asarray(self.matrix.T @ counts).T
        # Chosen by both windows together, which says nothing of how they differ.
        kept = before + after >= least
        before, after, square = before[kept], after[kept], square[kept]
        effect = 1 + together * np.maximum(square / np.maximum(before + after, 1) - 1, 0)
        return Tallies(self.names[kept].tolist(), before, after, totals, effect)


@lru_cache(maxsize=1)
def build(wordings: tuple[str, ...]) -> Terms:
    """Of the wordings, each standing once; kept for whoever looks at the same texts again, as the steps of a turn."""
    try:
        matrix = (vectorizer := _vectorizer()).fit_transform(wordings)
    except ValueError:  # not a single word
        from scipy import sparse

        return Terms(sparse.csr_matrix((len(wordings), 0)), np.zeros(0, dtype=object), np.zeros(0, dtype=bool))
    names = vectorizer.get_feature_names_out().astype(object)
    pair = np.array([" " in name for name in names.tolist()], dtype=bool)
    found = Terms(matrix, names, pair)
    return found.kept(~pair | (np.asarray(matrix.sum(axis=0)).ravel() > 1))


def matrix_of(wordings: Sequence[str], names: Sequence[str]) -> Any:
    """Sparse (wordings, names): 1 where the term stands in the wording."""
    return _vectorizer(vocabulary=list(names)).transform(wordings)


def _vectorizer(**more: Any) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(
        tokenizer=str.split, token_pattern=None, lowercase=False, ngram_range=(1, 2), binary=True, dtype=np.float64,
        **more,
    )  # fmt: skip
