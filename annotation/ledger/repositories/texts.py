"""Texts, their arrivals, and what models predicted for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from annotation.domain.declaration import Declaration, Text, Window
from annotation.domain.prediction import Prediction
from annotation.ledger import statements
from annotation.ledger.repositories.retention import Reason
from annotation.ledger.tables import DeclarationRow, PredictionRow, TextRow

# Rows that are held at once while a long result is read.
PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A text of a window, how many times it was declared there, and what a model version said of it."""

    text: Text
    declarations: int
    prediction: Prediction | None


class Texts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, texts: Sequence[Text], *, now: datetime) -> int:
        """How many are new, or were erased for their age and are back; what was erased on request stays erased."""
        rows = [
            {
                "key": t.key,
                "group_key": t.group_key,
                "text": t.text,
                "variables": dict(t.variables),
                "first_seen_at": now,
            }
            for t in {t.key: t for t in reversed(texts)}.values()
        ]
        return statements.insert_or_move(
            self._session,
            TextRow,
            rows,
            key=["key"],
            where=TextRow.erased_for == Reason.AGE.value,
            also={"erased_at": None, "erased_for": None},
        )

    def declare(self, declarations: Sequence[Declaration], *, now: datetime) -> int:
        """Record arrivals; one that is already there (same source and external id) is left as it was."""
        rows = [
            {
                "source": d.source,
                "external_id": d.external_id,
                "text_key": d.text_key,
                "declared_at": d.declared_at,
                "code": d.code,
                "imported_at": now,
            }
            for d in declarations
        ]
        return statements.insert_new(self._session, DeclarationRow, rows, key=["source", "external_id"])

    def complete(self, declaration: Declaration) -> bool:
        """Add its code to a declaration whose code could not be read when it came; return whether that was so."""
        row = self._session.scalars(
            select(DeclarationRow).where(
                DeclarationRow.source == declaration.source,
                DeclarationRow.external_id == declaration.external_id,
                DeclarationRow.text_key == declaration.text_key,
                DeclarationRow.code.is_(None),
            )
        ).one_or_none()
        if row is None or declaration.code is None:
            return False
        row.code = declaration.code
        self._session.flush()
        return True

    def codes_of(self, source: str, key: str) -> dict[str, int]:
        """The codes with which a source declared a text, with how many times each."""
        statement = select(DeclarationRow.code, func.count()).where(
            DeclarationRow.source == source, DeclarationRow.text_key == key, DeclarationRow.code.is_not(None)
        )
        found = self._session.execute(statement.group_by(DeclarationRow.code))
        return {str(code): number for code, number in found}

    def declared_as(self, source: str, external_ids: Sequence[str]) -> dict[str, str]:
        """The text keys of those declarations of the source that are known, by their external id."""
        found: dict[str, str] = {}
        for chunk in statements.chunks(external_ids):
            statement = select(DeclarationRow.external_id, DeclarationRow.text_key).where(
                DeclarationRow.source == source, DeclarationRow.external_id.in_(chunk)
            )
            found.update(self._session.execute(statement).all())
        return found

    def sources(self, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Where the texts were declared, by text key; sorted."""
        found: dict[str, list[str]] = {}
        for chunk in statements.chunks(keys):
            statement = select(DeclarationRow.text_key, DeclarationRow.source).where(DeclarationRow.text_key.in_(chunk))
            for key, source in self._session.execute(statement.distinct()):
                found.setdefault(key, []).append(source)
        return {key: tuple(sorted(sources)) for key, sources in found.items()}

    def get(self, keys: Sequence[str]) -> dict[str, Text]:
        found: dict[str, Text] = {}
        for chunk in statements.chunks(keys):
            for row in self._session.scalars(select(TextRow).where(TextRow.key.in_(chunk))):
                found[row.key] = _text(row)
        return found

    def declared_in(self, window: Window) -> dict[str, int]:
        """Text keys that arrived in the window and are not erased, with how many times each."""
        statement = (
            select(DeclarationRow.text_key, func.count())
            .where(DeclarationRow.declared_at >= window.start, DeclarationRow.declared_at < window.end)
            .where(DeclarationRow.text_key.not_in(_erased()))
            .group_by(DeclarationRow.text_key)
            .order_by(DeclarationRow.text_key)
        )
        return dict(self._session.execute(statement).all())

    def arrivals(self, window: Window, model_version: str) -> Iterator[Arrival]:
        """The texts of the window in order of their key, read page by page: as many as one likes fit in memory.

        Erased ones are left out.
        """
        declared = (
            select(DeclarationRow.text_key, func.count().label("number"))
            .where(DeclarationRow.declared_at >= window.start, DeclarationRow.declared_at < window.end)
            .group_by(DeclarationRow.text_key)
            .subquery()
        )
        said = (PredictionRow.text_key == TextRow.key) & (PredictionRow.model_version == model_version)
        statement = (
            select(
                TextRow.key,
                TextRow.group_key,
                TextRow.text,
                TextRow.variables,
                declared.c.number,
                PredictionRow.codes,
                PredictionRow.probabilities,
                PredictionRow.entropy,
                PredictionRow.known,
            )
            .join(declared, declared.c.text_key == TextRow.key)
            .join(PredictionRow, said, isouter=True)
            .where(TextRow.erased_at.is_(None))
            .order_by(TextRow.key)
        )
        for row in self._session.execute(statement.execution_options(yield_per=PAGE)):
            key, group_key, text, variables, number, codes, probabilities, entropy, known = row
            # A missing prediction and a JSON null look alike; the entropy is never null.
            said_of = (
                None
                if entropy is None
                else Prediction(key, model_version, tuple(codes), tuple(probabilities), entropy, known)
            )
            yield Arrival(Text(key, group_key, text, variables), number, said_of)

    def without_prediction(self, model_version: str, *, keys: Collection[str] | None = None) -> list[Text]:
        """Texts that this model version has not scored yet, of ``keys`` or of all, in order of their key.

        Erased ones are not among them.
        """
        scored = select(PredictionRow.text_key).where(PredictionRow.model_version == model_version)
        left = TextRow.key.not_in(scored) & TextRow.erased_at.is_(None)
        statement = select(TextRow).where(left).order_by(TextRow.key)
        if keys is None:
            return [_text(row) for row in self._session.scalars(statement)]
        found: list[Text] = []
        for chunk in statements.chunks(sorted(keys)):
            found += map(_text, self._session.scalars(statement.where(TextRow.key.in_(chunk))))
        return found

    def add_predictions(self, predictions: Sequence[Prediction], *, now: datetime) -> int:
        rows = [
            {
                "text_key": p.text_key,
                "model_version": p.model_version,
                "codes": list(p.codes),
                "probabilities": list(p.probabilities),
                "margin": p.margin,
                "entropy": p.entropy,
                "known": p.known,
                "predicted_at": now,
            }
            for p in predictions
        ]
        return statements.insert_new(self._session, PredictionRow, rows, key=["text_key", "model_version"])

    def predictions(self, model_version: str, keys: Sequence[str]) -> dict[str, Prediction]:
        found: dict[str, Prediction] = {}
        for chunk in statements.chunks(keys):
            statement = select(PredictionRow).where(
                PredictionRow.model_version == model_version, PredictionRow.text_key.in_(chunk)
            )
            for row in self._session.scalars(statement):
                found[row.text_key] = Prediction(
                    text_key=row.text_key,
                    model_version=row.model_version,
                    codes=tuple(row.codes),
                    probabilities=tuple(row.probabilities),
                    entropy=row.entropy,
                    known=row.known,
                )
        return found

    def first_codes(self, model_version: str, keys: Sequence[str]) -> dict[str, str | None]:
        """What the version holds for most probable of the texts that it was asked about; None where it had no code."""
        found: dict[str, str | None] = {}
        for chunk in statements.chunks(keys):
            statement = select(PredictionRow.text_key, PredictionRow.codes).where(
                PredictionRow.model_version == model_version, PredictionRow.text_key.in_(chunk)
            )
            found.update({key: codes[0] if codes else None for key, codes in self._session.execute(statement)})
        return found

    def margins(self, model_version: str, keys: Sequence[str]) -> dict[str, float]:
        """Of the texts that the version was asked about; 0 where it had no code."""
        found: dict[str, float] = {}
        for chunk in statements.chunks(keys):
            statement = select(PredictionRow.text_key, PredictionRow.margin).where(
                PredictionRow.model_version == model_version, PredictionRow.text_key.in_(chunk)
            )
            found.update(self._session.execute(statement).all())
        return found

    def counts(self) -> Mapping[str, int]:
        return {
            "texts": self._session.scalar(select(func.count()).select_from(TextRow)) or 0,
            "declarations": self._session.scalar(select(func.count()).select_from(DeclarationRow)) or 0,
            "predictions": self._session.scalar(select(func.count()).select_from(PredictionRow)) or 0,
        }

    def span(self) -> Window | None:
        """From the first declaration to the last."""
        first, last = self._session.execute(
            select(func.min(DeclarationRow.declared_at), func.max(DeclarationRow.declared_at))
        ).one()
        return Window(first, last) if first else None

    def versions_scored(self) -> list[str]:
        """The model versions that have predictions, the one that scored last first."""
        statement = select(PredictionRow.model_version).group_by(PredictionRow.model_version)
        return list(self._session.scalars(statement.order_by(func.max(PredictionRow.id).desc())))

    def codes_declared(self, window: Window) -> dict[str, str]:
        """The code with which each text of the window was declared; of several, the one declared most often."""
        number = func.count()
        statement = (
            select(DeclarationRow.text_key, DeclarationRow.code)
            .where(DeclarationRow.declared_at >= window.start, DeclarationRow.declared_at < window.end)
            .where(DeclarationRow.code.is_not(None))
            .group_by(DeclarationRow.text_key, DeclarationRow.code)
            .order_by(number, DeclarationRow.code.desc())
        )
        return {key: str(code) for key, code in self._session.execute(statement)}

    def declared_by(self, sources: Collection[str], window: Window) -> dict[str, int]:
        """Text keys that arrived from these sources in the window, with how many times each."""
        statement = (
            select(DeclarationRow.text_key, func.count())
            .where(DeclarationRow.declared_at >= window.start, DeclarationRow.declared_at < window.end)
            .where(DeclarationRow.source.in_(sources))
            .group_by(DeclarationRow.text_key)
        )
        return dict(self._session.execute(statement).all())


def _erased() -> Select[str]:
    return select(TextRow.key).where(TextRow.erased_at.is_not(None))


def _text(row: TextRow) -> Text:
    erased = row.erased_at is not None
    return Text(key=row.key, group_key=row.group_key, text=row.text, variables=row.variables, erased=erased)
