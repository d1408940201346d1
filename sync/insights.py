"""What the pages need of sampling and of the training set's store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from annotation.api.insights import Change, Insights, Moves, SetRow
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.samples import Floats
from sync.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from sync.trainingset.movement import Moves as Movements
    from sync.trainingset.store import TrainingSetStore

_DIFFERENCES_KEPT: Final = 4
_BEFORE: Final = ("code", "source", "weight", "rule")


def of(ledger: Ledger, settings: Settings) -> Insights:
    """Filled from the configured storage and registry; neither is opened before a page asks."""
    return Insights(
        trainingsets=StoredSets(settings.trainingset.name, lambda: _opened(ledger, settings)),
        confidence=_confidence,
        model_address=lambda name, version: model_address(settings.mlflow.tracking_uri, name, version),
    )


def model_address(tracking_uri: str, name: str, version: str) -> str | None:
    """None for a registry that is a file, and for an address with a password in it."""
    if not tracking_uri.startswith(("http://", "https://")) or "@" in tracking_uri:
        return None
    return f"{tracking_uri.rstrip('/')}/#/models/{quote(name, safe='')}/versions/{quote(version, safe='')}"


class StoredSets:
    """Keeps the differences read last: a version never changes. Safe to use from several threads."""

    def __init__(self, name: str, opened: Callable[[], TrainingSetStore]) -> None:
        self._name = name
        self._opened = opened
        self._lock = threading.Lock()
        self._changes: OrderedDict[tuple[str, str], StoredDifference] = OrderedDict()

    def difference(self, name: str, old: str, new: str) -> StoredDifference:
        from sync.trainingset import movement

        self._require(name)
        with self._lock:
            if (known := self._changes.get((old, new))) is not None:
                return known
            with self._opened() as store:
                found = StoredDifference(list(movement.classified(store.changes(old, new))))
            _keep(self._changes, (old, new), found)
            return found

    def rows(self, name: str, tag: str, *, limit: int, offset: int) -> Sequence[SetRow]:
        self._require(name)
        with self._opened() as store:
            return [_row(one) for one in _stretch(store.batches(tag), limit, offset)]

    def sources(self, name: str, tag: str) -> Mapping[str, int]:
        self._require(name)
        with self._opened() as store:
            counted = store.read(tag, ["source"])["source"].value_counts().to_pylist()
        return {one["values"]: one["counts"] for one in sorted(counted, key=lambda c: (-c["counts"], c["values"]))}

    def history(self, name: str, text_key: str) -> Sequence[SetRow]:
        self._require(name)
        with self._opened() as store:
            return [_row(one) for one in store.history(text_key).to_pylist()]

    def _require(self, name: str) -> None:
        if name != self._name:
            raise NotFoundError(f"There is no training set {name}.", cure=f"The one kept here is {self._name}.")


class StoredDifference:
    """``tables`` are classified changes; those that differ otherwise only are not shown."""

    def __init__(self, tables: Sequence[pa.Table]) -> None:
        from sync.trainingset import movement

        self._tables = tables
        self._found = movement.tally(tables)

    @cached_property
    def counts(self) -> Mapping[Change, int]:
        kinds = {kind.value: number for kind, number in self._found.counts.items()} | {"by_rule": self._found.ruled}
        return {change: kinds[change.value] for change in Change}

    @cached_property
    def codes(self) -> Sequence[Moves]:
        return [_moves(one) for one in self._found.codes]

    @cached_property
    def coders(self) -> Sequence[Moves]:
        return [_moves(one) for one in self._found.coders]

    def rows(self, change: Change, *, limit: int, offset: int) -> Sequence[SetRow]:
        batches = (batch for table in self._tables for batch in _of_kind(table, change).to_batches())
        return [_row(one) for one in _stretch(batches, limit, offset)]


def _of_kind(table: pa.Table, change: Change) -> pa.Table:
    import pyarrow.compute as pc

    return table.filter(table["ruled"] if change is Change.BY_RULE else pc.equal(table["kind"], change.value))


def _stretch(batches: Iterable[pa.RecordBatch], limit: int, offset: int) -> Iterator[Mapping[str, Any]]:
    """So many rows behind the first ``offset``, of which none is turned into Python's."""
    for batch in batches:
        if offset >= batch.num_rows:
            offset -= batch.num_rows
            continue
        found = batch.slice(offset, limit).to_pylist()
        yield from found
        limit, offset = limit - len(found), 0
        if not limit:
            return


def _moves(one: Movements) -> Moves:
    return Moves(one.name, one.added, one.removed, one.entered, one.left, one.net)


def _opened(ledger: Ledger, settings: Settings) -> TrainingSetStore:
    from sync.trainingset.store import TrainingSetStore

    return TrainingSetStore(catalog_uri=ledger.url, storage=settings.open_storage(), name=settings.trainingset.name)


def _confidence(
    document: Mapping[str, Any] | None, probability: Floats, margin: Floats, codes: Sequence[str | None]
) -> Floats:
    from sampling import calibration
    from sampling.calibration import Calibration

    fitted = Calibration.from_document(document) if document else calibration.NONE
    return fitted.confidence(probability, margin, codes)


def _row(values: Mapping[str, Any]) -> SetRow:
    taken = ("text_key", "text", "code", "nomenclature", "source", "weight", "coder", "judgement_id", "label_id")
    changed = values.get("code_before") is not None
    before = {name: values[f"{name}_before"] for name in _BEFORE} if changed else None
    return SetRow(
        **{name: values[name] for name in taken},
        rule=values.get("rule"),
        split=values["split"],
        added_in=values.get("added_in", ""),
        removed=values.get("change") == "remove",
        sequence=values.get("sequence", 0),
        before=before,
    )


def _keep(known: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    known[key] = value
    while len(known) > _DIFFERENCES_KEPT:
        known.popitem(last=False)
