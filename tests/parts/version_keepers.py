"""Three ways to keep versions of a training set: ours, a new Parquet file for each, and DVC; each does the same things.

Parquet is read and written by pyarrow with its own S3 client and the codec of ours, as fast as it can be had.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from sync.storage import Storage
from sync.trainingset import schema
from sync.trainingset.store import TrainingSetStore

BATCH: Final = 100_000
CHECKSUMS: Final = dict.fromkeys(
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"), "when_required"
)
"""Without these the S3 clients of others send checksums that S3-compatible stores refuse."""
COMPARED: Final = ("code", "source", "weight", "coder", "judgement_id", "label_id", "rule", "split")
"""The columns that a correction may change, by which versions are compared outside our store."""


@dataclass(frozen=True, slots=True)
class Place:
    """``url`` is a folder or an S3 prefix of its own; ``work`` a local folder for what must lie beside it."""

    url: str
    work: Path
    key: str | None = None
    secret: str | None = None
    endpoint: str | None = None

    def under(self, name: str) -> Place:
        return Place(f"{self.url}/{name}", self.work / name, self.key, self.secret, self.endpoint)

    def as_dict(self) -> dict[str, Any]:
        given = {"url": self.url, "work": str(self.work), "key": self.key, "secret": self.secret}
        return given | {"endpoint": self.endpoint}

    @classmethod
    def of(cls, given: dict[str, Any]) -> Place:
        return cls(**given | {"work": Path(given["work"])})


class Keeper(Protocol):
    """``before`` and ``after`` are two states of the same texts; ``diff`` counts the rows added, removed and changed,
    ``read`` and ``stream`` the rows read.
    """

    def prepare(self) -> None: ...
    def first(self, source: Path, tag: str) -> None: ...
    def amend(self, before: pa.Table, after: pa.Table, *, parent: str, tag: str) -> None: ...
    def diff(self, old: str, new: str) -> tuple[int, int, int]: ...
    def read(self, tag: str) -> int: ...
    def stream(self, tag: str) -> int: ...
    def rollback(self, to: str, tag: str) -> None: ...
    def tag(self, existing: str, name: str) -> None: ...


class Ours:
    """The store of this project, its catalog in a SQLite file."""

    def __init__(self, place: Place) -> None:
        self._place = place
        storage = Storage(place.url, key=place.key, secret=place.secret, endpoint=place.endpoint)
        self.store = TrainingSetStore(catalog_uri=f"sqlite:///{place.work}/catalog.db", storage=storage, name="set")

    def prepare(self) -> None:
        self._place.work.mkdir(parents=True)

    def first(self, source: Path, tag: str) -> None:
        batches = (batch.cast(schema.CONTENT) for batch in pq.ParquetFile(source).iter_batches(BATCH))
        self.store.commit(rows=batches, tag=tag, parent=None)

    def amend(self, before: pa.Table, after: pa.Table, *, parent: str, tag: str) -> None:
        self.store.amend(after=after, before=before, tag=tag, parent=parent)

    def diff(self, old: str, new: str) -> tuple[int, int, int]:
        found = dict.fromkeys(schema.KINDS, 0)
        for batch in self.store.changes(old, new):
            for one in pc.value_counts(batch["kind"]).to_pylist():
                found[one["values"]] += one["counts"]
        return found[schema.ADDED], found[schema.REMOVED], found[schema.CHANGED]

    def read(self, tag: str) -> int:
        return int(self.store.read(tag).num_rows)

    def stream(self, tag: str) -> int:
        return sum(batch.num_rows for batch in self.store.batches(tag))

    def rollback(self, to: str, tag: str) -> None:
        self.store.rollback(to_tag=to, as_tag=tag)

    def tag(self, existing: str, name: str) -> None:
        self.store.tag(existing, name)


class Rewritten:
    """A whole file per version. Another name for a version is another line in somebody's notes: nothing to measure."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._files, self._root = _filesystem(place)

    def prepare(self) -> None:
        self._place.work.mkdir(parents=True)
        if isinstance(self._files, fs.LocalFileSystem):
            Path(self._root).mkdir(parents=True)

    def path(self, tag: str) -> str:
        return f"{self._root}/{tag}.parquet"

    def first(self, source: Path, tag: str) -> None:
        self._write(pq.read_table(source), tag)

    def amend(self, before: pa.Table, after: pa.Table, *, parent: str, tag: str) -> None:
        self._write(_amended(self._read(parent), after), tag)

    def diff(self, old: str, new: str) -> tuple[int, int, int]:
        return _compared(self._read(old), self._read(new))

    def read(self, tag: str) -> int:
        return int(self._read(tag).num_rows)

    def stream(self, tag: str) -> int:
        with self._files.open_input_file(self.path(tag)) as opened:
            return sum(batch.num_rows for batch in pq.ParquetFile(opened).iter_batches(BATCH))

    def rollback(self, to: str, tag: str) -> None:
        self._files.copy_file(self.path(to), self.path(tag))

    def tag(self, existing: str, name: str) -> None:
        self._files.copy_file(self.path(existing), self.path(name))

    def _read(self, tag: str) -> pa.Table:
        return pq.read_table(self.path(tag), filesystem=self._files)

    def _write(self, rows: pa.Table, tag: str) -> None:
        pq.write_table(rows, self.path(tag), filesystem=self._files, compression="zstd")


class Dvc:
    """The same file under DVC in a git repository, its remote at the place; a version is a commit that was pushed."""

    def __init__(self, place: Place, program: Path) -> None:
        self._place = place
        self._program = program
        self._folder = place.work / "repository"
        self._file = self._folder / "rows.parquet"

    def prepare(self) -> None:
        self._folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")
        self._dvc("init", "--quiet")
        self._dvc("config", "core.analytics", "false")
        self._dvc("config", "core.check_update", "false")
        self._dvc("remote", "add", "--default", "store", self._place.url.removeprefix("file://"))
        given = {"endpointurl": self._place.endpoint, "access_key_id": self._place.key}
        for name, value in (given | {"secret_access_key": self._place.secret}).items():
            if value is not None:
                self._dvc("remote", "modify", "--local", "store", name, value)

    def first(self, source: Path, tag: str) -> None:
        self._keep(pq.read_table(source), tag)

    def amend(self, before: pa.Table, after: pa.Table, *, parent: str, tag: str) -> None:
        # The parent is what lies in the working folder, as for somebody who goes on working.
        self._keep(_amended(pq.read_table(self._file), after), tag)

    def diff(self, old: str, new: str) -> tuple[int, int, int]:
        before, after = (self._read(tag) for tag in (old, new))
        return _compared(before, after)

    def read(self, tag: str) -> int:
        return int(self._read(tag).num_rows)

    def stream(self, tag: str) -> int:
        self._check_out(tag)
        return sum(batch.num_rows for batch in pq.ParquetFile(self._file).iter_batches(BATCH))

    def rollback(self, to: str, tag: str) -> None:
        self._check_out(to)
        self._commit(tag)

    def tag(self, existing: str, name: str) -> None:
        self._git("tag", name, existing)

    def _read(self, tag: str) -> pa.Table:
        self._check_out(tag)
        return pq.read_table(self._file)

    def _keep(self, rows: pa.Table, tag: str) -> None:
        pq.write_table(rows, self._file, compression="zstd")
        self._dvc("add", "--quiet", self._file.name)
        self._commit(tag)

    def _commit(self, tag: str) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", f"--message={tag}")
        self._git("tag", tag)
        self._dvc("push", "--quiet")

    def _check_out(self, tag: str) -> None:
        self._git("checkout", "--quiet", tag, "--", f"{self._file.name}.dvc")
        self._dvc("checkout", "--quiet")

    def _git(self, *arguments: str) -> None:
        named = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        self._run("git", *named, *arguments)

    def _dvc(self, *arguments: str) -> None:
        self._run(str(self._program), *arguments)

    def _run(self, *command: str) -> None:
        own = {"HOME": str(self._place.work), "XDG_CONFIG_HOME": str(self._place.work), "DVC_NO_ANALYTICS": "1"}
        subprocess.run(command, cwd=self._folder, env=os.environ | own | CHECKSUMS, check=True, capture_output=True)


def _filesystem(place: Place) -> tuple[fs.FileSystem, str]:
    if place.url.startswith("s3://"):
        os.environ.update(CHECKSUMS)
        server = fs.S3FileSystem(access_key=place.key, secret_key=place.secret, endpoint_override=place.endpoint)
        return server, place.url.removeprefix("s3://")
    return fs.LocalFileSystem(), place.url.removeprefix("file://")


def _amended(rows: pa.Table, after: pa.Table) -> pa.Table:
    """The rows in their order, with the corrected columns of those in ``after``."""
    place = pc.index_in(rows["text_key"], after["text_key"].combine_chunks())
    mask = pc.is_valid(place).combine_chunks()
    moved = place.filter(mask)
    for name in COMPARED:
        values = after[name].take(moved).combine_chunks()
        column = pc.replace_with_mask(rows[name].combine_chunks(), mask, values)
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
    return rows


def _compared(old: pa.Table, new: pa.Table) -> tuple[int, int, int]:
    """By a join in DuckDB, which uses all cores."""
    differs = " or ".join(f"a.{name} is distinct from b.{name}" for name in COMPARED)
    with duckdb.connect() as connection:
        connection.register("a", old)
        connection.register("b", new)
        (counted,) = connection.sql(
            f"""select count(*) filter (where a.text_key is null), count(*) filter (where b.text_key is null),
                count(*) filter (where a.text_key is not null and b.text_key is not null and ({differs}))
                from a full join b on a.text_key = b.text_key"""
        ).fetchall()
    added, removed, changed = counted
    return int(added), int(removed), int(changed)
