"""Versions of training sets and models, and the decisions about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.errors import NotFoundError
from annotation.ledger import statements
from annotation.ledger.tables import CalibrationRow, DecisionRow, ModelVersionRow, TrainingSetVersionRow


class TrainingSetVersions:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, version: TrainingSetVersion) -> None:
        """Record a version; recording it again changes nothing."""
        statements.insert_new(self._session, TrainingSetVersionRow, [_plain(version)], key=["name", "tag"])

    def all(self, name: str) -> list[TrainingSetVersion]:
        statement = select(TrainingSetVersionRow).where(TrainingSetVersionRow.name == name)
        ordered = statement.order_by(TrainingSetVersionRow.built_at, TrainingSetVersionRow.tag)
        return [_trainingset(row) for row in self._session.scalars(ordered)]

    def get(self, name: str, tag: str) -> TrainingSetVersion:
        row = self._session.get(TrainingSetVersionRow, (name, tag))
        if row is None:
            known = ", ".join(v.tag for v in self.all(name)) or "none"
            raise NotFoundError(
                f"The training set {name} has no version {tag} (known: {known}).", cure="See: awb trainingset log"
            )
        return _trainingset(row)

    def mark_collected(self, name: str, tags: Sequence[str], *, at: datetime | None) -> None:
        """Record since when the files of these versions are gone; None where they are there after all."""
        statement = update(TrainingSetVersionRow).where(TrainingSetVersionRow.name == name)
        for chunk in statements.chunks(tags):
            self._session.execute(statement.where(TrainingSetVersionRow.tag.in_(chunk)).values(collected_at=at))


class ModelVersions:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, version: ModelVersion) -> None:
        """Record a version; recording it again changes nothing."""
        statements.insert_new(self._session, ModelVersionRow, [_plain(version)], key=["name", "version"])

    def find(self, name: str, version: str) -> ModelVersion | None:
        row = self._session.get(ModelVersionRow, (name, version))
        return _model(row) if row else None

    def find_by_training_key(self, training_key: str) -> ModelVersion | None:
        statement = select(ModelVersionRow).where(ModelVersionRow.training_key == training_key)
        row = self._session.scalars(statement).one_or_none()
        return _model(row) if row else None

    def all(self, name: str | None = None) -> list[ModelVersion]:
        """Of one model or of all, in the order in which they were trained."""
        statement = select(ModelVersionRow).order_by(ModelVersionRow.trained_at)
        if name is not None:
            statement = statement.where(ModelVersionRow.name == name)
        return [_model(row) for row in self._session.scalars(statement)]


class Calibrations:
    """``document`` is what sampling.calibration reads; ``figures`` are for people."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, model_version: str, document: Mapping[str, Any], figures: Mapping[str, Any], *, now: datetime
    ) -> bool:
        """Record a calibration and tell whether it is new; the one in force is not recorded again."""
        newest = self._newest(model_version)
        if newest is not None and newest.document == dict(document):
            return False
        row = CalibrationRow(model_version=model_version, document=dict(document), figures=dict(figures), fitted_at=now)
        self._session.add(row)
        self._session.flush()
        return True

    def current(self, model_version: str) -> Mapping[str, Any] | None:
        """The document in force."""
        newest = self._newest(model_version)
        return newest.document if newest else None

    def figures(self, model_version: str) -> Mapping[str, Any] | None:
        """The figures that belong to the document in force."""
        newest = self._newest(model_version)
        return newest.figures if newest else None

    def _newest(self, model_version: str) -> CalibrationRow | None:
        statement = select(CalibrationRow).where(CalibrationRow.model_version == model_version)
        return self._session.scalars(statement.order_by(CalibrationRow.id.desc()).limit(1)).first()


class Decisions:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, decision: Decision) -> None:
        self._session.add(DecisionRow(**_plain(decision)))
        self._session.flush()

    def latest(self, kind: str, *, subject: str | None = None, since: datetime | None = None) -> Decision | None:
        found = self.all(kind, subject=subject, since=since)
        return found[-1] if found else None

    def newest(self, number: int) -> list[Decision]:
        """The last ones of any kind, newest first."""
        statement = select(DecisionRow).order_by(DecisionRow.id.desc()).limit(number)
        return [_decision(row) for row in self._session.scalars(statement)]

    def all(
        self, kind: str | None = None, *, subject: str | None = None, since: datetime | None = None
    ) -> list[Decision]:
        statement = select(DecisionRow).order_by(DecisionRow.id)
        if kind is not None:
            statement = statement.where(DecisionRow.kind == kind)
        if subject is not None:
            statement = statement.where(DecisionRow.subject == subject)
        if since is not None:
            statement = statement.where(DecisionRow.decided_at >= since)
        return [_decision(row) for row in self._session.scalars(statement)]


def _plain(value: TrainingSetVersion | ModelVersion | Decision) -> dict[str, Any]:
    plain = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: dict(item) if hasattr(item, "items") else item for name, item in plain.items()}


def _decision(row: DecisionRow) -> Decision:
    return Decision(row.kind, row.subject, row.accepted, row.reason, row.figures, row.decided_at)


def _trainingset(row: TrainingSetVersionRow) -> TrainingSetVersion:
    return TrainingSetVersion(**{field.name: getattr(row, field.name) for field in fields(TrainingSetVersion)})


def _model(row: ModelVersionRow) -> ModelVersion:
    return ModelVersion(**{field.name: getattr(row, field.name) for field in fields(ModelVersion)})
