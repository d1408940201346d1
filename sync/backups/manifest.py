"""What an archive says of itself: the last member of it, so that a truncated archive has none."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from annotation.ledger.plainrows import Column, Kind, Shape

FORMAT: Final = 1
MEMBER: Final = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class KeptColumn(_Part):
    name: str
    kind: Kind
    nullable: bool
    length: int | None = None


class KeptTable(_Part):
    """One JSON array per line, in the order of ``columns``; ``sha256`` is that of the uncompressed member."""

    name: str
    columns: tuple[KeptColumn, ...]
    key: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        return f"tables/{self.name}.jsonl"

    @property
    def shape(self) -> Shape:
        columns = tuple(Column(c.name, c.kind, c.nullable, c.length) for c in self.columns)
        return Shape(self.name, columns, self.key)


class KeptFile(_Part):
    """A file of the training set's storage; ``member`` is empty where the archive only describes it."""

    url: str
    bytes: int
    sha256: str
    member: str = ""


class Manifest(_Part):
    """``storage`` is the address below which the files lie; empty where they were not looked at."""

    format: Literal[1]
    program: str
    revision: str
    taken_at: datetime
    tables: tuple[KeptTable, ...]
    storage: str = ""
    files: tuple[KeptFile, ...] = ()

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def described(shape: Shape, *, rows: int, sha256: str) -> KeptTable:
    columns = tuple(KeptColumn(name=c.name, kind=c.kind, nullable=c.nullable, length=c.length) for c in shape.columns)
    return KeptTable(name=shape.name, columns=columns, key=shape.key, rows=rows, sha256=sha256)
