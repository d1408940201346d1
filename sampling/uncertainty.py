"""How unsure a model is of each text, from what it says itself; larger is less sure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def least_confidence(first: npt.ArrayLike) -> Floats:
    """One minus the probability (n,) of the most probable code (Lewis and Gale 1994)."""
    return 1.0 - np.asarray(first, dtype=float)


def breaking_ties(margin: npt.ArrayLike) -> Floats:
    """One minus the margin (n,) (Scheffer et al. 2001; Luo et al. 2005)."""
    return 1.0 - np.asarray(margin, dtype=float)


def margin(probabilities: npt.ArrayLike) -> Floats:
    """The largest minus the second largest probability (n,) of each row (n, k), sorted or not; of one code, its own."""
    given = np.asarray(probabilities, dtype=float)
    if given.shape[1] == 1:
        return given[:, 0].copy()
    two = np.partition(given, -2, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0])


def entropy(probabilities: npt.ArrayLike) -> Floats:
    """Shannon's entropy (n,) in nats of each row (n, k); true of the model only when the rows hold all its codes."""
    given = np.asarray(probabilities, dtype=float)
    logs = np.log(given, out=np.zeros_like(given), where=given > 0)
    return np.asarray(-(given * logs).sum(axis=1)) + 0.0
