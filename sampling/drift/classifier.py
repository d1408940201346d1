"""A classifier that tries to tell current texts from reference texts; where it can, the texts have changed.

The classifier two-sample test of Lopez-Paz and Oquab (2017), with two cares. Copies of one wording never straddle the
folds. And the folds that test are scored by models of *earlier* folds only: scores of ordinary cross-validation share
their labels with each other, which makes the pooled figure vary more than its permutations say (false alarms at 12 %
for 5 %); with earlier folds alone, the folds' scores are uncorrelated while each pair of folds is still compared once.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from sampling.drift import repeats, terms
from sampling.drift.repeats import Split
from sampling.drift.terms import Terms

Floats = npt.NDArray[np.float64]

FOLDS: Final = 5
_STRENGTH: Final = 1.0
_BOUND: Final = 4.0
_MOST_FITTED: Final = 60_000


@dataclass(frozen=True, slots=True)
class Classifier:
    """One linear model per fold, for texts new and old: a wording is scored by the one that has not seen it.

    ``terms`` are words and pairs of neighbouring words; ``rarity`` (terms,) is what each counts for before a text is
    brought to length 1; ``weights`` (folds, terms), ``intercepts`` (folds,).
    """

    terms: Sequence[str]
    rarity: Floats
    weights: Floats
    intercepts: Floats

    def log_odds(self, wordings: Sequence[str]) -> Floats:
        """Of having arrived in the current window, (n,), were both windows of one size; 0 without a known word."""
        matrix = _scaled(terms.matrix_of(wordings, self.terms), self.rarity)
        return self.of_matrix(matrix, folds(wordings))

    def of_matrix(self, matrix: Any, fold: npt.NDArray[np.int64]) -> Floats:
        scores = np.zeros(matrix.shape[0])
        for number in range(FOLDS):
            here = fold == number
            scores[here] = matrix[here] @ self.weights[number] + self.intercepts[number]
        scores[np.diff(matrix.indptr) == 0] = 0.0
        return scores


@dataclass(frozen=True, slots=True)
class Told:
    """``area`` is the share of pairs, one text of either window, that are put in the right order: 0.5 by chance."""

    area: float
    score: float
    p_value: float
    classifier: Classifier | None


NOTHING: Final = Told(0.5, 0.0, 1.0, None)


def folds(words: Sequence[str]) -> npt.NDArray[np.int64]:
    """The fold (n,) of each wording, always the same one."""
    return np.array([crc32(wording.encode()) % FOLDS for wording in words], dtype=np.int64)


def tell(
    wordings: Sequence[str],
    found: Terms,
    split: Split,
    *,
    random: np.random.Generator,
    replicates: int,
    together: float,
) -> Told:
    """Test whether ``wordings`` (n,), each standing once, tell the windows apart by their terms."""
    spread = np.asarray(found.matrix.sum(axis=0)).ravel()
    chosen = found.kept(spread > 1)
    if split.empty or not len(chosen.names):
        return NOTHING
    rarity = np.log(len(wordings) / spread[spread > 1]) + 1
    matrix, fold = _scaled(chosen.matrix, rarity), folds(wordings)
    fitted = _sample(split, random)
    weight = 1 / (1 + (split.total - 1) * together)
    scores, bets = [], []
    for number in range(1, FOLDS):
        model = _fit(matrix, split, weight, fitted & (fold < number))
        if model is not None:
            scores.append(_test(matrix, split, fold == number, model, random, replicates, together))
            # The more folds a model has learnt from, the more it can see.
            bets.append(np.sqrt(number))
    models = [_fit(matrix, split, weight, fitted & (fold != number)) for number in range(FOLDS)]
    known = [model for model in models if model is not None]
    if not scores or len(known) < FOLDS:
        return NOTHING
    from scipy import special

    weights, intercepts = np.vstack([one for one, _ in known]), np.array([one for _, one in known])
    classifier = Classifier(chosen.names.tolist(), rarity, weights, intercepts)
    score = float(np.dot(scores, bets) / np.linalg.norm(bets))
    return Told(_area(classifier.of_matrix(matrix, fold), split), score, float(special.ndtr(-score)), classifier)


def _scaled(matrix: Any, rarity: Floats) -> Any:
    from scipy import sparse
    from sklearn.preprocessing import normalize

    return normalize(matrix @ sparse.diags_array(rarity), copy=False).tocsr()


def _sample(split: Split, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """The wordings that models are fitted on: all, or as many of either window as are enough."""
    chosen = np.zeros(len(split.total), dtype=bool)
    for here in (np.flatnonzero(split.after), np.flatnonzero(split.before)):
        chosen[here if len(here) <= _MOST_FITTED else random.choice(here, _MOST_FITTED, replace=False)] = True
    return chosen


def _fit(matrix: Any, split: Split, weight: Floats, rows: npt.NDArray[np.bool_]) -> tuple[Floats, float] | None:
    from scipy import sparse
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    after, before = rows & (split.after > 0), rows & (split.before > 0)
    if not after.any() or not before.any():
        return None
    current, reference = (split.after * weight)[after], (split.before * weight)[before]
    # Both windows weigh the same, as many wordings as the smaller one stands for.
    size = min(current.sum(), reference.sum())
    model = LogisticRegression(C=_STRENGTH, solver="lbfgs", max_iter=60, tol=1e-6)
    # Threads cost more than they bring on steps of a millisecond: ten times the processor on a busy machine.
    with threadpool_limits(1), warnings.catch_warnings():
        # A little short of the optimum tells the windows apart just as well; a larger tolerance would stop at once,
        # for each term stands in so few texts that the slopes are tiny.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(
            sparse.vstack([matrix[after], matrix[before]]),
            np.repeat([1, 0], [after.sum(), before.sum()]),
            np.concatenate([current * size / current.sum(), reference * size / reference.sum()]),
        )
    return model.coef_[0], float(model.intercept_[0])


def _test(
    matrix: Any,
    split: Split,
    rows: npt.NDArray[np.bool_],
    model: tuple[Floats, float],
    random: np.random.Generator,
    replicates: int,
    together: float,
) -> float:
    odds = np.clip(matrix[rows] @ model[0] + model[1], -_BOUND, _BOUND)
    return repeats.mean(odds, split.of(rows), random=random, replicates=replicates, together=together).score


def _area(scores: Floats, split: Split) -> float:
    from scipy import stats

    order = stats.rankdata(scores, method="dense") - 1
    before, after = np.bincount(order, split.before), np.bincount(order, split.after)
    below = np.cumsum(before) - before
    return float((after * (below + before / 2)).sum() / (before.sum() * after.sum()))
