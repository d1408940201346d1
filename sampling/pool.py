"""The texts that may be asked about."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from annotation.domain.text import Normaliser
from annotation.ledger.repositories.texts import PAGE, Arrival
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from sampling import calibration
from sampling.calibration import Calibration
from sampling.drift.windows import Windows

NUMBERS: Final = ("margin", "probability", "entropy", "known", "frequency", "confidence", "importance")
COLUMNS: Final = ("text_key", "group_key", "line", "words", "code", *NUMBERS, "codes", "probabilities")
# What does not have to be in memory to choose: it lies in a file of its own, and is read where it is looked at.
_SPOOLED: Final = pa.schema(
    [(name, pa.large_string()) for name in ("text_key", "group_key", "line", "words")]
    + [("codes", pa.large_list(pa.string())), ("probabilities", pa.large_list(pa.float64()))]
)
_TYPES: Final = dict.fromkeys(NUMBERS, np.float32) | {"frequency": np.int32}


@dataclass(frozen=True, slots=True)
class Pool:
    """``frame`` has one row per text, in order of its key and numbered from 0, with the columns ``COLUMNS``.

    ``code`` is None, ``margin`` and ``confidence`` 0 where the model knows no word of the text; texts that hold nothing
    to code are not in it. ``line`` is what the model read, variables included, and ``words`` the cleaned text alone.
    ``frequency`` is how many declarations of the window have the text, ``confidence`` the chance that its first code is
    right (the model's own word for it, unless ``calibrated``), ``importance`` what a variable says it is worth (else
    1). ``codes`` and ``probabilities`` are sequences, best first. ``left_out`` counts, by reason, what arrived in the
    window and is not in the pool.
    """

    frame: pd.DataFrame
    left_out: dict[str, int]
    calibrated: bool = False

    def __len__(self) -> int:
        return len(self.frame)


def build(
    *,
    ledger: Ledger,
    campaign_key: str,
    nomenclature: str,
    windows: Windows,
    model_version: str,
    normaliser: Normaliser,
    importance: str = "",
) -> Pool:
    """The texts of the current window that can be coded, were not asked before, are labelled nowhere and no gold.

    A text whose wording is labelled already (under any variables), or is the same once cleaned, stays out: the model
    may have learnt it, and an audit that held it would flatter the model. ``importance`` names a variable that holds a
    number; a text without it is worth 0. Texts are read page by page: memory grows by some 60 bytes for each.
    """
    with ledger.read() as work:
        document = work.calibrations.current(model_version)
        reading = _Reading(
            seen=_Seen.read(work, campaign_key, nomenclature, normaliser),
            normaliser=normaliser,
            calibration=calibration.NONE if document is None else Calibration.from_document(document),
            importance=importance,
        )
        with tempfile.NamedTemporaryFile(suffix=".arrow") as file:
            with pa.ipc.new_file(file, _SPOOLED) as writer:
                for page in _pages(work.texts.arrivals(windows.current, model_version)):
                    writer.write_batch(reading.take(page))
            file.flush()
            # The pages of the file stay readable after it is deleted, for as long as the map is held.
            with pa.memory_map(file.name) as mapped:
                spooled = pa.ipc.open_file(mapped).read_all()
    return Pool(_frame(spooled, reading), reading.left_out, bool(reading.calibration.applied))


def _frame(spooled: pa.Table, reading: _Reading) -> pd.DataFrame:
    texts: dict[str, Any] = {
        name: pd.array(spooled[name], dtype="str") for name in ("text_key", "group_key", "line", "words")
    }
    lists: dict[str, Any] = {name: pd.arrays.ArrowExtensionArray(spooled[name]) for name in ("codes", "probabilities")}
    numbers: dict[str, Any] = {
        name: np.concatenate([np.empty(0, dtype=kind), *reading.numbers[name]]) for name, kind in _TYPES.items()
    }
    codes = np.concatenate([np.empty(0, dtype=object), *reading.codes])
    # Typed by hand: pandas would make strings of the codes, and NaN of the missing ones.
    columns = texts | {"code": pd.Series(codes, dtype=object)} | numbers | lists
    return pd.DataFrame({name: columns[name] for name in COLUMNS}, copy=False)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Wordings that are not to be asked, as sorted digests: a register's labels are too many to hold as strings."""

    asked: npt.NDArray[np.uint64]
    labelled: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint64]
    gold: npt.NDArray[np.uint64]

    @classmethod
    def read(cls, work: UnitOfWork, campaign_key: str, nomenclature: str, normaliser: Normaliser) -> _Seen:
        pairs = np.fromiter(
            ((_digest(group), _digest(normaliser.clean(text))) for group, text in work.labels.wordings(nomenclature)),
            dtype=np.dtype((np.uint64, 2)),
        )
        gold = work.texts.get(list(work.gold.current(nomenclature, retired=True))).values()
        return cls(
            asked=_digests(work.tasks.asked_groups(campaign_key)),
            labelled=np.unique(pairs[:, 0]),
            words=np.unique(pairs[:, 1]),
            gold=_digests(text.group_key for text in gold),
        )


@dataclass(slots=True)
class _Reading:
    """What is kept in memory of the arrivals: numbers, first codes, and the count of those left out."""

    seen: _Seen
    normaliser: Normaliser
    calibration: Calibration
    importance: str
    codes: list[npt.NDArray[np.object_]] = field(default_factory=list)
    numbers: dict[str, list[npt.NDArray[Any]]] = field(default_factory=lambda: {name: [] for name in NUMBERS})
    left_out: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("nothing to code", "gold", "asked before", "labelled before", "not scored yet"), 0
        )
    )
    _same: dict[str, str] = field(default_factory=dict)

    def take(self, page: list[Arrival]) -> pa.RecordBatch:
        """The spooled columns of those that are in the pool; their numbers are kept."""
        words = [self.normaliser.clean(arrival.text.text) for arrival in page]
        free = self._free(page, words)
        kept = [page[row] for row in free]
        self._keep(kept)
        said = [arrival.prediction for arrival in kept if arrival.prediction is not None]
        columns = [
            [arrival.text.key for arrival in kept],
            [arrival.text.group_key for arrival in kept],
            self._lines(kept) if self.normaliser.variables else [words[row] for row in free],
            [words[row] for row in free],
            [prediction.codes for prediction in said],
            [prediction.probabilities for prediction in said],
        ]
        return pa.record_batch([pa.array(c, type=f.type) for c, f in zip(columns, _SPOOLED, strict=True)], _SPOOLED)

    def _lines(self, kept: list[Arrival]) -> list[str]:
        return [self.normaliser.line(arrival.text.text, arrival.text.variables) for arrival in kept]

    def _free(self, page: list[Arrival], words: list[str]) -> list[int]:
        groups = _digests_in_order(arrival.text.group_key for arrival in page)
        read = _digests_in_order(words)
        reasons = (
            ("nothing to code", np.array([not one for one in words])),
            ("gold", _among(groups, self.seen.gold)),
            ("asked before", _among(groups, self.seen.asked)),
            ("labelled before", _among(groups, self.seen.labelled) | _among(read, self.seen.words)),
            ("not scored yet", np.array([arrival.prediction is None for arrival in page])),
        )
        left = np.ones(len(page), dtype=bool)
        for reason, found in reasons:
            self.left_out[reason] += int((left & found).sum())
            left &= ~found
        return [int(row) for row in np.flatnonzero(left)]

    def _keep(self, kept: list[Arrival]) -> None:
        said = [arrival.prediction for arrival in kept if arrival.prediction is not None]
        codes = [one.code and self._same.setdefault(one.code, one.code) for one in said]
        margin = np.array([one.margin for one in said], dtype=float)
        probability = np.array([one.probabilities[0] if one.probabilities else 0.0 for one in said], dtype=float)
        values: dict[str, Any] = {
            "margin": margin,
            "probability": probability,
            "entropy": [one.entropy for one in said],
            "known": [one.known for one in said],
            "frequency": [arrival.declarations for arrival in kept],
            "confidence": self.calibration.confidence(probability, margin, codes),
            "importance": [_worth(arrival, self.importance) for arrival in kept],
        }
        self.codes.append(np.array(codes, dtype=object))
        for name, kind in _TYPES.items():
            self.numbers[name].append(np.asarray(values[name], dtype=kind))


def _worth(arrival: Arrival, variable: str) -> float:
    if not variable:
        return 1.0
    try:
        worth = float(arrival.text.variables.get(variable, "").replace(",", "."))
    except ValueError:
        return 0.0
    return worth if np.isfinite(worth) else 0.0


def _pages(arrivals: Iterator[Arrival]) -> Iterator[list[Arrival]]:
    while page := list(islice(arrivals, PAGE)):
        yield page


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _digests(texts: Iterable[str]) -> npt.NDArray[np.uint64]:
    return np.unique(_digests_in_order(texts))


def _digests_in_order(texts: Iterable[str]) -> npt.NDArray[np.uint64]:
    return np.fromiter(map(_digest, texts), dtype=np.uint64)


def _among(digests: npt.NDArray[np.uint64], ordered: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    if not len(ordered):
        return np.zeros(len(digests), dtype=bool)
    place = np.minimum(np.searchsorted(ordered, digests), len(ordered) - 1)
    return np.asarray(ordered[place] == digests)
