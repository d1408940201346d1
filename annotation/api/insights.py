"""What the pages show that is worked out above this package, as ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from annotation.quality.samples import Floats


class Change(StrEnum):
    """What became of a row between two versions. BY_RULE: a rule edits it since, or no longer; it is of another kind
    too.
    """

    ADDED = "added"
    REMOVED = "removed"
    RECODED = "recoded"
    REWEIGHTED = "reweighted"
    BY_RULE = "by_rule"


@dataclass(frozen=True, slots=True)
class SetRow:
    """A row of a training set; ``before`` holds the former code, source, weight and rule of a row that changed.

    In a history, ``sequence`` counts the versions from the first one on, and ``removed`` says that the text left there;
    ``added_in`` is the version that brought the row as it stands.
    """

    text_key: str
    text: str
    code: str
    nomenclature: str
    source: str
    weight: float
    coder: str | None
    judgement_id: int | None
    label_id: int
    split: str
    added_in: str = ""
    rule: str | None = None
    removed: bool = False
    sequence: int = 0
    before: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """How many texts a code or a coder won and lost; a recoded text leaves one code and enters another.

    ``name`` is None for labels that no coder gave.
    """

    name: str | None
    added: int
    removed: int
    entered: int
    left: int
    net: int


class Difference(Protocol):
    @property
    def counts(self) -> Mapping[Change, int]: ...

    @property
    def codes(self) -> Sequence[Moves]:
        """Those with most movement first."""

    @property
    def coders(self) -> Sequence[Moves]:
        """By pseudonym, those with most movement first."""

    def rows(self, change: Change, *, limit: int, offset: int) -> Sequence[SetRow]:
        """In order of text key."""


class TrainingSets(Protocol):
    """All raise NotFoundError for a name or version that is not there. Versions never change."""

    def difference(self, name: str, old: str, new: str) -> Difference: ...

    def rows(self, name: str, tag: str, *, limit: int, offset: int) -> Sequence[SetRow]:
        """In order of text key."""

    def sources(self, name: str, tag: str) -> Mapping[str, int]:
        """Rows by source."""

    def history(self, name: str, text_key: str) -> Sequence[SetRow]:
        """What the current version and its ancestors said of the text, oldest first; empty where they knew nothing."""


@dataclass(frozen=True, slots=True)
class Insights:
    """``confidence`` is the chance of being right (n,), by a calibration's document (None: the model's own word), from
    probability (n,), margin (n,) and first code (n,). ``model_address`` leads to a model version in its registry, and
    is None where the registry has no address that a browser could open.
    """

    trainingsets: TrainingSets
    confidence: Callable[[Mapping[str, Any] | None, Floats, Floats, Sequence[str | None]], Floats]
    model_address: Callable[[str, str], str | None]
