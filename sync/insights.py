"""What the pages need of sampling and of the training set's store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
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

    from sync.trainingset.difference import Diff
    from sync.trainingset.store import TrainingSetStore

_TABLES_KEPT: Final = 4
_BEFORE: Final = ("code", "source", "weight")


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
    """Keeps the tables read last: a version never changes. Safe to use from several threads."""

    def __init__(self, name: str, opened: Callable[[], TrainingSetStore]) -> None:
        self._name = name
        self._opened = opened
        self._lock = threading.Lock()
        self._tables: OrderedDict[str, pa.Table] = OrderedDict()
        self._changes: OrderedDict[tuple[str, str], StoredDifference] = OrderedDict()

    def difference(self, name: str, old: str, new: str) -> StoredDifference:
        from sync.trainingset import difference

        self._require(name)
        with self._lock:
            if (known := self._changes.get((old, new))) is not None:
                return known
            found = StoredDifference(difference.diff(self._table(old), self._table(new)))
            _keep(self._changes, (old, new), found)
            return found

    def rows(self, name: str, tag: str, *, limit: int, offset: int) -> Sequence[SetRow]:
        self._require(name)
        with self._lock:
            return [_row(one) for one in self._table(tag).slice(offset, limit).to_pylist()]

    def sources(self, name: str, tag: str) -> Mapping[str, int]:
        self._require(name)
        with self._lock:
            counted = self._table(tag)["source"].value_counts().to_pylist()
        return {one["values"]: one["counts"] for one in sorted(counted, key=lambda c: (-c["counts"], c["values"]))}

    def history(self, name: str, text_key: str) -> Sequence[SetRow]:
        self._require(name)
        with self._opened() as store:
            return [_row(one) for one in store.history(text_key).to_pylist()]

    def _table(self, tag: str) -> pa.Table:
        if (known := self._tables.get(tag)) is None:
            with self._opened() as store:
                known = store.read(tag)
            _keep(self._tables, tag, known)
        return known

    def _require(self, name: str) -> None:
        if name != self._name:
            raise NotFoundError(f"There is no training set {name}.", cure=f"The one kept here is {self._name}.")


class StoredDifference:
    def __init__(self, change: Diff) -> None:
        self._tables = {
            Change.ADDED: change.added,
            Change.REMOVED: change.removed,
            Change.RECODED: change.recoded,
            Change.REWEIGHTED: change.reweighted,
        }
        self._change = change

    @property
    def counts(self) -> Mapping[Change, int]:
        return {change: table.num_rows for change, table in self._tables.items()}

    @cached_property
    def codes(self) -> Sequence[Moves]:
        from sync.trainingset import difference

        return [Moves(**asdict(one), net=one.net) for one in difference.by_code(self._change)]

    def rows(self, change: Change, *, limit: int, offset: int) -> Sequence[SetRow]:
        return [_row(one) for one in self._tables[change].slice(offset, limit).to_pylist()]


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
    before = {name: values[f"{name}_before"] for name in _BEFORE} if "code_before" in values else None
    return SetRow(
        **{name: values[name] for name in taken},
        split=values["split"],
        added_in=values.get("added_in", ""),
        removed=values.get("change") == "remove",
        sequence=values.get("sequence", 0),
        before=before,
    )


def _keep(known: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    known[key] = value
    while len(known) > _TABLES_KEPT:
        known.popitem(last=False)
