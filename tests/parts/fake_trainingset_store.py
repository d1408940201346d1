"""A store of training sets in memory, for histories of hundreds of builds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from annotation.errors import NotFoundError
from sync.trainingset import comparison, digest, schema
from sync.trainingset.version import StaleParentError, Version


class FakeTrainingSetStore:
    """``amended`` are the tags of versions that were made of their changes alone."""

    def __init__(self) -> None:
        self._versions: dict[str, Version] = {}
        self._rows: dict[str, pa.Table] = {}
        self.amended: list[str] = []

    def commit(
        self,
        *,
        rows: pa.Table | Iterable[pa.RecordBatch],
        tag: str,
        parent: str | None,
        properties: Mapping[str, str] | None = None,
    ) -> Version:
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches(rows, schema.CONTENT)
        wanted = schema.content(table)
        if tag in self._versions:
            raise StaleParentError(f"{tag} is there.")
        before = schema.empty() if parent is None else self._rows[parent]
        found = comparison.between(before, wanted)
        counts = {name: getattr(found, name).num_rows for name in ("added", "removed", "changed")}
        known = digest.digest(wanted)
        version = Version(tag, parent, len(self._rows), wanted.num_rows, known, **counts, properties=properties or {})
        self._versions[tag], self._rows[tag] = version, comparison.stamped(before, wanted, found, tag)
        return version

    def amend(
        self,
        *,
        after: pa.Table,
        before: pa.Table,
        tag: str,
        parent: str,
        properties: Mapping[str, str] | None = None,
    ) -> Version:
        current = self.current()
        if current is None or current.tag != parent:
            raise StaleParentError(f"{parent} is no longer the current version.")
        rows = self._rows[parent]
        gone = rows.filter(pc.is_in(rows["text_key"], before["text_key"].combine_chunks()))
        # What the real store believes.
        assert gone.select(schema.CONTENT.names).to_pylist() == before.to_pylist()
        kept = rows.filter(pc.invert(pc.is_in(rows["text_key"], before["text_key"].combine_chunks())))
        self.amended.append(tag)
        table = pa.concat_tables([schema.typed(kept), schema.typed(after)]).sort_by("text_key")
        return self.commit(rows=table, tag=tag, parent=parent, properties=properties)

    def rollback(self, *, to_tag: str, as_tag: str) -> Version:
        current = self.current()
        properties = {"rolled_back_to": to_tag}
        parent = current.tag if current else None
        return self.commit(rows=self._rows[to_tag], tag=as_tag, parent=parent, properties=properties)

    def read(self, tag: str, columns: Sequence[str] | None = None) -> pa.Table:
        if tag not in self._rows:
            raise NotFoundError(f"There is no {tag}.")
        return self._rows[tag].select(columns or schema.ROW.names)

    def batches(self, tag: str, *, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        yield from self.read(tag, columns).to_batches(max_chunksize=3)

    def rows_of(self, tag: str, text_keys: Collection[str]) -> pa.Table:
        return self._where(tag, "text_key", text_keys)

    def keys_where(self, tag: str, column: str, values: Collection[Any]) -> list[str]:
        keys: list[str] = self._where(tag, column, values)["text_key"].to_pylist()
        return keys

    def changes(self, old: str, new: str) -> Iterator[pa.RecordBatch]:
        yield from comparison.between(self._rows[old], self._rows[new]).differences().to_batches()

    def versions(self) -> list[Version]:
        return list(self._versions.values())

    def current(self) -> Version | None:
        return self.versions()[-1] if self._versions else None

    def _where(self, tag: str, column: str, values: Collection[Any]) -> pa.Table:
        rows = self._rows[tag]
        return rows.filter(pc.is_in(rows[column], pa.array(list(values), rows.schema.field(column).type)))
