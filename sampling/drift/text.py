"""Whether the texts changed: words that the model does not know, length, words used, and all of it together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sampling.drift import classifier, detectors, repeats, terms
from sampling.drift.classifier import Told
from sampling.drift.detectors import Limits, Shift, Tallies
from sampling.drift.flow import Flow
from sampling.drift.repeats import Move, Split

Floats = npt.NDArray[np.float64]

_TOP_TERMS = 12


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or two in a row, by which the classifier tells the windows apart; shares are of declarations."""

    value: str
    before: float
    after: float
    weight: float


@dataclass(frozen=True, slots=True)
class Texts:
    """``unknown`` is the share of tokens that the model does not know, ``length`` the number of words of a text;
    ``tallies`` are of words and pairs of words.
    """

    unknown: Move
    length: Move
    length_effect: float
    told: Told
    terms: tuple[Term, ...]
    words: tuple[Shift, ...]
    tallies: Tallies


def compare(flow: Flow, *, random: np.random.Generator, replicates: int, limits: Limits, together: float) -> Texts:
    """Compare the texts of the windows; ``length_effect`` is the move in standard deviations (Cohen 1988)."""
    scored = ~np.isnan(flow.known)
    unknown = repeats.mean(
        1 - flow.known[scored], flow.split.of(scored), random=random, replicates=replicates, together=together
    )
    lengths = np.array([len(wording.split()) for wording in flow.wordings], dtype=float)
    split = flow.of_wordings
    length = repeats.mean(lengths, split, random=random, replicates=replicates, together=together)
    found = terms.build(flow.wordings)
    told = classifier.tell(flow.wordings, found, split, random=random, replicates=replicates, together=together)
    tallies = found.tallies(split, together, least=2)
    words = found.kept(~found.pair).tallies(split, together, least=limits.least_count)
    return Texts(
        unknown=unknown,
        length=length,
        length_effect=_effect(lengths, split, length),
        told=told,
        terms=_telling(told, tallies),
        words=detectors.shifts(words, limits),
        tallies=tallies,
    )


def _effect(lengths: Floats, split: Split, length: Move) -> float:
    if split.empty:
        return 0.0
    deviation = float(np.sqrt(np.average((lengths - length.before) ** 2, weights=split.before)))
    return (length.after - length.before) / deviation if deviation else 0.0


def _telling(told: Told, tallies: Tallies) -> tuple[Term, ...]:
    """The terms that do most to tell the windows apart, either way: weight times the difference of shares."""
    if told.classifier is None:
        return ()
    weights = dict(zip(told.classifier.terms, told.classifier.weights.mean(axis=0).tolist(), strict=True))
    before, after = tallies.before / tallies.totals[0], tallies.after / tallies.totals[1]
    found = [
        Term(value, float(b), float(a), weights[value])
        for value, b, a in zip(tallies.values, before, after, strict=True)
        if value in weights and (a - b) * weights[value] > 0
    ]
    return tuple(sorted(found, key=lambda one: (-one.weight * (one.after - one.before), one.value))[:_TOP_TERMS])
