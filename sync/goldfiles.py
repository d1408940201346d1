"""Gold texts from a table of a user's making."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from annotation.campaign.goldtexts import Row
from sync import declarations
from sync.settings import IntakeSource
from sync.storage import Storage


def read(
    storage: Storage, path: str, *, text: str, code: str, note: str, variables: tuple[str, ...], now: datetime
) -> Iterator[Row]:
    """In the order of the file. Errors: InvalidInputError that names the columns there are where one is missing."""
    columns = tuple(dict.fromkeys((*variables, *([note] if note else []))))
    source = IntakeSource(path=path, text=text, code=code, variables=columns)
    for batch in declarations.read(storage, source, now=now):
        for arrival in batch:
            yield Row(
                file=arrival.file,
                row=arrival.row,
                text=arrival.text,
                code=arrival.code,
                note=arrival.variables.get(note, ""),
                variables={name: value for name, value in arrival.variables.items() if name in variables},
                problem=arrival.problem,
            )
