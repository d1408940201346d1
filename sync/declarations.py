"""Files of declarations, read into arrivals."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from annotation.domain import characters
from annotation.errors import InvalidInputError
from sync import encodings, tablefiles
from sync.intake import Arrival
from sync.settings import IntakeSource
from sync.storage import Storage
from sync.tablefiles import RefusedRow

LONGEST_ID: Final = 128
LONGEST_TEXT: Final = 20_000
LONGEST_CELL: Final = 2_000
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC)
# A day as a spreadsheet counts it, from 1900 on: between 1927 and 2173.
_SERIAL: Final = re.compile(r"[1-9]\d{4}(?:\.\d+)?")

_YEAR: Final = re.compile(r"[0-9]{4}-")


def read(storage: Storage, source: IntakeSource, *, now: datetime) -> Iterator[list[Arrival]]:
    """Batches of arrivals, in the order of files and rows.

    A row without id is known by its file's path below the source and its number; without date it counts as declared
    now, and a date without zone is one of UTC. A missing column raises InvalidInputError that names the columns there
    are; a row that cannot be read (another number of cells, a date, a prediction, a cell that is no text) carries its
    problem.
    """
    root = storage.url_of(source.path)
    for batch in tablefiles.read(storage, source.path, lenient=True):
        # Else pandas would make 47110.0 of the code 47110 where another row has none.
        frame = batch.rows.to_pandas(integer_object_nulls=True)
        _check_columns(frame, source, batch.file)
        name = batch.file.removeprefix(root).strip("/") or batch.file.rpartition("/")[2]
        yield [
            *(_torn(row, name, now) for row in batch.refused),
            *(
                _arrival(row, name, batch.row(number) + 1, declared_at, source, now, damaged=batch.damaged)
                for number, (row, declared_at) in enumerate(
                    zip(frame.to_dict("records"), _dates(frame, source), strict=True)
                )
            ),
        ]


def again(cells: Mapping[str, Any], source: IntakeSource, *, file: str, row: int, now: datetime) -> Arrival:
    """The arrival of a row that was read before, from the cells that it had then."""
    frame = pd.DataFrame([dict(cells)], dtype=object)
    for column in _wanted(source):
        if column not in frame.columns:
            frame[column] = None
    (record,), (declared_at,) = frame.to_dict("records"), _dates(frame, source)
    return _arrival(record, file, row, declared_at, source, now)


def _wanted(source: IntakeSource) -> list[str]:
    wanted = [source.text, source.id, source.date, source.code, source.codes, source.probabilities, *source.variables]
    return [column for column in dict.fromkeys(wanted) if column]


def _check_columns(frame: pd.DataFrame, source: IntakeSource, file: str) -> None:
    missing = [column for column in _wanted(source) if column not in frame.columns]
    if missing:
        raise InvalidInputError(
            f"{file} has no column {', '.join(map(repr, missing))}; it has {', '.join(map(str, frame.columns))}.",
            cure="Name the columns in the intake's settings or options (text, id, date, code, variables).",
        )


def _dates(frame: pd.DataFrame, source: IntakeSource) -> Sequence[datetime | None]:
    """None for what is no ISO date, or lies outside of the years that both databases hold in any zone."""
    if not source.date:
        return [None] * len(frame)
    column = frame[source.date]
    if not isinstance(column.dtype, pd.StringDtype) and not pd.api.types.is_datetime64_any_dtype(column):
        column = column.map(lambda value: None if _is_missing(value) else str(value)).astype("str")
    parsed = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    within = (parsed >= EARLIEST) & (parsed <= LATEST)
    return [moment.to_pydatetime(warn=False) if good else None for moment, good in zip(parsed, within, strict=True)]


def _torn(row: RefusedRow, file: str, now: datetime) -> Arrival:
    return Arrival(
        file=file,
        row=row.row + 1,
        external_id=_place(file, row.row + 1),
        text=characters.storable(row.text),
        declared_at=now,
        problem=f"The row {row.reason}. {tablefiles.RAGGED}",
        final=True,
    )


def _arrival(
    row: Mapping[Any, Any],
    file: str,
    number: int,
    declared_at: datetime | None,
    source: IntakeSource,
    now: datetime,
    *,
    damaged: bool = False,
) -> Arrival:
    codes, probabilities, problem = _predicted(row, source)
    text, given_id = _cell(row, source.text), _cell(row, source.id)
    return Arrival(
        file=file,
        row=number,
        external_id=given_id or _place(file, number),
        text=text,
        declared_at=declared_at or now,
        variables={name: value for name in source.variables if (value := _cell(row, name))},
        code=_cell(row, source.code),
        codes=codes,
        probabilities=probabilities,
        problem=_problem(row, declared_at, source, now, damaged=damaged) or problem,
        cells={column: _kept(row.get(column)) for column in _wanted(source) if not _is_missing(row.get(column))},
    )


def _problem(
    row: Mapping[Any, Any], declared_at: datetime | None, source: IntakeSource, now: datetime, *, damaged: bool
) -> str:
    """Why the row cannot be taken, its prediction aside."""
    longest = {source.text: LONGEST_TEXT, source.id: LONGEST_ID}
    for column in (source.text, source.id, source.code, *source.variables):
        value = row.get(column) if column else None
        if isinstance(value, bytes | list | tuple | dict | np.ndarray):
            return f"The cell {column!r} is no text, but {type(value).__name__}."
        words, most = _cell(row, column), longest.get(column, LONGEST_CELL)
        if len(words) > most:
            named = "id" if column == source.id else f"cell {column!r}"
            return f"The {named} has {len(words)} characters, more than {most}."
        if damaged and encodings.REPLACEMENT in words:
            return f"The cell {column!r} holds bytes that are no characters. Save the file as UTF-8."
    return _bad_date(_cell(row, source.date), declared_at, now) if source.date else ""


def _bad_date(written: str, declared_at: datetime | None, now: datetime) -> str:
    if declared_at is None and _SERIAL.fullmatch(written):
        return f"The date {written!r} is a day as a spreadsheet counts it. Save the column as dates (2026-11-30)."
    if declared_at is None and _YEAR.match(written) and not EARLIEST.year <= int(written[:4]) <= LATEST.year:
        return f"The date {_short(written)!r} lies before {EARLIEST.year}, or after {LATEST.year}."
    if declared_at is None:
        return f"The date {_short(written)!r} is no ISO date (2026-11-30)."
    if declared_at > now + timedelta(days=1):
        return f"The date {written!r} lies in the future."
    return ""


def _place(file: str, number: int) -> str:
    place = f"{file}:{number}"
    if len(place) <= LONGEST_ID:
        return place
    digest = hashlib.sha256(file.encode("utf-8", errors="surrogateescape")).hexdigest()[:16]
    return f"{digest}/{file.rpartition('/')[2][-80:]}:{number}"


def _predicted(row: Mapping[Any, Any], source: IntakeSource) -> tuple[tuple[str, ...], tuple[float, ...], str]:
    """Codes, probabilities, and what is wrong with them."""
    if not source.codes:
        return (), (), ""
    try:
        codes = _list(row.get(source.codes))
        probabilities = tuple(map(float, _list(row.get(source.probabilities)))) if source.probabilities else ()
    except (ValueError, TypeError, RecursionError) as error:
        return (), (), f"The prediction cannot be read: {_short(str(error))}."
    if source.probabilities and len(codes) != len(probabilities):
        return (), (), f"The prediction has {len(codes)} codes and {len(probabilities)} probabilities."
    if len(set(codes)) != len(codes):
        return (), (), "The prediction has a code twice."
    if any(not 0 <= p <= 1 for p in probabilities) or list(probabilities) != sorted(probabilities, reverse=True):
        return (), (), "The probabilities of the prediction do not fall from 1 to 0."
    return codes, probabilities, ""


def _cell(row: Mapping[Any, Any], column: str) -> str:
    value = row.get(column) if column else None
    return "" if _is_missing(value) else characters.storable(str(value)).strip()


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _list(value: Any) -> tuple[str, ...]:
    """A Parquet list, or a CSV cell that holds a JSON list or values separated by bars; a number stands for itself."""
    if isinstance(value, str):
        items = json.loads(value) if value.startswith("[") else value.split("|")
        return tuple(word for item in items if (word := characters.storable(str(item)).strip()))
    if _is_missing(value):
        return ()
    return tuple(characters.storable(str(item)) for item in (value if hasattr(value, "__iter__") else [value]))


def _kept(value: Any) -> str:
    """A cell as a text that reads as the same."""
    return json.dumps([str(item) for item in value]) if isinstance(value, list | tuple | np.ndarray) else str(value)


def _short(written: str) -> str:
    return written if len(written) <= 80 else f"{written[:80]}…"
