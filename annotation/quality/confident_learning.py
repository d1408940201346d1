"""Labels that are probably wrong (Northcutt, Jiang and Chuang 2021, confident learning).

A model that has not learnt from a text says how likely each code is. Each code has its own mark: how sure the model is
of it, on average, where it is the label. A text whose probability of another code reaches that code's mark, and more so
than any further one, is taken to have that other code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Arrays (n,) in the order of the labels. ``wrong`` tells the suspected ones, ``other`` the code each is taken to
    have, the label itself where it is not suspected; ``margin`` is the label's probability minus the largest other one:
    the lower, the more suspect."""

    wrong: npt.NDArray[np.bool_]
    other: Integers
    margin: Floats


def marks(labels: Integers, probabilities: Floats) -> Floats:
    """How sure the model is of each code (codes,) where it is the label; infinite for a code that labels no text."""
    codes = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels]
    number = np.bincount(labels, minlength=codes)
    sums = np.bincount(labels, own, minlength=codes)
    return np.where(number > 0, sums / np.maximum(number, 1), np.inf)


def find(labels: Integers, probabilities: Floats, marks_of: Floats | None = None) -> Suspects:
    """``labels`` (n,) are columns of ``probabilities`` (n, codes), which are out of sample.

    ``marks_of`` is given where the texts come in parts, whose common marks were taken before.
    """
    reached = probabilities >= (marks(labels, probabilities) if marks_of is None else marks_of)[None, :]
    likeliest = np.where(reached, probabilities, -1.0).argmax(axis=1)
    wrong = reached.any(axis=1) & (likeliest != labels)
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = -1.0
    return Suspects(wrong, np.where(wrong, likeliest, labels), own - others.max(axis=1))
