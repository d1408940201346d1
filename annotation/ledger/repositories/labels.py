"""Settled labels, and the texts that are kept apart to measure with."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Select, String, cast, func, or_, select
from sqlalchemy.orm import Session

from annotation.domain.label import Label, Source
from annotation.ledger import statements
from annotation.ledger.repositories.texts import PAGE
from annotation.ledger.tables import EvaluationMemberRow, GoldRow, LabelRow, TextRow

# The lock under which labels and members of the evaluation set are appended, so that their last ids are watermarks.
LABELS = "labels"


@dataclass(frozen=True, slots=True)
class RecordedLabel:
    id: int
    label: Label


class Said(NamedTuple):
    """A label with its text, as few objects as can be, since a build reads all of them.

    ``variables`` and ``judgements`` are JSON as the database writes it.
    """

    label_id: int
    code: str | None
    source: str
    weight: float
    coder: str | None
    judgement_id: int | None
    judgements: str
    settled_at: datetime
    text_key: str
    group_key: str
    text: str
    variables: str
    erased_at: datetime | None

    @property
    def weighed(self) -> int:
        """How many judgements stand behind it; labels written before all were noted have one."""
        return _length(self.judgements) or int(self.judgement_id is not None)


@dataclass(frozen=True, slots=True)
class EvaluationMember:
    """A text of the evaluation set and the design that brought it there."""

    text_key: str
    group_key: str
    task_key: str
    stratum: str
    inclusion_probability: float


class Labels:
    """Append-only: the highest id of (nomenclature, text) is the label in force."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, labels: Sequence[Label]) -> int:
        """Append the labels that differ from the one in force (code, source, weight, judgements); return how many."""
        changed: list[Label] = []
        for nomenclature in sorted({label.nomenclature for label in labels}):
            mine = [label for label in labels if label.nomenclature == nomenclature]
            current = self._current_of(nomenclature, [label.text_key for label in mine])
            changed += [label for label in mine if _content(label) != current.get(label.text_key)]
        statements.insert_all(
            self._session,
            LabelRow,
            [
                {
                    "text_key": label.text_key,
                    "nomenclature": label.nomenclature,
                    "code": label.code,
                    "source": label.source.value,
                    "weight": label.weight,
                    "coder": label.coder,
                    "judgement_id": label.judgement_id,
                    "evidence": label.evidence,
                    "judgements": list(label.judgements),
                    "settled_at": label.settled_at,
                }
                for label in changed
            ],
        )
        return len(changed)

    def current(self, nomenclature: str, *, up_to: int | None = None) -> list[RecordedLabel]:
        """The labels in force (those without a code too), in order of text key; ``up_to`` is a row id."""
        newest = select(func.max(LabelRow.id)).where(LabelRow.nomenclature == nomenclature)
        if up_to is not None:
            newest = newest.where(LabelRow.id <= up_to)
        statement = select(LabelRow).where(LabelRow.id.in_(newest.group_by(LabelRow.text_key)))
        return [_recorded(row) for row in self._session.scalars(statement.order_by(LabelRow.text_key))]

    def newest_of(self, nomenclature: str, sources: Collection[Source]) -> list[RecordedLabel]:
        """Of each text the newest label of each of these sources, in order of row id."""
        newest = (
            select(func.max(LabelRow.id))
            .where(LabelRow.nomenclature == nomenclature, LabelRow.source.in_([source.value for source in sources]))
            .group_by(LabelRow.text_key, LabelRow.source)
        )
        statement = select(LabelRow).where(LabelRow.id.in_(newest)).order_by(LabelRow.id)
        return [_recorded(row) for row in self._session.scalars(statement)]

    def history(self, nomenclature: str, text_key: str) -> list[RecordedLabel]:
        statement = select(LabelRow).where(LabelRow.nomenclature == nomenclature, LabelRow.text_key == text_key)
        return [_recorded(row) for row in self._session.scalars(statement.order_by(LabelRow.id))]

    def said(self, nomenclature: str, *, up_to: int, keys: Sequence[str] | None = None) -> Iterator[Said]:
        """All labels up to a row id, of ``keys`` (sorted) or of all texts, in order of text key and then of row id.

        Read page by page: as many as one likes fit in memory.
        """
        statement = (
            select(
                LabelRow.id,
                LabelRow.code,
                LabelRow.source,
                LabelRow.weight,
                LabelRow.coder,
                LabelRow.judgement_id,
                cast(LabelRow.judgements, String),
                LabelRow.settled_at,
                LabelRow.text_key,
                TextRow.group_key,
                TextRow.text,
                cast(TextRow.variables, String),
                TextRow.erased_at,
            )
            .join(TextRow, TextRow.key == LabelRow.text_key)
            .where(LabelRow.nomenclature == nomenclature, LabelRow.id <= up_to)
            .order_by(LabelRow.text_key, LabelRow.id)
        )
        chosen = (
            [statement]
            if keys is None
            else [statement.where(LabelRow.text_key.in_(c)) for c in statements.chunks(keys)]
        )
        for one in chosen:
            for page in self._session.execute(one.execution_options(yield_per=PAGE)).partitions():
                yield from map(Said._make, page)

    def touched(self, nomenclature: str, *, after: int, up_to: int) -> list[str]:
        """The keys of texts that have a label with a row id in this range; sorted."""
        statement = select(LabelRow.text_key).where(
            LabelRow.id > after, LabelRow.id <= up_to, LabelRow.nomenclature == nomenclature
        )
        return sorted(set(self._session.scalars(statement)))

    def erased(self, nomenclature: str, *, since: datetime) -> set[str]:
        """The keys of texts with a label, or kept apart, whose wording was erased then or later."""
        concerned = [
            select(table.text_key).where(table.nomenclature == nomenclature, table.text_key == TextRow.key).exists()
            for table in (LabelRow, EvaluationMemberRow, GoldRow)
        ]
        return set(self._session.scalars(select(TextRow.key).where(TextRow.erased_at >= since, or_(*concerned))))

    def in_groups(self, groups: Sequence[str]) -> list[str]:
        """The keys of all texts, labelled or not, with these group keys."""
        found: list[str] = []
        for chunk in statements.chunks(groups):
            found += self._session.scalars(select(TextRow.key).where(TextRow.group_key.in_(chunk)))
        return found

    def groups_of(self, keys: Sequence[str]) -> set[str]:
        """The group keys of these texts."""
        found: set[str] = set()
        for chunk in statements.chunks(keys):
            found.update(self._session.scalars(select(TextRow.group_key).where(TextRow.key.in_(chunk))))
        return found

    def wordings(self, nomenclature: str) -> Iterator[tuple[str, str]]:
        """Group key and text of all that ever had a label, read page by page, in no order; not of erased ones."""
        labelled = select(LabelRow.text_key).where(LabelRow.nomenclature == nomenclature)
        statement = select(TextRow.group_key, TextRow.text).where(
            TextRow.key.in_(labelled), TextRow.erased_at.is_(None)
        )
        for row in self._session.execute(statement.execution_options(yield_per=PAGE)):
            yield row.group_key, row.text

    def counts(self, nomenclature: str) -> dict[str, int]:
        """How many texts each code is the label in force of; members of the evaluation set are not counted."""
        learnable = self._learnable(nomenclature).subquery()
        statement = select(learnable.c.code, func.count()).group_by(learnable.c.code).order_by(learnable.c.code)
        return dict(self._session.execute(statement).all())

    def examples(self, nomenclature: str, codes: Sequence[str], *, each: int) -> dict[str, list[str]]:
        """At most ``each`` texts with the code as label in force, always the same ones, none of the evaluation set."""
        found: dict[str, list[str]] = {}
        for chunk in statements.chunks(codes):
            place = func.row_number().over(partition_by=LabelRow.code, order_by=LabelRow.text_key).label("place")
            ranked = self._learnable(nomenclature).add_columns(place).where(LabelRow.code.in_(chunk)).subquery()
            statement = select(ranked.c.code, TextRow.text).join(TextRow, TextRow.key == ranked.c.text_key)
            wanted = statement.where(ranked.c.place <= each, TextRow.erased_at.is_(None))
            for code, text in self._session.execute(wanted.order_by(ranked.c.code, ranked.c.place)):
                found.setdefault(code, []).append(text)
        return found

    @staticmethod
    def _learnable(nomenclature: str) -> Select[str, str | None]:
        """Text key and code of the labels in force that a model may learn from."""
        newest = select(func.max(LabelRow.id)).where(LabelRow.nomenclature == nomenclature)
        members = select(EvaluationMemberRow.text_key).where(EvaluationMemberRow.nomenclature == nomenclature)
        return select(LabelRow.text_key, LabelRow.code).where(
            LabelRow.id.in_(newest.group_by(LabelRow.text_key)),
            LabelRow.code.is_not(None),
            LabelRow.text_key.not_in(members),
        )

    def last_id(self) -> int:
        return self._session.scalar(select(func.max(LabelRow.id))) or 0

    def _current_of(self, nomenclature: str, keys: Sequence[str]) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for chunk in statements.chunks(keys):
            newest = (
                select(func.max(LabelRow.id))
                .where(LabelRow.nomenclature == nomenclature, LabelRow.text_key.in_(chunk))
                .group_by(LabelRow.text_key)
            )
            for row in self._session.scalars(select(LabelRow).where(LabelRow.id.in_(newest))):
                found[row.text_key] = _content(_recorded(row).label)
        return found


class EvaluationSet:
    """A text that has entered never leaves: it may not be trained on afterwards either."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, nomenclature: str, members: Sequence[EvaluationMember], *, now: datetime) -> int:
        rows = [
            {
                "nomenclature": nomenclature,
                "text_key": m.text_key,
                "group_key": m.group_key,
                "task_key": m.task_key,
                "stratum": m.stratum,
                "inclusion_probability": m.inclusion_probability,
                "added_at": now,
            }
            for m in members
        ]
        return statements.insert_new(self._session, EvaluationMemberRow, rows, key=["nomenclature", "text_key"])

    def members(self, nomenclature: str, *, up_to: int | None = None) -> list[EvaluationMember]:
        statement = select(EvaluationMemberRow).where(EvaluationMemberRow.nomenclature == nomenclature)
        if up_to is not None:
            statement = statement.where(EvaluationMemberRow.id <= up_to)
        return [
            EvaluationMember(
                text_key=row.text_key,
                group_key=row.group_key,
                task_key=row.task_key,
                stratum=row.stratum,
                inclusion_probability=row.inclusion_probability,
            )
            for row in self._session.scalars(statement.order_by(EvaluationMemberRow.text_key))
        ]

    def last_id(self) -> int:
        return self._session.scalar(select(func.max(EvaluationMemberRow.id))) or 0


@lru_cache(4096)
def _length(judgements: str) -> int:
    return len(json.loads(judgements))


def _content(label: Label) -> tuple[object, ...]:
    # Labels written before all judgements were noted had one.
    alone = () if label.judgement_id is None else (label.judgement_id,)
    return (label.code, label.source.value, label.weight, label.judgement_id, label.coder, label.judgements or alone)


def _recorded(row: LabelRow) -> RecordedLabel:
    return RecordedLabel(
        row.id,
        Label(
            text_key=row.text_key,
            nomenclature=row.nomenclature,
            code=row.code,
            source=Source(row.source),
            weight=row.weight,
            settled_at=row.settled_at,
            coder=row.coder,
            judgement_id=row.judgement_id,
            evidence=row.evidence,
            judgements=tuple(row.judgements),
        ),
    )
