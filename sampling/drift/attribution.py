"""Which texts drive a drift, and why: a score and a cause for each text of the current window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from sampling import reasons
from sampling.drift import signs
from sampling.drift.report import DriftReport
from sampling.drift.signs import Kind, Sign, Signs

Floats = npt.NDArray[np.float64]

# What the whole wording counts for beside the strongest single sign.
_WHOLE: Final = 0.5
# A wording without a sign of its own drifts when half of its like are new.
_LEAST_WHOLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Cause:
    """What rose in share with the text: a code, a word, two words in a row, ``variable=value``, or its whole wording.

    Of a whole wording no share is known: ``before`` and ``after`` are 0.
    """

    kind: Kind
    value: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """In the order of the texts: ``scores`` (n,) of at least 0, larger drifts more, 0 without a sign of drift.

    A text has a cause where its score is above 0.
    """

    scores: Floats
    causes: tuple[Cause | None, ...]
    since: datetime

    def reason(self, row: int, language: str) -> str:
        """The cause in words; empty without one."""
        cause = self.causes[row]
        if cause is None:
            return ""
        return reasons.drifted(
            language, kind=cause.kind, value=cause.value, before=cause.before, after=cause.after, since=self.since
        )


def attribute(
    report: DriftReport,
    *,
    words: Sequence[str],
    codes: Sequence[str | None],
    variables: Sequence[Mapping[str, str]] | None = None,
) -> Attribution:
    """Score texts by what rose: ``words`` are cleaned wordings, ``codes`` predicted ones, ``variables`` as declared.

    The score is the strength of the strongest sign, the part of the texts with it that its rise has brought, and half
    of the like part by the classifier's log-odds that the wording, which it has not seen, is a current one.
    """
    held = _signs(report)
    unique = {wording: place for place, wording in enumerate(dict.fromkeys(words))}
    place = np.array([unique[wording] for wording in words], dtype=np.int64)
    whole = np.maximum(0.0, 1 - np.exp(-_odds(held, list(unique))))[place]
    in_words = [_strongest(_in_wording(held, wording)) for wording in unique]
    scores = np.zeros(len(words))
    causes: list[Cause | None] = []
    values = variables if variables is not None else [{}] * len(words)
    for row, (code, given) in enumerate(zip(codes, values, strict=True)):
        sign = _strongest(_of_text(held, in_words[place[row]], code, given))
        cause = _cause(sign, float(whole[row]))
        if cause is not None:
            scores[row] = (sign.strength if sign else 0.0) + _WHOLE * whole[row]
        causes.append(cause)
    return Attribution(scores, tuple(causes), report.windows.current.start)


def _signs(report: DriftReport) -> Signs:
    if report.details is not None:
        return report.details.signs
    return Signs(words=signs.of_shifts("word", report.risen_words), codes=signs.of_shifts("code", report.risen_codes))


def _odds(held: Signs, wordings: Sequence[str]) -> Floats:
    if held.classifier is None or not wordings:
        return np.zeros(len(wordings))
    return held.classifier.log_odds(wordings)


def _in_wording(held: Signs, wording: str) -> Iterator[Sign]:
    words = wording.split()
    for word in words:
        if word in held.words:
            yield held.words[word]
    for first, second in pairwise(words):
        if (phrase := f"{first} {second}") in held.phrases:
            yield held.phrases[phrase]


def _of_text(held: Signs, in_words: Sign | None, code: str | None, variables: Mapping[str, str]) -> Iterator[Sign]:
    if in_words is not None:
        yield in_words
    if code in held.codes:
        yield held.codes[str(code)]
    if held.variables:
        for name, value in variables.items():
            if (pair := f"{name}={value}") in held.variables:
                yield held.variables[pair]


def _strongest(found: Iterator[Sign]) -> Sign | None:
    return max(found, key=lambda sign: sign.strength, default=None)


def _cause(sign: Sign | None, whole: float) -> Cause | None:
    """The sign, unless the wording as a whole, ``whole``, tells more."""
    if sign is not None and sign.strength >= _WHOLE * whole:
        return Cause(sign.kind, sign.value, sign.before, sign.after)
    return Cause("wording", "", 0.0, 0.0) if sign is not None or whole >= _LEAST_WHOLE else None
