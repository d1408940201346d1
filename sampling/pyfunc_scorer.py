"""Scores of any model that MLflow loads as pyfunc, by the signature that our own models are registered with.

Input: a column ``text`` and one per auxiliary variable, strings as they were declared. Output, a row per text in their
order: ``code``, ``probability`` of that code, ``margin`` (p1 - p2) and ``codable``, false where the text says nothing
to the model. A model may add ``codes`` and ``probabilities``: lists in parallel, most probable first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import InvalidInputError
from sampling.scorer import Scores

TEXT = "text"
COLUMNS = ("code", "probability", "margin", "codable")
RANKED = ("codes", "probabilities")
CURE = f"The model must return {', '.join(COLUMNS)}, and may return {' and '.join(RANKED)} as ranked lists."
# Between the fields of a line. str.split takes it for a blank, and no declared text needs it.
_SEPARATOR = "\x1f"
_BATCH = 8192
_TOLERANCE = 1e-6

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Predictor(Protocol):
    def predict(self, data: pd.DataFrame) -> Any: ...


class Verbatim(Normaliser):
    """For a model that cleans by itself: its lines hold text and variables as declared. ``clean`` is as ever."""

    def line(self, text: str, variables: Mapping[str, str] | None = None) -> str:
        given = variables or {}
        fields = (text, *(given.get(name) or "" for name in self.variables))
        return _SEPARATOR.join(field.replace(_SEPARATOR, " ") for field in fields)

    def __reduce__(self) -> tuple[type[Normaliser], tuple[Cleaning, tuple[str, ...]]]:
        return Verbatim, (self.cleaning, self.variables)


class PyfuncScorer:
    """Scores lines of ``Verbatim``; equal ones are asked about once.

    ``entropy`` is that of the probabilities the model gives, what remains to 1 taken as one code more: no more than the
    entropy over all codes. ``known`` is 1 where the text is codable, else 0.
    """

    def __init__(self, model: Predictor, variables: Sequence[str], *, name: str) -> None:
        self._model = model
        self._columns = (TEXT, *variables)
        self._name = name

    def score(self, lines: Sequence[str], k: int = 5) -> Scores:
        """Raises InvalidInputError that names the column in which the model's answer is wrong."""
        if k < 1:
            raise InvalidInputError(f"k is {k}, and at least one code must be asked for.")
        distinct = list(dict.fromkeys(lines))
        answers = [self._ask(distinct[start : start + _BATCH]) for start in range(0, len(distinct), _BATCH)]
        places = {line: place for place, line in enumerate(distinct)}
        rows = np.fromiter((places[line] for line in lines), np.intp, len(lines))
        return _scores(_joined(answers), rows, k)

    def _ask(self, lines: Sequence[str]) -> _Answer:
        rows = [line.split(_SEPARATOR) for line in lines]
        asked = pd.DataFrame(rows, columns=pd.Index(self._columns, dtype=object), dtype=object)
        try:
            told = self._model.predict(asked)
        except Exception as error:  # whatever the author's own code raises
            raise self._wrong(f"fails: {type(error).__name__}: {error}") from error
        self._check_shape(told, len(lines))
        return self._ranked(told) if RANKED[0] in told else self._first(told)

    def _check_shape(self, told: Any, count: int) -> None:
        if not isinstance(told, pd.DataFrame):
            raise self._wrong(f"returns {type(told).__name__}, no table with columns")
        wanted = (*COLUMNS, *(RANKED if any(name in told for name in RANKED) else ()))
        missing = [name for name in wanted if name not in told]
        if missing:
            raise self._wrong(f"returns the columns {', '.join(map(str, told))}, without {', '.join(missing)}")
        if len(told) != count:
            raise self._wrong(f"returns {len(told)} rows for {count} texts")

    def _first(self, told: pd.DataFrame) -> _Answer:
        codable = self._codable(told)
        probability, margin = self._numbers(told, "probability", codable), self._numbers(told, "margin", codable)
        codes = np.where(codable, told["code"].fillna("").astype(str).to_numpy(object), "").astype(object)
        entropy = _entropy(np.column_stack([probability, probability - margin]))
        return _Answer(codes[:, None], probability[:, None], margin, entropy, codable)

    def _ranked(self, told: pd.DataFrame) -> _Answer:
        codable = self._codable(told)
        width = max((len(codes) for codes in told[RANKED[0]][codable]), default=1)
        codes = np.full((len(told), max(2, width)), "", dtype=object)
        probabilities = np.zeros(codes.shape)
        for row in np.flatnonzero(codable):
            named, values = (list(told[name].iloc[row]) for name in RANKED)
            if not named or len(named) != len(values) or values != sorted(values, reverse=True):
                raise self._wrong(f"returns codes and probabilities that are no parallel ranking: {named}, {values}")
            codes[row, : len(named)], probabilities[row, : len(named)] = list(map(str, named)), values
        self._check_range("probabilities", probabilities)
        margin = probabilities[:, 0] - probabilities[:, 1]
        return _Answer(codes, probabilities, margin, _entropy(probabilities), codable)

    def _codable(self, told: pd.DataFrame) -> Flags:
        told_flags = pd.to_numeric(told["codable"], errors="coerce")
        if told_flags.isna().any():
            raise self._wrong("returns a column codable with values that are neither true nor false")
        flags: Flags = told_flags.to_numpy(dtype=bool)
        return flags

    def _numbers(self, told: pd.DataFrame, column: str, codable: Flags) -> Floats:
        values: Floats = pd.to_numeric(told[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        values = np.where(codable, values, 0.0)
        self._check_range(column, values)
        return values

    def _check_range(self, column: str, values: Floats) -> None:
        if not ((values >= -_TOLERANCE) & (values <= 1 + _TOLERANCE)).all():  # nan neither
            raise self._wrong(f"returns a column {column} with values that are no numbers from 0 to 1")

    def _wrong(self, what: str) -> InvalidInputError:
        return InvalidInputError(f"The model {self._name} {what}.", cure=CURE)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Codes (n, w) and probabilities (n, w), the rest (n,)."""

    codes: npt.NDArray[np.object_]
    probabilities: Floats
    margin: Floats
    entropy: Floats
    codable: Flags


def _entropy(probabilities: Floats) -> Floats:
    rest = np.clip(1 - probabilities.sum(axis=1), 0, None)
    shares = np.clip(np.column_stack([probabilities, rest]), 0, None)
    shares /= np.maximum(shares.sum(axis=1), 1)[:, None]  # those of independent codes sum to more than 1
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logarithms).sum(axis=1))


def _joined(answers: Sequence[_Answer]) -> _Answer:
    answers = answers or [_nothing()]  # of no line at all
    width = max(answer.codes.shape[1] for answer in answers)
    wide = [(0, 0), (0, width)]
    return _Answer(
        np.concatenate([np.pad(a.codes, wide, constant_values="")[:, :width] for a in answers]),
        np.concatenate([np.pad(a.probabilities, wide)[:, :width] for a in answers]),
        np.concatenate([a.margin for a in answers]),
        np.concatenate([a.entropy for a in answers]),
        np.concatenate([a.codable for a in answers]),
    )


def _nothing() -> _Answer:
    empty = np.zeros(0)
    return _Answer(np.empty((0, 1), dtype=object), np.zeros((0, 1)), empty, empty, np.zeros(0, dtype=bool))


def _scores(answer: _Answer, rows: npt.NDArray[np.intp], k: int) -> Scores:
    known = answer.codable & (answer.codes[:, 0] != "")
    return Scores(
        answer.codes[rows, :k],
        np.clip(answer.probabilities, 0, 1)[rows, :k].astype(np.float32),
        np.where(known, np.clip(answer.margin, 0, 1), 0)[rows].astype(np.float32),
        np.where(known, answer.entropy, 0)[rows].astype(np.float32),
        known[rows].astype(np.float32),
    )
