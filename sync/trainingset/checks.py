"""What is looked at before a version is committed, and what is done about what is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

from annotated_types import Ge, Gt, Le

from annotation.errors import CheckFailedError

Share = Annotated[float, Ge(0), Le(1)]

EXAMPLES: Final = 20
_NAMED = 5
_SHORT = 60


class Level(StrEnum):
    """STOP: nothing is committed. WARN: it is reported. OFF: nobody looks."""

    STOP = "stop"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Checks:
    """How each finding is taken, and from where on there is one.

    ``unknown_codes``: not a leaf of the nomenclature. ``leakage``: a text that is kept apart to measure with, by its
    key, its wording or the words that a model reads. ``conflicts``: more than ``conflicts_share`` of the rows have a
    wording that has several codes. ``distribution``, against the parent: a code of at least ``vanished_from`` rows is
    gone, or its share grew or shrank by ``growth_factor`` and by more than chance does once in ``1 / chance`` builds,
    or the total variation passes ``total_variation``. ``empty_texts``: nothing is left after cleaning.
    ``source_shares``: a source has more than its share in ``largest_shares``. ``expired_rules``: they edit nothing.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    unknown_codes: Level = Level.STOP
    leakage: Level = Level.STOP
    conflicts: Level = Level.WARN
    conflicts_share: Share = 0.05
    distribution: Level = Level.WARN
    vanished_from: Annotated[int, Ge(1)] = 5
    growth_factor: Annotated[float, Gt(1)] = 2.0
    chance: Annotated[float, Gt(0), Le(0.5)] = 0.001
    total_variation: Share = 0.2
    empty_texts: Level = Level.WARN
    source_shares: Level = Level.STOP
    largest_shares: Mapping[str, Share] = field(default_factory=lambda: {"model": 0.2, "llm": 0.2})
    expired_rules: Level = Level.WARN


@dataclass(frozen=True, slots=True)
class Example:
    """A row that a finding is about; ``wording`` is shortened, and empty where the finding comes from a report."""

    text_key: str
    wording: str
    code: str
    label_id: int

    def __str__(self) -> str:
        return f"{self.text_key} {self.wording!r} {self.code} (label {self.label_id})"


@dataclass(frozen=True, slots=True)
class Finding:
    """``count`` rows (or codes, or rules) are concerned; ``rows`` shows up to 20 of them."""

    check: str
    level: Level
    message: str
    count: int
    rows: tuple[Example, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Without the wordings, so that the ledger holds these in one place alone."""
        rows = [{"text_key": row.text_key, "code": row.code, "label_id": row.label_id} for row in self.rows]
        return asdict(self) | {"level": self.level.value, "rows": rows}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Finding:
        rows = tuple(Example(row["text_key"], "", row["code"], row["label_id"]) for row in stored["rows"])
        return cls(stored["check"], Level(stored["level"]), stored["message"], stored["count"], rows)


class BuildRefusedError(CheckFailedError):
    """``findings`` are all that were made, those first that stopped the build."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        stopping = [one for one in findings if one.level is Level.STOP]
        super().__init__(
            " ".join(_told(one) for one in stopping),
            cure="Nothing was written. Correct the labels, exclude them or write a rule (settings under"
            " [trainingset]), or set the check to warn under [trainingset.checks].",
        )
        self.findings = (*stopping, *(one for one in findings if one.level is not Level.STOP))


def require(findings: Iterable[Finding]) -> None:
    """Raise BuildRefusedError where one of the findings stops the build."""
    found = tuple(findings)
    if any(one.level is Level.STOP for one in found):
        raise BuildRefusedError(found)


def shortened(wording: str) -> str:
    flat = " ".join(wording.split())
    return flat if len(flat) <= _SHORT else f"{flat[: _SHORT - 1]}…"


def _told(finding: Finding) -> str:
    if not finding.rows:
        return finding.message
    rest = finding.count - len(finding.rows[:_NAMED])
    named = "; ".join(map(str, finding.rows[:_NAMED]))
    return f"{finding.message} {named}{f'; and {rest} more' if rest > 0 else ''}."
