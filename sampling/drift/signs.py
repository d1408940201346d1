"""What became more frequent, each with how surely: the signs by which single texts are told to drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np

from sampling.drift import detectors
from sampling.drift.classifier import Classifier
from sampling.drift.detectors import Shift, Tallies

Kind = Literal["code", "word", "phrase", "variable", "wording"]

# Rises that are surer to be none, or too slight to tell anything of a single text, are no signs.
_LEAST_SURE: Final = 0.5
_LEAST_STRENGTH: Final = 0.15
_LEAST_TEXTS: Final = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """A value that rose; ``strength`` is the part of its current texts, from 0 to 1, that the rise has brought."""

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
    """The values that rose, the strength of each cut by the chance that it did not.

    That chance is its false discovery rate among all values (Benjamini and Hochberg 1995), from Fisher's test on counts
    divided by their design effect.
    """
    if not len(tallies.values) or not all(tallies.totals):
        return {}
    from scipy import stats

    before, after = tallies.before / tallies.totals[0], tallies.after / tallies.totals[1]
    # Most of a hundred thousand terms stand in two texts: what cannot be a sign is not tested, and counts as 1.
    may = np.flatnonzero((after > before) & (tallies.after >= _LEAST_TEXTS))
    p_values = np.ones(len(after))
    p_values[may] = detectors.p_values(tallies.of(may))
    chance = stats.false_discovery_control(p_values)
    strength = (1 - chance) * (1 - before / np.maximum(after, 1e-300))
    rows = np.flatnonzero((after > before) & (chance < 1 - _LEAST_SURE) & (strength >= _LEAST_STRENGTH))
    return {
        tallies.values[row]: Sign(
            kind, tallies.values[row], float(before[row]), float(after[row]), float(strength[row])
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
        one.value: Sign(kind, one.value, one.before, one.after, 1 - one.before / one.after) for one in shifts.values()
    }
