"""Wordings that stand with several codes, among as many rows as one likes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa

from sync.trainingset.checks import EXAMPLES, Example

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY: Final = "512MB"
_COLUMNS: Final = ["text_key", "group_key", "code", "label_id"]
_SEVERAL: Final = "SELECT group_key FROM said GROUP BY group_key HAVING min(code) < max(code)"


class Wordings:
    """The group key and the code of each row that passed, on disk where they are many. Use as a context manager."""

    def __enter__(self) -> Self:
        import duckdb

        self._folder = tempfile.TemporaryDirectory()
        self._connection: DuckDBPyConnection = duckdb.connect(
            ":memory:", config={"memory_limit": _MEMORY, "temp_directory": self._folder.name}
        )
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute(
            "CREATE TABLE said (text_key VARCHAR, group_key VARCHAR, code VARCHAR, label_id BIGINT)"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._folder, closing(self._connection):
            pass

    def watch(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches."""
        for batch in batches:
            self._connection.register("passing", pa.Table.from_batches([batch.select(_COLUMNS)]))
            self._connection.execute("INSERT INTO said SELECT * FROM passing")
            self._connection.unregister("passing")
            yield batch

    def conflicting(self) -> tuple[int, list[Example]]:
        """How many rows have a wording with several codes, and the first of them, by wording; their texts are empty."""
        rows = f"FROM said WHERE group_key IN ({_SEVERAL})"
        counted = self._connection.execute(f"SELECT count(*) {rows}").fetchone()
        found = self._connection.execute(
            f"SELECT text_key, code, label_id {rows} ORDER BY group_key, text_key LIMIT {EXAMPLES}"
        )
        return (counted[0] if counted else 0), [Example(key, "", code, label) for key, code, label in found.fetchall()]
