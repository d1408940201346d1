"""What arrived in both windows, one row per text, as every detector reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from annotation.domain.declaration import Text
from annotation.domain.prediction import Prediction
from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import Ledger
from sampling import calibration as calibrations
from sampling.calibration import Calibration
from sampling.drift.repeats import Split
from sampling.drift.windows import Windows

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Flow:
    """Sequences (n,) run in parallel, one place per text.

    ``before`` and ``after`` are its declarations in either window. ``words`` is the cleaned text. ``group`` numbers the
    wordings: texts that are alike once cleaned share it. ``codes`` holds None where the model knew no word or has not
    scored the text; ``margin`` and ``confidence`` (the chance that the code is right) are 0 there. ``known`` is NaN
    where it has not scored the text.
    """

    keys: tuple[str, ...]
    texts: tuple[str, ...]
    words: tuple[str, ...]
    group: Counts
    before: Counts
    after: Counts
    codes: tuple[str | None, ...]
    margin: Floats
    known: Floats
    confidence: Floats
    variables: tuple[Mapping[str, str], ...]

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def split(self) -> Split:
        return Split(self.before, self.after, self.group)

    @cached_property
    def wordings(self) -> tuple[str, ...]:
        """By number of the group."""
        return tuple(dict(zip(self.group.tolist(), self.words, strict=True)).values())

    @cached_property
    def of_wordings(self) -> Split:
        """The declarations of each wording, by number of the group."""
        size = len(self.wordings)
        before, after = (np.bincount(self.group, counts, size).astype(np.int64) for counts in (self.before, self.after))
        return Split(before, after, np.arange(size))

    @cached_property
    def scored(self) -> npt.NDArray[np.bool_]:
        return np.array([code is not None for code in self.codes], dtype=bool)


def read(
    *,
    ledger: Ledger,
    windows: Windows,
    model_version: str,
    normaliser: Normaliser,
    calibration: Calibration = calibrations.NONE,
) -> Flow:
    """The texts declared in either window, in order of their key."""
    with ledger.read() as work:
        before = work.texts.declared_in(windows.reference)
        after = work.texts.declared_in(windows.current)
        keys = sorted({*before, *after})
        texts = work.texts.get(keys)
        predictions = work.texts.predictions(model_version, keys)
    return build(
        [texts[key] for key in keys],
        [predictions.get(key) for key in keys],
        before=[before.get(key, 0) for key in keys],
        after=[after.get(key, 0) for key in keys],
        normaliser=normaliser,
        calibration=calibration,
    )


def build(
    texts: Sequence[Text],
    predictions: Sequence[Prediction | None],
    *,
    before: Sequence[int],
    after: Sequence[int],
    normaliser: Normaliser,
    calibration: Calibration = calibrations.NONE,
) -> Flow:
    """A flow of texts with their predictions and their declarations in either window, all in one order."""
    words = tuple(normaliser.clean(text.text) for text in texts)
    codes = tuple(one.code if one else None for one in predictions)
    margin = np.array([one.margin if one else 0.0 for one in predictions], dtype=float)
    first = np.array([one.probabilities[0] if one and one.probabilities else 0.0 for one in predictions], dtype=float)
    return Flow(
        keys=tuple(text.key for text in texts),
        texts=tuple(text.text for text in texts),
        words=words,
        # What is empty once cleaned is no one wording.
        group=number([said or text.group_key for said, text in zip(words, texts, strict=True)]),
        before=np.asarray(before, dtype=np.int64),
        after=np.asarray(after, dtype=np.int64),
        codes=codes,
        margin=margin,
        known=np.array([one.known if one else np.nan for one in predictions], dtype=float),
        confidence=calibration.confidence(first, margin, codes),
        variables=tuple(text.variables for text in texts),
    )


def number(values: Sequence[str]) -> Counts:
    """A number (n,) from 0 for each value, equal where the values are."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)
