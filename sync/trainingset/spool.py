"""Rows on their way into a version, on the local disk: they are looked at as a whole before any of them is written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import IO, Self

import pyarrow as pa

from annotation.errors import UnreachableError
from sync.trainingset import schema
from sync.trainingset.digest import Digest

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")


class Spool:
    """``digest`` and ``rows`` are those of what was put in. Use as a context manager."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving
        self._digest = Digest()
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def digest(self) -> str:
        return self._digest.hex()

    def fill(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Raises UnreachableError where the disk has no room for them."""
        try:
            with pa.ipc.new_stream(self._file, schema.CONTENT, options=_COMPRESSED) as writer:
                for batch in batches:
                    self._digest.add(pa.Table.from_batches([batch]))
                    self.rows += batch.num_rows
                    writer.write_batch(batch)
            self._file.flush()
        except OSError as error:
            raise UnreachableError(
                f"The rows cannot be put by in {tempfile.gettempdir()} ({error.strerror or error}).",
                cure="Make room there, or set TMPDIR to a folder with as much room as the training set takes.",
            ) from error

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All of them, as often as one likes, one reader at a time."""
        self._file.seek(0)
        with pa.ipc.open_stream(self._file) as reader:
            yield from reader
