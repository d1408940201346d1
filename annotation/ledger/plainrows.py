"""Rows as plain values that every database and any program can take: what a backup holds.

A moment is ISO 8601 in UTC with microseconds, bytes are base64, the rest is as JSON has it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from annotation.ledger.tables import UtcDateTime

Plain = str | int | float | bool | dict[str, Any] | list[Any] | None


class Kind(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    JSON = "json"
    BYTES = "bytes"


_KINDS: Final = (
    (sa.Boolean, Kind.BOOLEAN),
    (sa.Integer, Kind.INTEGER),
    (sa.Float, Kind.NUMBER),
    (sa.DateTime, Kind.MOMENT),
    (sa.JSON, Kind.JSON),
    (sa.LargeBinary, Kind.BYTES),
    (sa.String, Kind.TEXT),
)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    nullable: bool
    length: int | None = None

    @property
    def type(self) -> sa.types.TypeEngine[Any]:
        # Where a column may be NULL, that is what None means in it, and not the null of JSON.
        nulls = self.nullable
        types: dict[Kind, sa.types.TypeEngine[Any]] = {
            Kind.TEXT: sa.String(self.length),
            Kind.INTEGER: sa.BigInteger(),
            Kind.NUMBER: sa.Double(),
            Kind.BOOLEAN: sa.Boolean(),
            Kind.MOMENT: UtcDateTime(),
            Kind.JSON: sa.JSON(nulls).with_variant(postgresql.JSONB(nulls), "postgresql"),
            Kind.BYTES: sa.LargeBinary(),
        }
        return types[self.kind]


@dataclass(frozen=True, slots=True)
class Shape:
    """A table: its columns in their order, and those of its primary key."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def table(self) -> sa.Table:
        columns = (
            sa.Column(c.name, c.type, primary_key=c.name in self.key, nullable=c.nullable, autoincrement=False)
            for c in self.columns
        )
        return sa.Table(self.name, sa.MetaData(), *columns)


def shape(inspector: sa.Inspector, name: str) -> Shape:
    """The table as it is in the database, of whatever revision."""
    key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    columns = tuple(
        Column(found["name"], _kind(found["type"]), bool(found["nullable"]), getattr(found["type"], "length", None))
        for found in inspector.get_columns(name)
    )
    return Shape(name, columns, key)


def _kind(found: sa.types.TypeEngine[Any]) -> Kind:
    for of_database, kind in _KINDS:
        if isinstance(found, of_database):
            return kind
    raise TypeError(f"{found!r} has no plain form")


def plain(value: Any, kind: Kind) -> Plain:
    if value is None:
        return None
    if kind is Kind.MOMENT:
        return str(value.isoformat(timespec="microseconds"))
    if kind is Kind.BYTES:
        return base64.b64encode(value).decode()
    kept: Plain = value
    return kept


def native(value: Plain, kind: Kind) -> Any:
    """The inverse of ``plain``; ValueError for what cannot be one."""
    if value is None:
        return None
    if kind is Kind.MOMENT:
        return datetime.fromisoformat(str(value))
    if kind is Kind.BYTES:
        return base64.b64decode(str(value), validate=True)
    return value
