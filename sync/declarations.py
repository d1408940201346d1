"""Files of declarations, read into arrivals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from annotation.errors import InvalidInputError
from sync import tablefiles
from sync.intake import Arrival
from sync.settings import IntakeSource
from sync.storage import Storage

LONGEST_ID = 128


def read(storage: Storage, source: IntakeSource, *, now: datetime) -> Iterator[list[Arrival]]:
    """Batches of arrivals, in the order of files and rows.

    A row without id is known by its file's path below the source and its number; without date it counts as declared
    now. A missing column raises InvalidInputError that names the columns there are; a row with an unreadable date or
    prediction carries its problem.
    """
    root = storage.url_of(source.path)
    for batch in tablefiles.read(storage, source.path):
        # Else pandas would make 47110.0 of the code 47110 where another row has none.
        frame = batch.rows.to_pandas(integer_object_nulls=True)
        _check_columns(frame, source, batch.file)
        name = batch.file.removeprefix(root).strip("/") or batch.file.rpartition("/")[2]
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
    codes, probabilities, problem = _predicted(row, source)
    if source.date and declared_at is None:
        problem = f"The date {_cell(row, source.date)!r} is no ISO date (2026-11-30)."
    if declared_at is not None and declared_at > now + timedelta(days=1):
        problem = f"The date {_cell(row, source.date)!r} lies in the future."
    given_id = _cell(row, source.id)
    if len(given_id) > LONGEST_ID:
        problem = f"The id has {len(given_id)} characters, more than {LONGEST_ID}."
    return Arrival(
        file=file,
        row=number,
        external_id=given_id or _place(file, number),
        text=_cell(row, source.text),
        declared_at=declared_at or now,
        variables={name: value for name in source.variables if (value := _cell(row, name))},
        code=_cell(row, source.code),
        codes=codes,
        probabilities=probabilities,
        problem=problem,
    )


def _place(file: str, number: int) -> str:
    place = f"{file}:{number}"
    if len(place) <= LONGEST_ID:
        return place
    digest = hashlib.sha256(file.encode()).hexdigest()[:16]
    return f"{digest}/{file.rpartition('/')[2][-80:]}:{number}"


def _predicted(row: Mapping[Any, Any], source: IntakeSource) -> tuple[tuple[str, ...], tuple[float, ...], str]:
    """Codes, probabilities, and what is wrong with them."""
    if not source.codes:
        return (), (), ""
    try:
        codes = _list(row.get(source.codes))
        probabilities = tuple(map(float, _list(row.get(source.probabilities)))) if source.probabilities else ()
    except ValueError as error:
        return (), (), f"The prediction cannot be read: {error}."
    if source.probabilities and len(codes) != len(probabilities):
        return (), (), f"The prediction has {len(codes)} codes and {len(probabilities)} probabilities."
    if any(not 0 <= p <= 1 for p in probabilities) or list(probabilities) != sorted(probabilities, reverse=True):
        return (), (), "The probabilities of the prediction do not fall from 1 to 0."
    return codes, probabilities, ""


def _cell(row: Mapping[Any, Any], column: str) -> str:
    value = row.get(column) if column else None
    # PostgreSQL takes no NUL.
    return "" if _is_missing(value) else str(value).replace("\0", "").strip()


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _list(value: Any) -> tuple[str, ...]:
    """A Parquet list, or a CSV cell that holds a JSON list or values separated by bars."""
    if isinstance(value, str):
        items = json.loads(value) if value.startswith("[") else value.split("|")
        return tuple(str(item).strip() for item in items if str(item).strip())
    return () if _is_missing(value) else tuple(map(str, value))
