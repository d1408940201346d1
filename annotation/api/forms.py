"""What a browser's form brings, read once and no longer than a form has to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from annotation.api.refusals import ForbiddenError
from annotation.errors import InvalidInputError, WorkbenchError

Choice = TypeVar("Choice", bound=StrEnum)

_LONGEST = 1024 * 1024
_MOST_FIELDS = 10_000


class Fields(Mapping[str, str]):
    """The first value of each field; ``all`` gives every value of one that stands several times."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all(self, name: str) -> list[str]:
        return list(self._values.get(name, []))


async def read(request: Request) -> Fields:
    """The fields of a URL-encoded body; other bodies have none. Errors: InvalidInputError."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            raise InvalidInputError("The form is too long.", cure=f"Send at most {_LONGEST} bytes.")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return Fields([])
    try:
        text = body.decode("utf-8")
        return Fields(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise InvalidInputError("The form cannot be read.", cure="Send it as the page does.") from error


# Read once for a request, however many dependencies ask for them.
CurrentFields = Annotated[Fields, Depends(read)]


def choice(kind: type[Choice], fields: Fields, name: str) -> Choice:
    """What was chosen of an enumeration; InvalidInputError."""
    try:
        return kind(fields.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(f"The {name} is not one of {', '.join(kind)}.", cure="Choose one.") from error


def number(fields: Fields, name: str) -> int:
    """InvalidInputError for anything but a whole number."""
    try:
        return int(fields.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(f"{name} is no whole number.", cure="Write digits alone.") from error


def status_of(error: WorkbenchError) -> int:
    """Of a page that says what is wrong with its own form."""
    return 403 if isinstance(error, ForbiddenError) else 422
