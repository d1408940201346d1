"""What a cheap model says of labelled texts that it has not learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from annotation.domain.chance import chance
from annotation.quality import confident_learning
from annotation.quality.confident_learning import Suspects

FOLDS: Final = 5
# Two models that see the same text err together: a plain product of theirs would be too sure.
_SHARPNESS: Final = 0.7
_SMOOTHING: Final = 0.05
_ROWS: Final = 4096
# Of a code with fewer labels the model has learnt too little to speak against one of them.
_LEAST_LABELS: Final = 3
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Judged:
    """``names`` are the codes by number; ``likeliest`` (n, few) are the numbers that the model holds for most probable
    of each text, best first."""

    suspects: Suspects
    names: tuple[str, ...]
    likeliest: npt.NDArray[np.integer]

    def other(self, row: int) -> str:
        """The code that the text is taken to have."""
        return self.names[int(self.suspects.other[row])]

    def ranked(self, row: int) -> list[str]:
        return [self.names[int(place)] for place in self.likeliest[row]]


def judge(words: Sequence[str], groups: Sequence[str], labels: Sequence[str]) -> Judged:
    """Of cleaned texts with the keys of their wordings and their labels; a wording is never on both sides of a fold.

    Two naive Bayes models, on words and on parts of words, whose logarithms are added: as good at finding wrong labels
    as a regression at a fraction of its time.
    """
    names, numbers = np.unique(np.array(labels, dtype=object), return_inverse=True)
    probabilities = out_of_sample(words, numbers, len(names), folds(groups))
    found = confident_learning.find(numbers, probabilities)
    enough = np.bincount(numbers)[numbers] >= _LEAST_LABELS
    kept = Suspects(found.wrong & enough, np.where(enough, found.other, numbers), found.margin)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :_SHOWN]
    return Judged(kept, tuple(map(str, names)), best)


def folds(groups: Sequence[str]) -> npt.NDArray[np.integer]:
    """The fold of each wording, always the same one."""
    return np.array([int(FOLDS * chance(group, "fold")) for group in groups])


def out_of_sample(
    words: Sequence[str], labels: npt.NDArray[np.integer], codes: int, fold: npt.NDArray[np.integer]
) -> npt.NDArray[np.floating]:
    """The probabilities (n, codes) of a model that has learnt from the other folds."""
    from scipy import special
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.naive_bayes import MultinomialNB

    seen: tuple[Any, ...] = tuple(
        TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **how).fit_transform(words)
        for how in ({"ngram_range": (1, 2)}, {"analyzer": "char_wb", "ngram_range": (3, 5)})
    )
    found: npt.NDArray[np.floating] = np.zeros((len(words), codes), dtype=np.float32)
    for held in range(FOLDS):
        learnt, asked = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        if not len(learnt) or not len(asked):
            continue
        models = [MultinomialNB(alpha=_SMOOTHING).fit(matrix[learnt], labels[learnt]) for matrix in seen]
        for start in range(0, len(asked), _ROWS):
            rows = asked[start : start + _ROWS]
            logs = sum(model.predict_log_proba(matrix[rows]) for model, matrix in zip(models, seen, strict=True))
            found[np.ix_(rows, models[0].classes_)] = special.softmax(_SHARPNESS * logs, axis=1)
    return found
