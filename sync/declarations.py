"""Files of declarations, read into arrivals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from annotation.errors import InvalidInputError
from sync import tablefiles
from sync.intake import Arrival
from sync.settings import IntakeSource
from sync.storage import Storage


def read(storage: Storage, source: IntakeSource, *, now: datetime) -> Iterator[list[Arrival]]:
    """Batches of arrivals, in the order of files and rows.

    A row without id is known by its file and number; without date it counts as declared now. A missing column raises
    InvalidInputError that names the columns there are; a row with an unreadable date carries its problem.
    """
    for batch in tablefiles.read(storage, source.path):
        frame = batch.rows.to_pandas()
        _check_columns(frame, source, batch.file)
        name = PurePosixPath(batch.file).name
        yield [
            _arrival(row, name, batch.row(number) + 1, declared_at, source, now)
            for number, (row, declared_at) in enumerate(
                zip(frame.to_dict("records"), _dates(frame, source), strict=True)
            )
        ]


def _check_columns(frame: pd.DataFrame, source: IntakeSource, file: str) -> None:
    wanted = [source.text, source.id, source.date, source.code, source.codes, source.probabilities, *source.variables]
    missing = [column for column in wanted if column and column not in frame.columns]
    if missing:
        raise InvalidInputError(
            f"{file} has no column {', '.join(map(repr, missing))}; it has {', '.join(map(str, frame.columns))}.",
            cure="Name the columns in the intake's settings or options (text, id, date, code, variables).",
        )


def _dates(frame: pd.DataFrame, source: IntakeSource) -> Sequence[Any]:
    if not source.date:
        return [None] * len(frame)
    parsed = pd.to_datetime(frame[source.date], utc=True, errors="coerce", format="ISO8601")
    return [None if pd.isna(moment) else moment.to_pydatetime() for moment in parsed]


def _arrival(
    row: Mapping[Any, Any], file: str, number: int, declared_at: datetime | None, source: IntakeSource, now: datetime
) -> Arrival:
    unreadable = bool(source.date) and declared_at is None
    return Arrival(
        file=file,
        row=number,
        external_id=_cell(row, source.id) or f"{file}:{number}",
        text=_cell(row, source.text),
        declared_at=declared_at or now,
        variables={name: value for name in source.variables if (value := _cell(row, name))},
        code=_cell(row, source.code),
        codes=_list(row.get(source.codes)) if source.codes else (),
        probabilities=tuple(map(float, _list(row.get(source.probabilities)))) if source.probabilities else (),
        problem=f"The date {_cell(row, source.date)!r} is no ISO date (2026-11-30)." if unreadable else "",
    )


def _cell(row: Mapping[Any, Any], column: str) -> str:
    value = row.get(column) if column else None
    return "" if value is None or value is pd.NA or value != value else str(value).strip()


def _list(value: Any) -> tuple[str, ...]:
    """A Parquet list, or a CSV cell that holds a JSON list or values separated by bars."""
    if isinstance(value, str):
        items = json.loads(value) if value.startswith("[") else value.split("|")
        return tuple(str(item).strip() for item in items if str(item).strip())
    return () if value is None else tuple(map(str, value))
