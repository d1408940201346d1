"""A campaign: the coding of a flow of texts into one nomenclature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Campaign:
    key: str
    title: str
    nomenclature: str
    language: str
    created_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """One seeded selection; ``recipe`` holds its budget and the sizes of its strata. ``id`` is 0 until stored."""

    key: str
    campaign: str
    seed: int
    model_version: str | None
    reference_window: str
    current_window: str
    recipe: Mapping[str, Any]
    drawn_at: datetime
    id: int = 0
