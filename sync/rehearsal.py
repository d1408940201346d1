"""A coded file played as a flow: what is known beforehand, and what arrives month by month without its code."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from annotation.domain import text as texts
from annotation.errors import InvalidInputError
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Nomenclature
from sync import declarations
from sync.intake import Arrival
from sync.settings import IntakeSource, RehearsalSettings
from sync.storage import Storage

HISTORY = "rehearsal-history"
STREAM = "rehearsal-stream"
DAYS_PER_PART = 30


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``history`` carries codes, ``parts`` do not. ``truth`` maps the wording's group key to its most usual code."""

    history: tuple[Arrival, ...]
    parts: tuple[tuple[Arrival, ...], ...]
    truth: dict[str, str | None]


def load(*, storage: Storage, settings: RehearsalSettings, nomenclature: Nomenclature) -> Rehearsal:
    """Read the file, shuffle its rows by the seed, and deal them out.

    Rows whose code the nomenclature lacks stay in the history, where the intake quarantines them with their reason.
    The history spans the year before ``first_day``; each part fills 30 days from there on, evenly.
    """
    columns = IntakeSource(
        path=settings.path, text=settings.text, code=settings.code, variables=settings.variables, source=HISTORY
    )
    start = _first_day(settings.first_day)
    rows = [arrival for batch in declarations.read(storage, columns, now=start) for arrival in batch]
    known = [row for row in rows if _is_known(row.code, nomenclature)]
    if len(known) <= settings.initial:
        raise InvalidInputError(
            f"{settings.path} holds {len(known)} rows with a known code; the rehearsal wants more than"
            f" {settings.initial} to begin with.",
            cure="Lower rehearsal.initial, or check that the nomenclature is the one of the file.",
        )
    order = np.random.default_rng(settings.seed).permutation(len(known))
    shuffled = [known[position] for position in order]
    unknown = [row for row in rows if not _is_known(row.code, nomenclature)]
    history = _dated(shuffled[: settings.initial] + unknown, start - timedelta(days=365), days=365)
    return Rehearsal(
        tuple(history), tuple(_parts(shuffled[settings.initial :], start, settings.parts)), _truth(known, nomenclature)
    )


def _first_day(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInputError(
            f"rehearsal.first_day is {written!r}, which is no ISO date.", cure="Write it like 2026-01-01."
        ) from error


def _is_known(code: str, nomenclature: Nomenclature) -> bool:
    try:
        nomenclature.parse(code, leaf=True)
    except UnknownCodeError:
        return False
    return True


def _parts(rows: Sequence[Arrival], start: datetime, number: int) -> list[tuple[Arrival, ...]]:
    size = math.ceil(len(rows) / number)
    return [
        tuple(
            replace(row, code="")
            for row in _dated(
                rows[part * size : (part + 1) * size], start + timedelta(days=DAYS_PER_PART * part), days=DAYS_PER_PART
            )
        )
        for part in range(number)
    ]


def _dated(rows: Sequence[Arrival], start: datetime, *, days: int) -> list[Arrival]:
    step = timedelta(days=days) / max(1, len(rows))
    return [replace(row, declared_at=start + step * position) for position, row in enumerate(rows)]


def _truth(rows: Sequence[Arrival], nomenclature: Nomenclature) -> dict[str, str | None]:
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        votes[texts.group_key(row.text)][nomenclature.parse(row.code, leaf=True)] += 1
    return {group: max(sorted(counted), key=lambda code: counted[code]) for group, counted in votes.items()}
