"""The stock of gold: texts come in, are proposed, and are retired.

What holds here: no text of the evaluation set is gold, in any wording that folds alike, since whoever checks coders by
it makes them learn it; and gold is nowhere trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from annotation.campaign import settling
from annotation.domain import text as texts
from annotation.domain.declaration import Text
from annotation.domain.team import GoldText
from annotation.errors import NotFoundError
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality.consensus import Settled


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a user's file; ``row`` counts as a spreadsheet does. ``problem`` says why it could not be read."""

    file: str
    row: int
    text: str
    code: str
    note: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AddResult:
    """``recorded`` are new or differ from what was in force; ``refused`` are the rows that could not be taken, with the
    reason, of which ``quarantined`` had not been set aside before."""

    rows: int
    recorded: int
    quarantined: int
    refused: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """``coders`` have said the code and none another; an arbiter's word may stand above them."""

    text_key: str
    text: str
    code: str
    coders: int
    arbitrated: bool

    @property
    def evidence(self) -> str:
        told = f"{self.coders} coders agree"
        return f"an arbiter and {told}" if self.arbitrated else told


def add(*, ledger: Ledger, nomenclature_key: str, rows: Iterable[Row], now: datetime) -> AddResult:
    """Record the rows that can be taken as gold, and set the others aside with a reason; all in one transaction.

    Texts are brought in where they are new. A text that comes again with another code or note is changed.
    """
    number = quarantined = 0
    taken: dict[str, tuple[Text, GoldText]] = {}
    refused: list[tuple[int, str]] = []
    with ledger.begin() as work:
        nomenclature = work.nomenclatures.get(nomenclature_key)
        apart = {member.group_key for member in work.evaluation.members(nomenclature_key)}
        for row in rows:
            number += 1
            code, problem = _read(row, nomenclature, apart)
            key = texts.text_key(row.text, row.variables)
            if not problem and key in taken and taken[key][1].code != code:
                problem = f"An earlier row gives this text the code {taken[key][1].code}."
            if problem:
                refused.append((row.row, problem))
                quarantined += work.quarantine.add(_quarantined(row, problem, nomenclature_key), now=now)
                continue
            taken[key] = _golden(row, code, nomenclature_key, now)
        work.texts.add([text for text, _ in taken.values()], now=now)
        recorded = work.gold.record([gold for _, gold in taken.values()])
        work.events.add("gold", nomenclature_key, now=now, payload={"recorded": recorded, "quarantined": quarantined})
    return AddResult(number, recorded, quarantined, tuple(refused))


def take(work: UnitOfWork, nomenclature: Nomenclature, row: Row, *, now: datetime) -> str:
    """Record one row that was set aside; return why it cannot be taken, if so."""
    apart = {member.group_key for member in work.evaluation.members(nomenclature.key)}
    code, problem = _read(row, nomenclature, apart)
    if problem:
        return problem
    text, gold = _golden(row, code, nomenclature.key, now)
    known = work.gold.current(nomenclature.key).get(text.key)
    if known is not None and known.code != code:
        return f"The text is gold already, with the code {known.code}."
    work.texts.add([text], now=now)
    work.gold.record([gold])
    return ""


def propose(work: UnitOfWork, campaign_key: str, *, least_coders: int = 2) -> list[Proposal]:
    """Texts of the campaign on whose code ``least_coders`` coders agree, none of them and no arbiter against it.

    In order of text key, none that is gold already or belongs to the evaluation set.
    """
    nomenclature = work.campaigns.get(campaign_key).nomenclature
    apart = {member.group_key for member in work.evaluation.members(nomenclature)}
    known = work.gold.current(nomenclature, retired=True)
    agreed = {
        key: verdict
        for key, verdict in settling.verdicts(work, campaign_key).items()
        if isinstance(verdict, Settled) and verdict.code is not None and key not in known
        if verdict.votes == verdict.judgements >= least_coders
    }
    found = work.texts.get(sorted(agreed))
    return [
        Proposal(key, found[key].text, str(agreed[key].code), agreed[key].votes, agreed[key].arbitrated)
        for key in sorted(agreed)
        if found[key].group_key not in apart
    ]


def accept(work: UnitOfWork, campaign_key: str, proposals: Iterable[Proposal], *, now: datetime) -> int:
    """Make them gold of the campaign's nomenclature; return how many are new."""
    nomenclature = work.campaigns.get(campaign_key).nomenclature
    return work.gold.record([GoldText(nomenclature, p.text_key, p.code, "", p.evidence, now) for p in proposals])


def retire(work: UnitOfWork, nomenclature_key: str, text_key: str, *, now: datetime) -> GoldText:
    """Take a text out of the gold: it is not asked any more, and its answers do not count. Errors: NotFoundError."""
    known = work.gold.current(nomenclature_key, retired=True)
    if text_key not in known:
        raise NotFoundError(f"{text_key} is no gold text of {nomenclature_key}.", cure="See: awb gold list")
    retired = replace(known[text_key], retired=True, recorded_at=now)
    work.gold.record([retired])
    return retired


def _read(row: Row, nomenclature: Nomenclature, apart: set[str]) -> tuple[str, str]:
    """The code, or what is wrong with the row."""
    if row.problem:
        return "", row.problem
    if not texts.fold(row.text):
        return "", "The text holds no letter and no digit."
    if texts.group_key(row.text) in apart:
        return "", "The text belongs to the evaluation set: coders who were checked by it would have learnt it."
    try:
        return nomenclature.parse(row.code, leaf=True), ""
    except UnknownCodeError as error:
        return "", str(error)


def _golden(row: Row, code: str, nomenclature: str, now: datetime) -> tuple[Text, GoldText]:
    key = texts.text_key(row.text, row.variables)
    evidence = row.file.rpartition("/")[2]
    text = Text(key, texts.group_key(row.text), row.text, row.variables)
    return text, GoldText(nomenclature, key, code, row.note, evidence, now)


def _quarantined(row: Row, reason: str, nomenclature: str) -> Quarantined:
    raw: dict[str, Any] = {name: value for name, value in asdict(row).items() if name not in ("file", "row", "problem")}
    context = {"nomenclature": nomenclature, "problem": row.problem}
    return Quarantined("gold", row.file, row.row, raw, reason, context)
