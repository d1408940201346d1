"""How long the wording of texts is kept, and how it goes.

Beside people.py the only place where rows that say something are changed: of a text that is erased the wording and the
variables go, with what was written about it in people's own words and the ids under which it was declared. Keys, codes,
probabilities and who judged stay: figures rest on them, and nothing is asked twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from annotation.domain.judgement import Outcome
from annotation.ledger import statements
from annotation.ledger.repositories.judgements import Judgements
from annotation.ledger.tables import (
    CampaignRow,
    DeclarationRow,
    DrawRow,
    EvaluationMemberRow,
    GoldRow,
    JudgementRow,
    LabelRow,
    PlatformReferenceRow,
    QuarantineRow,
    TaskRow,
    TextRow,
    TrainingSetVersionRow,
)

ERASED: Final = "erased"
_SETTLING: Final = [outcome.value for outcome in Outcome if outcome.settles]


class Reason(StrEnum):
    """Why a text was erased: it was old, and comes back when it is declared again, or somebody asked for it."""

    AGE = "age"
    REQUEST = "request"


class Rest(StrEnum):
    """What rests on a text and keeps it from being erased for its age."""

    LABEL = "label"
    EVALUATION = "evaluation"
    GOLD = "gold"
    TASK = "task"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Old:
    """Texts last declared before a moment: how many may go, and how many stay for what rests on them.

    A text on which several things rest is counted for each.
    """

    due: int
    resting: Mapping[Rest, int]


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows lost something."""

    texts: int = 0
    declarations: int = 0
    tasks: int = 0
    judgements: int = 0

    def __add__(self, other: Erased) -> Erased:
        return Erased(
            self.texts + other.texts,
            self.declarations + other.declarations,
            self.tasks + other.tasks,
            self.judgements + other.judgements,
        )


class Retention:
    def __init__(self, session: Session) -> None:
        self._session = session

    def old(self, before: datetime) -> Old:
        """What would go if all that was last declared before then were erased, and what would stay."""
        aged = _aged(before)
        held = {rest: self._count(and_(aged, condition)) for rest, condition in self._resting().items()}
        return Old(self._count(self._due(before)), held)

    def due(self, before: datetime, *, limit: int) -> list[str]:
        """Keys of texts last declared before then on which nothing rests, in order."""
        statement = select(TextRow.key).where(self._due(before)).order_by(TextRow.key).limit(limit)
        return list(self._session.scalars(statement))

    def resting_on(self, key: str) -> tuple[Rest, ...]:
        """What rests on one text."""
        return tuple(rest for rest, on in self._resting().items() if self._count(and_(TextRow.key == key, on)))

    def of_same_wording(self, key: str) -> list[str]:
        """The text's key and those of the texts that differ from it in variables or spelling alone, in order."""
        group = select(TextRow.group_key).where(TextRow.key == key).scalar_subquery()
        return list(self._session.scalars(select(TextRow.key).where(TextRow.group_key == group).order_by(TextRow.key)))

    def erase(self, keys: Sequence[str], *, reason: Reason, now: datetime) -> Erased:
        """Erase the wording of these texts. One that was erased before may only change from *age* to *request*."""
        done = Erased()
        for chunk in statements.chunks(keys):
            tasks = list(self._session.scalars(select(TaskRow.key).where(TaskRow.text_key.in_(chunk))))
            done += Erased(
                texts=self._texts(chunk, reason, now),
                declarations=self._declarations(chunk),
                tasks=self._reasons(tasks),
                judgements=Judgements(self._session).blank_tasks(tasks),
            )
            if reason is Reason.REQUEST:
                self._session.execute(update(GoldRow).where(GoldRow.text_key.in_(chunk)).values(note=""))
        return done

    def erased_tasks(self, task_keys: Collection[str]) -> frozenset[str]:
        """Those of the tasks whose text is erased."""
        found: set[str] = set()
        for chunk in statements.chunks(sorted(task_keys)):
            statement = select(TaskRow.key).join(TextRow, TextRow.key == TaskRow.text_key)
            found.update(self._session.scalars(statement.where(TaskRow.key.in_(chunk), TextRow.erased_at.is_not(None))))
        return frozenset(found)

    def erased_texts(self, keys: Collection[str]) -> frozenset[str]:
        found: set[str] = set()
        for chunk in statements.chunks(sorted(keys)):
            found.update(
                self._session.scalars(select(TextRow.key).where(TextRow.key.in_(chunk), TextRow.erased_at.is_not(None)))
            )
        return frozenset(found)

    def old_quarantine(self, before: datetime) -> int:
        """How many rows were set aside before then and still hold what came in."""
        return self._session.scalar(select(func.count()).select_from(QuarantineRow).where(_full(before))) or 0

    def empty_quarantine(self, before: datetime) -> int:
        """Take the content out of rows set aside before then; what, whence and why stays."""
        return self._changed(update(QuarantineRow).where(_full(before)).values(raw={ERASED: True}, context={}))

    def empty_quarantine_of(self, wording: str) -> int:
        """The same for rows of any age in which a value is this wording."""
        # The column is searched as text first, which finds too much at the most.
        rows = self._session.scalars(select(QuarantineRow).where(_mentions(QuarantineRow.raw, wording)))
        found = [row.id for row in rows if _holds(row.raw, wording)]
        emptied = update(QuarantineRow).where(QuarantineRow.id.in_(found)).values(raw={ERASED: True}, context={})
        return self._changed(emptied)

    def blank_reports(self, wording: str) -> int:
        """Take the wording out of what checks of training sets said; return in how many versions it stood."""
        found = [
            row
            for row in self._session.scalars(
                select(TrainingSetVersionRow).where(_mentions(TrainingSetVersionRow.report, wording))
            )
            if _holds(row.report, wording)
        ]
        for row in found:
            row.report = _without(row.report, wording)
        self._session.flush()
        return len(found)

    def places(self, keys: Sequence[str]) -> dict[str, list[int]]:
        """By platform, its ids of the living tasks that show these texts."""
        found: dict[str, list[int]] = {}
        statement = (
            select(PlatformReferenceRow.platform, PlatformReferenceRow.external_id)
            .join(TaskRow, TaskRow.key == PlatformReferenceRow.task_key)
            .where(TaskRow.text_key.in_(keys), PlatformReferenceRow.vanished_at.is_(None))
        )
        for platform, number in self._session.execute(statement.order_by(PlatformReferenceRow.external_id)):
            found.setdefault(platform, []).append(number)
        return found

    def _texts(self, keys: Sequence[str], reason: Reason, now: datetime) -> int:
        among, told = TextRow.key.in_(keys), TextRow.erased_for.is_distinct_from(reason.value)
        wanted = TextRow.erased_at.is_(None) if reason is Reason.AGE else told
        values = {"text": "", "variables": {}, "erased_at": now, "erased_for": reason.value}
        return self._changed(update(TextRow).where(among, wanted).values(values))

    def _declarations(self, keys: Sequence[str]) -> int:
        nothing = literal(f"{ERASED}:") + cast(DeclarationRow.id, String)
        told = DeclarationRow.external_id.not_like(f"{ERASED}:%")
        return self._changed(
            update(DeclarationRow).where(DeclarationRow.text_key.in_(keys), told).values(external_id=nothing)
        )

    def _reasons(self, task_keys: Sequence[str]) -> int:
        """Why a text was asked about may quote its words."""
        return sum(
            self._changed(update(TaskRow).where(TaskRow.key.in_(chunk), TaskRow.reason != "").values(reason=""))
            for chunk in statements.chunks(task_keys)
        )

    def _due(self, before: datetime) -> ColumnElement[bool]:
        return and_(_aged(before), *(~condition for condition in self._resting().values()))

    def _resting(self) -> dict[Rest, ColumnElement[bool]]:
        newest = select(func.max(LabelRow.id)).group_by(LabelRow.nomenclature, LabelRow.text_key, LabelRow.source)
        in_force = LabelRow.id.in_(newest) & LabelRow.code.is_not(None) & (LabelRow.weight > 0)
        said = select(func.max(JudgementRow.id)).group_by(JudgementRow.platform, JudgementRow.external_id)
        answered = select(JudgementRow.task_key).where(
            JudgementRow.id.in_(said), JudgementRow.deleted.is_(False), JudgementRow.outcome.in_(_SETTLING)
        )
        outstanding = (
            select(TaskRow.text_key)
            .join(DrawRow, DrawRow.id == TaskRow.draw_id)
            .join(CampaignRow, CampaignRow.key == DrawRow.campaign)
            .where(CampaignRow.closed_at.is_(None), TaskRow.key.not_in(answered))
        )
        learnt = select(LabelRow.text_key).where(LabelRow.code.is_not(None), self._within_a_kept_version())
        return {
            Rest.LABEL: TextRow.key.in_(select(LabelRow.text_key).where(in_force)),
            Rest.EVALUATION: TextRow.key.in_(select(EvaluationMemberRow.text_key)),
            Rest.GOLD: TextRow.key.in_(select(GoldRow.text_key)),
            Rest.TASK: TextRow.key.in_(outstanding),
            Rest.VERSION: TextRow.key.in_(learnt),
        }

    def _within_a_kept_version(self) -> ColumnElement[bool]:
        """Labels that a version may hold whose files are still there, by the watermark of its recipe."""
        kept = select(TrainingSetVersionRow.recipe).where(TrainingSetVersionRow.collected_at.is_(None))
        last: dict[str, int] = {}
        for recipe in self._session.scalars(kept):
            nomenclature = str(recipe.get("nomenclature"))
            last[nomenclature] = max(last.get(nomenclature, 0), int(recipe.get("last_label") or 0))
        conditions = [(LabelRow.nomenclature == name) & (LabelRow.id <= number) for name, number in last.items()]
        return or_(*conditions, literal(False))

    def _count(self, condition: ColumnElement[bool]) -> int:
        return self._session.scalar(select(func.count()).select_from(TextRow).where(condition)) or 0

    def _changed(self, statement: Any) -> int:
        done: Any = self._session.execute(statement.execution_options(synchronize_session=False))
        return int(done.rowcount)


def _aged(before: datetime) -> ColumnElement[bool]:
    """Not erased, and last declared before then; one that was never declared counts from when it was first seen."""
    declared = DeclarationRow.text_key == TextRow.key
    return and_(
        TextRow.erased_at.is_(None),
        ~exists().where(declared, DeclarationRow.declared_at >= before),
        or_(TextRow.first_seen_at < before, exists().where(declared)),
    )


def _full(before: datetime) -> ColumnElement[bool]:
    return and_(QuarantineRow.quarantined_at < before, ~_mentions(QuarantineRow.raw, ERASED))


def _mentions(column: Any, word: str) -> ColumnElement[bool]:
    """Whether a JSON column, read as text, holds the first letters and digits of the word."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c == " ") else "%" for c in word)
    return cast(column, String).like(f"%{plain}%")


def _holds(document: Any, wording: str) -> bool:
    """Whether a value somewhere inside is the wording."""
    return bool(document != _without(document, wording))


def _without(document: Any, wording: str) -> Any:
    """The document with each value that is the wording taken out."""
    if isinstance(document, Mapping):
        return {name: _without(value, wording) for name, value in document.items()}
    if isinstance(document, Sequence) and not isinstance(document, str):
        return [_without(value, wording) for value in document]
    return "" if isinstance(document, str) and wording and document.strip() == wording.strip() else document
