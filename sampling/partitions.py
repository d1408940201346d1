"""Parquet partitions scored one by one, each into a file of its own, by whichever workers there are.

A finished file carries a mark of what it was made from: partition, model and options. A run passes over partitions
whose file bears the right mark, so that a killed run goes on and a changed partition is scored again. Files appear
whole or not at all; of two runs at once the later file replaces an equal one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.errors import InvalidInputError, NotFoundError, WorkbenchError
from sampling import model as models
from sampling import scoredtable
from sampling.model import PortableModel
from sampling.scoredtable import Columns
from sampling.workers import Workers

SUFFIXES = (".parquet", ".pq")
BATCH_ROWS = 32_768
_MARK = "awb.mark"
_UNSCORED = "awb.unscored"
_FORMAT = 1


class PartitionStorage(Protocol):
    """Where partitions lie; picklable, and opened anew by each worker. Paths may be full URLs."""

    def url_of(self, path: str) -> str: ...

    def files(self, path: str = "") -> list[str]:
        """URLs of all files at or below a path, at any depth, sorted."""
        ...

    def fingerprint(self, path: str) -> str:
        """What changes when the content does, without reading it. Raises NotFoundError."""
        ...

    def reading(self, path: str) -> AbstractContextManager[BinaryIO]: ...

    def writing(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file that takes its place on clean exit only."""
        ...


@dataclass(frozen=True, slots=True)
class Partition:
    """``input`` is the URL that is read, ``output`` the one written."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Failure:
    file: str
    error: str
    cure: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one partition. ``unscored`` of its ``rows`` hold no token that the model knows."""

    partition: Partition
    rows: int = 0
    unscored: int = 0
    skipped: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class PartitionsResult:
    """``skipped`` partitions were finished before; rows count those of scored and skipped ones."""

    model_version: str
    partitions: int
    scored: int
    skipped: int
    rows: int
    unscored: int
    failed: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class PartitionScorer:
    """Scores one partition, in any process. What is wrong with a partition is told in its outcome; a model that cannot
    be opened raises.
    """

    model: PortableModel
    source: PartitionStorage
    target: PartitionStorage
    columns: Columns
    codes: int

    def __call__(self, partition: Partition) -> Outcome:
        try:
            mark = self._mark(partition)
            finished = self._finished(partition, mark)
            if finished is not None:
                return finished
        except WorkbenchError as error:
            return _failed(partition, error)
        models.opened(self.model)
        try:
            return self._score(partition, mark)
        except WorkbenchError as error:
            return _failed(partition, error)

    def _mark(self, partition: Partition) -> str:
        made_from = {
            "format": _FORMAT,
            "input": partition.input,
            "content": self.source.fingerprint(partition.input),
            "model": [self.model.version, self.model.digest],
            "columns": [self.columns.text, self.columns.variables, self.columns.kept],
            "codes": self.codes,
        }
        return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()

    def _finished(self, partition: Partition, mark: str) -> Outcome | None:
        try:
            with self.target.reading(partition.output) as handle:
                footer = pq.read_metadata(handle)
        except (NotFoundError, pa.ArrowInvalid):
            return None
        told = footer.metadata or {}
        if told.get(_MARK.encode(), b"").decode() != mark:
            return None
        return Outcome(partition, footer.num_rows, int(told[_UNSCORED.encode()]), skipped=True)

    def _score(self, partition: Partition, mark: str) -> Outcome:
        scorer, normaliser = models.opened(self.model)
        rows = unscored = 0
        with self.source.reading(partition.input) as handle:
            file = scoredtable.open_parquet(handle, partition.input)
            schema = scoredtable.schema(file.schema_arrow, self.columns, partition.input)
            with (
                self.target.writing(partition.output) as sink,
                pq.ParquetWriter(sink, schema, compression="zstd") as writer,
            ):
                for batch in scoredtable.batches(file, self.columns, BATCH_ROWS, partition.input):
                    lines = scoredtable.lines(batch, self.columns, normaliser, partition.input, rows)
                    scores = scorer.score(lines, k=self.codes)
                    writer.write_batch(
                        scoredtable.result(batch, scores, self.columns, schema, rows, self.model.version)
                    )
                    rows += batch.num_rows
                    unscored += int((scores.known <= 0).sum())
                writer.add_key_value_metadata({_MARK: mark, _UNSCORED: str(unscored)})
        return Outcome(partition, rows, unscored)


def score(
    *,
    source: PartitionStorage,
    folder: str,
    target: PartitionStorage,
    to: str,
    columns: Columns,
    model: PortableModel,
    workers: Workers,
    codes: int = 5,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> PartitionsResult:
    """Score every Parquet file at or below ``folder`` into a file of the same relative path below ``to``.

    A partition that cannot be scored is told in the result, and the others are done. Raises NotFoundError where there
    is no partition, InvalidInputError where outputs would lie among the inputs.
    """
    scorer = PartitionScorer(model, source, target, columns, codes)
    partitions = find(source, folder, target.url_of(to))
    outcomes = []
    for outcome in workers.map(scorer, partitions):
        outcomes.append(outcome)
        on_progress(len(outcomes), len(partitions))
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    skipped = sum(outcome.skipped for outcome in outcomes)
    return PartitionsResult(
        model_version=model.version,
        partitions=len(partitions),
        scored=len(partitions) - skipped - len(failures),
        skipped=skipped,
        rows=sum(outcome.rows for outcome in outcomes),
        unscored=sum(outcome.unscored for outcome in outcomes),
        failed=tuple(sorted(failures, key=lambda failure: failure.file)),
    )


def of_model(columns: Columns, model: PortableModel) -> Columns:
    """With all variables of the model where none are named. Raises InvalidInputError for one that it does not read."""
    unread = [name for name in columns.variables if name not in model.variables]
    if unread:
        raise InvalidInputError(
            f"{model.version} does not read {', '.join(unread)}, only {', '.join(model.variables) or 'the text'}.",
            cure="Leave out --variable, or name a variable of the model.",
        )
    return dataclasses.replace(columns, variables=columns.variables or model.variables)


def find(source: PartitionStorage, folder: str, to: str) -> list[Partition]:
    """The Parquet files at or below the folder, in the order of their names, and where each one's scores go.

    Names that begin with a dot or an underscore are passed over, as readers of such folders do.
    """
    root = source.url_of(folder)
    files = [url for url in source.files(root) if url.lower().endswith(SUFFIXES) and not _hidden(url, root)]
    if not files:
        raise NotFoundError(f"{root} holds no Parquet file.", cure=f"Their names end in {' or '.join(SUFFIXES)}.")
    found = [Partition(url, f"{to}/{_relative(url, root)}") for url in files]
    if f"{to}/".startswith(f"{root}/") or {one.input for one in found} & {one.output for one in found}:
        raise InvalidInputError(
            f"The scores in {to} would lie among the partitions of {root}.", cure="Name another folder with --to."
        )
    return found


def _relative(url: str, root: str) -> str:
    return url.removeprefix(root).strip("/") or url.rpartition("/")[2]


def _hidden(url: str, root: str) -> bool:
    return any(part.startswith((".", "_")) for part in url.removeprefix(root).split("/") if part)


def _failed(partition: Partition, error: WorkbenchError) -> Outcome:
    return Outcome(partition, failure=Failure(partition.input, error.message, error.cure, error.exit_code))
