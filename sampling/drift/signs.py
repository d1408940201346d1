"""What became more frequent, each with how surely: the signs by which single texts are told to drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np

from sampling.drift.classifier import Classifier
from sampling.drift.detectors import Shift, Tallies

Kind = Literal["code", "word", "phrase", "variable", "wording"]

# Standard errors: a rise that is told from none at all, and the part of it that is counted on.
_LEAST: Final = 2.0
_SURE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Sign:
    """A value that rose; ``strength`` is the logarithm of how many times it is as frequent, at the least."""

    kind: Kind
    value: str
    before: float
    after: float
    strength: float


@dataclass(frozen=True, slots=True)
class Signs:
    """By value: words, pairs of words, predicted codes, and auxiliary variables written ``name=value``."""

    words: Mapping[str, Sign] = field(default_factory=dict)
    phrases: Mapping[str, Sign] = field(default_factory=dict)
    codes: Mapping[str, Sign] = field(default_factory=dict)
    variables: Mapping[str, Sign] = field(default_factory=dict)
    classifier: Classifier | None = None


def rising(kind: Kind, tallies: Tallies) -> dict[str, Sign]:
    """The values that rose by two standard errors at least, with repeats counted for what they are worth."""
    if not len(tallies.values) or not all(tallies.totals):
        return {}
    # Half a count more in either window keeps a value that one of them lacks in bounds (Haldane 1956).
    before, after = tallies.before / tallies.effect + 0.5, tallies.after / tallies.effect + 0.5
    risen = np.log(after / before) - np.log(tallies.totals[1] / tallies.totals[0])
    error = np.sqrt(1 / before + 1 / after)
    strength = risen - _SURE * error
    rows = np.flatnonzero((risen > _LEAST * error) & (strength > 0))
    shares = tallies.before / tallies.totals[0], tallies.after / tallies.totals[1]
    return {
        tallies.values[row]: Sign(
            kind, tallies.values[row], float(shares[0][row]), float(shares[1][row]), float(strength[row])
        )
        for row in rows.tolist()
    }


def gather(
    terms: Tallies, codes: Tallies | None, variables: Sequence[Tallies | None], classifier: Classifier | None
) -> Signs:
    """The signs of a whole comparison."""
    risen = rising("word", terms)
    values: dict[str, Sign] = {}
    for tallies in variables:
        values |= rising("variable", tallies) if tallies else {}
    return Signs(
        words={value: sign for value, sign in risen.items() if " " not in value},
        phrases={value: replace(sign, kind="phrase") for value, sign in risen.items() if " " in value},
        codes=rising("code", codes) if codes else {},
        variables=values,
        classifier=classifier,
    )


def of_shifts(kind: Kind, shifts: Mapping[str, Shift]) -> dict[str, Sign]:
    """The same of shifts that were tested already."""
    return {
        one.value: Sign(kind, one.value, one.before, one.after, float(np.log(one.after / max(one.before, 1e-6))))
        for one in shifts.values()
    }
