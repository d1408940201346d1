"""Texts and their arrivals in the register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Text:
    """One description; ``key`` identifies text and variables, ``group_key`` the text alone (near copies share it).

    Of an ``erased`` one the keys are left, and nothing else.
    """

    key: str
    group_key: str
    text: str
    variables: Mapping[str, str] = field(default_factory=dict)
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """A text as it arrived; ``code`` is the one that the register holds for it, if any."""

    source: str
    external_id: str
    text_key: str
    declared_at: datetime
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the flow: from ``start`` (included) to ``end`` (excluded); ISO 8601 as text."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"
