"""Declarations on their way into the ledger: parsed once, here, row by row; what cannot be taken is quarantined."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from annotation.domain import text as texts
from annotation.domain.declaration import Declaration, Text
from annotation.domain.label import Label, Source
from annotation.domain.prediction import Prediction
from annotation.ledger.repositories.labels import LABELS
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Nomenclature

CHANGED = (
    "The id is known with another text or other variables. A changed declaration wants an id of its own; the same file "
    "wants the same variables each time."
)

TIE = "The source codes this text in several ways, equally often."


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row as it came in; ``problem`` says why it could not be read. ``row`` counts as a spreadsheet does.

    ``cells`` are those that were read, by column, each as a text. Of a ``final`` row nobody knows the cells.
    """

    file: str
    row: int
    external_id: str
    text: str
    declared_at: datetime | None
    variables: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    codes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    problem: str = ""
    cells: Mapping[str, str] = field(default_factory=dict, compare=False)
    final: bool = False


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """``rows`` were read; the other numbers count what was new, so that a rerun gives zeros."""

    rows: int = 0
    texts: int = 0
    declarations: int = 0
    labels: int = 0
    predictions: int = 0
    quarantined: int = 0

    def __add__(self, other: IntakeResult) -> IntakeResult:
        mine, theirs = asdict(self), asdict(other)
        return IntakeResult(**{name: mine[name] + theirs[name] for name in mine})


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row gives; ``codes`` are predicted ones."""

    text: Text
    declaration: Declaration
    codes: tuple[str, ...]
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms the rows of a source are taken."""

    source: str
    coded: bool
    nomenclature: Nomenclature | None
    model_version: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)

    def context(self, arrival: Arrival) -> dict[str, Any]:
        """What taking the row again needs: as it was parsed or, where it could not be, its cells and their columns."""
        terms = {
            "source": self.source,
            "coded": self.coded,
            "nomenclature": self.nomenclature.key if self.nomenclature else None,
            "model_version": self.model_version,
        }
        if arrival.final:
            return terms | {"final": True}
        if arrival.problem:
            return terms | {"cells": dict(arrival.cells), "columns": dict(self.columns)}
        read = {name: getattr(arrival, name) for name in ("external_id", "text", "code", "codes", "probabilities")}
        declared = arrival.declared_at.isoformat() if arrival.declared_at else None
        return terms | {"arrival": read | {"declared_at": declared, "variables": dict(arrival.variables)}}


def take(
    *,
    ledger: Ledger,
    batches: Iterable[Sequence[Arrival]],
    source: str,
    coded: bool,
    nomenclature: Nomenclature | None,
    now: datetime,
    model_version: str | None = None,
    columns: Mapping[str, Any] | None = None,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> IntakeResult:
    """Record texts, arrivals and predictions batch by batch, each in its own transaction; a rerun adds nothing twice.

    With ``coded`` the rows' codes are settled and become labels of source ``import``, once all rows are in: the code
    that most rows of a text carry; a tie is quarantined, since nothing says which row is right. Without it an unknown
    code is quarantined and the text taken without. An id that is known with another text is quarantined. ``columns``
    are the settings by which the file was read, for reading a row again.
    """
    result = IntakeResult()
    intake = Terms(source, coded, nomenclature, model_version, columns or {})
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for batch in batches:
        taken, refused = parse(batch, intake)
        with ledger.begin() as work:
            kept, changed = first_of_each_id(work, taken, intake)
            result += IntakeResult(rows=len(batch))
            result += record(work, kept, [*refused, *changed], intake, now=now)
        if coded:
            for item in kept:
                if item.declaration.code:
                    votes[item.text.key][item.declaration.code] += 1
        on_progress(result.rows)
    if coded and nomenclature is not None:
        with ledger.begin() as work:
            result += label(work, votes, source=source, nomenclature=nomenclature.key, now=now)
    return result


def parse(batch: Sequence[Arrival], intake: Terms) -> tuple[list[Taken], list[Quarantined]]:
    """What the rows give, and those that are refused; a row may be both, taken without a part of it."""
    taken: list[Taken] = []
    refused: list[Quarantined] = []
    for arrival in batch:
        code, problem = _code(arrival, intake.nomenclature)
        if intake.coded and not problem and not arrival.problem:
            problem = _unlearnable(arrival, code)
        if problem or arrival.problem:
            refused.append(_quarantined(arrival, arrival.problem or problem, intake))
        if arrival.problem or arrival.declared_at is None or (problem and intake.coded):
            continue
        predicted, unknown = _predicted(arrival, intake.nomenclature)
        if unknown:
            refused.append(_quarantined(arrival, unknown, intake))
        key = texts.text_key(arrival.text, arrival.variables)
        taken.append(
            Taken(
                Text(key, texts.group_key(arrival.text), arrival.text, arrival.variables),
                Declaration(intake.source, arrival.external_id, key, arrival.declared_at, code),
                predicted,
                arrival,
            )
        )
    return taken, refused


def _code(arrival: Arrival, nomenclature: Nomenclature | None) -> tuple[str | None, str]:
    if not arrival.code or nomenclature is None:
        return None, ""
    try:
        return nomenclature.parse(arrival.code, leaf=True), ""
    except UnknownCodeError as error:
        return None, str(error)


def _predicted(arrival: Arrival, nomenclature: Nomenclature | None) -> tuple[tuple[str, ...], str]:
    """The predicted codes as published, none of them where one is unknown, and why."""
    if nomenclature is None:
        return arrival.codes, ""
    try:
        return tuple(nomenclature.parse(code, leaf=True) for code in arrival.codes), ""
    except UnknownCodeError as error:
        return (), f"The prediction is left out: {error}"


def _unlearnable(arrival: Arrival, code: str | None) -> str:
    if code is None:
        return "The row has no code, and this source is to hold settled codes."
    if not texts.fold(arrival.text):
        return "The row has a code but no word to learn it from."
    return ""


def _quarantined(arrival: Arrival, reason: str, intake: Terms) -> Quarantined:
    raw = {"id": arrival.external_id, "text": arrival.text, "code": arrival.code, **arrival.variables}
    return Quarantined("text", arrival.file, arrival.row, raw, reason, intake.context(arrival))


def first_of_each_id(work: UnitOfWork, taken: Sequence[Taken], intake: Terms) -> tuple[list[Taken], list[Quarantined]]:
    """A declaration never changes: an id that comes back with another text or other variables is set aside."""
    known = work.texts.declared_as(intake.source, [item.declaration.external_id for item in taken])
    kept: list[Taken] = []
    refused: list[Quarantined] = []
    for item in taken:
        if known.setdefault(item.declaration.external_id, item.text.key) == item.text.key:
            kept.append(item)
        else:
            refused.append(_quarantined(item.arrival, CHANGED, intake))
    return kept, refused


def record(
    work: UnitOfWork, taken: Sequence[Taken], refused: Sequence[Quarantined], intake: Terms, *, now: datetime
) -> IntakeResult:
    version = intake.model_version
    predictions = [_prediction(t, version) for t in taken if version and t.codes]
    return IntakeResult(
        texts=work.texts.add([t.text for t in taken], now=now),
        declarations=work.texts.declare([t.declaration for t in taken], now=now),
        predictions=work.texts.add_predictions(predictions, now=now),
        quarantined=sum(work.quarantine.add(item, now=now) for item in refused),
    )


def _prediction(taken: Taken, model_version: str) -> Prediction:
    given = taken.arrival.probabilities
    entropy = -sum(p * math.log(p) for p in given if p > 0)
    return Prediction(taken.text.key, model_version, taken.codes, given, entropy, 1.0)


def label(
    work: UnitOfWork, votes: Mapping[str, Counter[str]], *, source: str, nomenclature: str, now: datetime
) -> IntakeResult:
    """As ``settle``, of any number of texts."""
    work.leases.serialise(LABELS)
    settled = {r.label.text_key for r in work.labels.current(nomenclature) if r.label.source is not Source.IMPORT}
    return settle(work, votes, settled=settled, source=source, nomenclature=nomenclature, now=now)


def settle(
    work: UnitOfWork,
    votes: Mapping[str, Counter[str]],
    *,
    settled: Collection[str],
    source: str,
    nomenclature: str,
    now: datetime,
) -> IntakeResult:
    """The code that most rows of a text carry becomes its label, unless people have settled it; a tie is set aside."""
    labels: list[Label] = []
    quarantined = 0
    for key, counted in sorted(votes.items()):
        ranked = counted.most_common(2)
        if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
            quarantined += work.quarantine.add(_tie(work, key, counted, source, nomenclature), now=now)
        elif key not in settled:
            # A coder's word stands above the register's: an import never supersedes it.
            labels.append(_imported(key, nomenclature, ranked[0][0], source, now))
    return IntakeResult(labels=work.labels.record(labels), quarantined=quarantined)


def _imported(key: str, nomenclature: str, code: str, source: str, now: datetime) -> Label:
    return Label(key, nomenclature, code, Source.IMPORT, 1.0, now, evidence=f"from {source}")


def _tie(work: UnitOfWork, key: str, counted: Counter[str], source: str, nomenclature: str) -> Quarantined:
    raw: dict[str, Any] = {"text": work.texts.get([key])[key].text, "codes": dict(sorted(counted.items()))}
    context = {"text_key": key, "nomenclature": nomenclature}
    return Quarantined("conflict", source, None, raw, TIE, context)
