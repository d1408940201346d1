"""The tables of the ledger.

The invariant kept here: a row that says what somebody or something said is never changed. Judgements, labels and
predictions are appended, and the highest id of a key is the one in force; a deletion is a row too (a tombstone).
What a person wrote in their own words is erased where they ask to be forgotten (repositories/people.py), and so is
the wording of a text that may be kept no longer (repositories/retention.py).
Only bookkeeping about our own work (leases, cursors, a turn's progress, a webhook's processing) is updated in place.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on both sides; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only for INTEGER; PostgreSQL needs 64 bits for years of predictions.
RowId = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")
_ERASED = text("erased_at IS NOT NULL")


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: Json, list[Any]: Json}  # noqa: RUF012


class NomenclatureRow(Base):
    __tablename__ = "nomenclature"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime]


class CodeRow(Base):
    __tablename__ = "code"
    nomenclature: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"), primary_key=True)
    code: Mapped[str] = mapped_column(String(128), primary_key=True)
    position: Mapped[int]
    level: Mapped[int]
    parent: Mapped[str | None] = mapped_column(String(128))
    title: Mapped[str] = mapped_column(Text)
    includes: Mapped[str] = mapped_column(Text, default="")
    also_includes: Mapped[str] = mapped_column(Text, default="")
    excludes: Mapped[str] = mapped_column(Text, default="")
    leaf: Mapped[bool] = mapped_column(Boolean)


class CorrespondenceRow(Base):
    """A version of the table old -> new; a corrected table is another row with another key."""

    __tablename__ = "correspondence"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    old: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"))
    new: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"))
    origin: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime]


class CorrespondencePairRow(Base):
    __tablename__ = "correspondence_pair"
    correspondence: Mapped[str] = mapped_column(ForeignKey("correspondence.key"), primary_key=True)
    old_code: Mapped[str] = mapped_column(String(128), primary_key=True)
    new_code: Mapped[str] = mapped_column(String(128), primary_key=True)
    position: Mapped[int]


class TextRow(Base):
    """``key`` and ``group_key`` are hashes of a fixed normalisation (see annotation.domain.text).

    Of a text that was erased the keys are left: its wording and variables are empty. ``erased_for`` says why: *age*
    (it comes back when it is declared again) or *request* (never).
    """

    __tablename__ = "text"
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    group_key: Mapped[str] = mapped_column(String(20), index=True)
    text: Mapped[str] = mapped_column(Text)
    variables: Mapped[dict[str, Any]]
    first_seen_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    erased_for: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (Index("ix_text_erased", "erased_at", sqlite_where=_ERASED, postgresql_where=_ERASED),)


class DeclarationRow(Base):
    """One arrival of a text in the register: the unit of the flow, from which windows are cut."""

    __tablename__ = "declaration"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    source: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str] = mapped_column(String(128))
    text_key: Mapped[str] = mapped_column(ForeignKey("text.key"), index=True)
    declared_at: Mapped[datetime] = mapped_column(index=True)
    code: Mapped[str | None] = mapped_column(String(128))
    imported_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("source", "external_id"),)


class PredictionRow(Base):
    __tablename__ = "prediction"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    text_key: Mapped[str] = mapped_column(ForeignKey("text.key"))
    model_version: Mapped[str] = mapped_column(String(128))
    codes: Mapped[list[Any]]
    probabilities: Mapped[list[Any]]
    margin: Mapped[float] = mapped_column(Float)
    entropy: Mapped[float] = mapped_column(Float)
    known: Mapped[float] = mapped_column(Float)
    predicted_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("text_key", "model_version"), Index("ix_prediction_model", "model_version"))


class CampaignRow(Base):
    __tablename__ = "campaign"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    nomenclature: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"))
    language: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class PolicyRow(Base):
    """How a campaign works; the newest row of a campaign holds."""

    __tablename__ = "campaign_policy"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign: Mapped[str] = mapped_column(ForeignKey("campaign.key"), index=True)
    document: Mapped[dict[str, Any]]
    set_by: Mapped[str] = mapped_column(String(64))
    set_at: Mapped[datetime]


class DrawRow(Base):
    """One seeded selection. ``recipe`` holds the budget, the seed, the windows and the sizes of the strata."""

    __tablename__ = "draw"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    campaign: Mapped[str] = mapped_column(ForeignKey("campaign.key"), index=True)
    seed: Mapped[int] = mapped_column(BigInteger)
    model_version: Mapped[str | None] = mapped_column(String(128))
    reference_window: Mapped[str] = mapped_column(String(80))
    current_window: Mapped[str] = mapped_column(String(80))
    recipe: Mapped[dict[str, Any]]
    drawn_at: Mapped[datetime]


class TaskRow(Base):
    __tablename__ = "task"
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), index=True)
    text_key: Mapped[str] = mapped_column(ForeignKey("text.key"), index=True)
    component: Mapped[str] = mapped_column(String(16))
    stratum: Mapped[str] = mapped_column(String(128))
    inclusion_probability: Mapped[float] = mapped_column(Float)
    seat: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    candidates: Mapped[list[Any]]
    probabilities: Mapped[list[Any]]
    model_version: Mapped[str | None] = mapped_column(String(128))
    frequency: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    confidence: Mapped[float | None] = mapped_column(Float)
    kind: Mapped[str] = mapped_column(String(16), default="coding", server_default="coding")
    blind: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    __table_args__ = (
        UniqueConstraint("draw_id", "text_key", "seat"),
        Index("ix_task_counted", "draw_id", "component", "kind", "key"),
        CheckConstraint("inclusion_probability > 0 AND inclusion_probability <= 1", name="known_chance"),
    )


class ProjectRow(Base):
    """A project of a campaign on a platform, one for each queue; ``cursor`` is the moment up to which it was pulled.

    The queue is empty for the project that all coders share, else a coder's pseudonym or a name of ours.
    """

    __tablename__ = "project"
    campaign: Mapped[str] = mapped_column(ForeignKey("campaign.key"), primary_key=True)
    platform: Mapped[str] = mapped_column(String(200), primary_key=True)
    queue: Mapped[str] = mapped_column(String(64), primary_key=True, default="", server_default="")
    external_id: Mapped[int]
    created_at: Mapped[datetime]
    cursor: Mapped[datetime | None]
    webhook_id: Mapped[int | None]


class PlatformReferenceRow(Base):
    """Where a task lives on a platform. The newest row of a task counts; ``vanished_at``: deleted there."""

    __tablename__ = "platform_reference"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    task_key: Mapped[str] = mapped_column(ForeignKey("task.key"), index=True)
    platform: Mapped[str] = mapped_column(String(200))
    project_id: Mapped[int]
    external_id: Mapped[int]
    pushed_at: Mapped[datetime]
    vanished_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("platform", "external_id"),)


class CoderRow(Base):
    """The only place that links a pseudonym to a person. Access to this table is to be restricted."""

    __tablename__ = "coder"
    pseudonym: Mapped[str] = mapped_column(String(32), primary_key=True)
    platform: Mapped[str] = mapped_column(String(200))
    external_id: Mapped[str] = mapped_column(String(64))
    email: Mapped[str | None] = mapped_column(String(254))
    seen_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("platform", "external_id"),)


class EnrolmentRow(Base):
    """A coder's part in a campaign; the newest row of a coder and campaign holds."""

    __tablename__ = "enrolment"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign: Mapped[str] = mapped_column(ForeignKey("campaign.key"), index=True)
    coder: Mapped[str] = mapped_column(ForeignKey("coder.pseudonym"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    arbiter: Mapped[bool] = mapped_column(Boolean)
    skills: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(Text)
    enrolled_at: Mapped[datetime]


class AssignmentRow(Base):
    """Into whose queue a task goes; the newest row of a task holds. Tasks without one go into the shared queue."""

    __tablename__ = "assignment"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    task_key: Mapped[str] = mapped_column(ForeignKey("task.key"), index=True)
    queue: Mapped[str] = mapped_column(String(64), index=True)
    assigned_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class GoldRow(Base):
    """A text whose code was settled beforehand; the newest row of a nomenclature and text holds."""

    __tablename__ = "gold"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    nomenclature: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"))
    text_key: Mapped[str] = mapped_column(ForeignKey("text.key"))
    code: Mapped[str] = mapped_column(String(128))
    note: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    retired: Mapped[bool] = mapped_column(Boolean)
    recorded_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_gold_text", "nomenclature", "text_key"),
        ForeignKeyConstraint(["nomenclature", "code"], ["code.nomenclature", "code.code"]),
    )


class JudgementRow(Base):
    __tablename__ = "judgement"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    task_key: Mapped[str] = mapped_column(ForeignKey("task.key"), index=True)
    platform: Mapped[str] = mapped_column(String(200))
    external_id: Mapped[str] = mapped_column(String(64))
    coder: Mapped[str] = mapped_column(ForeignKey("coder.pseudonym"), index=True)
    outcome: Mapped[str] = mapped_column(String(24))
    code: Mapped[str | None] = mapped_column(String(128))
    judged_at: Mapped[datetime]
    lead_time: Mapped[float | None] = mapped_column(Float)
    comment: Mapped[str] = mapped_column(Text)
    difficulty: Mapped[int | None]
    detail: Mapped[str] = mapped_column(Text, default="", server_default="")
    deleted: Mapped[bool] = mapped_column(Boolean)
    raw: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_judgement_annotation", "platform", "external_id"),
        # Answers are counted from this alone: their rows carry what came from the platform, and are long.
        Index(
            "ix_judgement_counted",
            "task_key", "deleted", "outcome", "coder", "judged_at", "lead_time", "platform", "external_id",
        ),
    )  # fmt: skip


class LabelRow(Base):
    __tablename__ = "label"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    text_key: Mapped[str] = mapped_column(ForeignKey("text.key"))
    nomenclature: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"))
    code: Mapped[str | None] = mapped_column(String(128))
    source: Mapped[str] = mapped_column(String(16))
    weight: Mapped[float] = mapped_column(Float)
    coder: Mapped[str | None] = mapped_column(String(32))
    judgement_id: Mapped[int | None] = mapped_column(ForeignKey("judgement.id"))
    evidence: Mapped[str] = mapped_column(Text)
    judgements: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    settled_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_label_text", "nomenclature", "text_key"),
        ForeignKeyConstraint(["nomenclature", "code"], ["code.nomenclature", "code.code"]),
    )


class EvaluationMemberRow(Base):
    """A text that belongs to the evaluation set of a nomenclature for good, with the design that selected it."""

    __tablename__ = "evaluation_member"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    nomenclature: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"))
    text_key: Mapped[str] = mapped_column(ForeignKey("text.key"))
    group_key: Mapped[str] = mapped_column(String(20), index=True)
    task_key: Mapped[str] = mapped_column(ForeignKey("task.key"))
    stratum: Mapped[str] = mapped_column(String(128))
    inclusion_probability: Mapped[float] = mapped_column(Float)
    added_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("nomenclature", "text_key"),)


class QuarantineRow(Base):
    """``context`` is what taking it again needs beside ``raw``; null where an earlier program set it aside."""

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    origin: Mapped[str] = mapped_column(Text)
    row: Mapped[int | None]
    raw: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    context: Mapped[dict[str, Any] | None]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    quarantined_at: Mapped[datetime]


class QuarantineSettlementRow(Base):
    """What became of something set aside; the newest row of a quarantine row holds.

    *retried* (taken) or *dropped*; or *refused*: tried again in vain, it waits on, for the reason given here.
    """

    __tablename__ = "quarantine_settlement"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    quarantine_id: Mapped[int] = mapped_column(ForeignKey("quarantine.id"), index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    settled_by: Mapped[str] = mapped_column(String(64))
    settled_at: Mapped[datetime]


class TrainingSetVersionRow(Base):
    """``recipe`` is what is needed, with the ledger, to build the same rows again; ``report`` is what its checks found.

    ``collected_at``: its files are no more on the object storage.
    """

    __tablename__ = "trainingset_version"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    parent: Mapped[str | None] = mapped_column(String(64))
    snapshot_id: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    recipe: Mapped[dict[str, Any]]
    built_at: Mapped[datetime]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    collected_at: Mapped[datetime | None]


class LabelEditRow(Base):
    """A label that a rule changed on its way into a version; no ``code_after``: the rule took the text out.

    Only edits that the version's parent did not have are written. ``expires_on``: the rule's last day, as ISO 8601.
    """

    __tablename__ = "label_edit"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    tag: Mapped[str] = mapped_column(String(64))
    text_key: Mapped[str] = mapped_column(ForeignKey("text.key"), index=True)
    label_id: Mapped[int] = mapped_column(ForeignKey("label.id"))
    rule: Mapped[str] = mapped_column(String(64))
    code_before: Mapped[str] = mapped_column(String(128))
    code_after: Mapped[str | None] = mapped_column(String(128))
    expires_on: Mapped[str | None] = mapped_column(String(10))
    __table_args__ = (
        ForeignKeyConstraint(["name", "tag"], ["trainingset_version.name", "trainingset_version.tag"]),
        UniqueConstraint("name", "tag", "text_key", "rule"),
    )


class ModelVersionRow(Base):
    __tablename__ = "model_version"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    nomenclature: Mapped[str] = mapped_column(ForeignKey("nomenclature.key"))
    trainingset_tag: Mapped[str] = mapped_column(String(64))
    trainingset_digest: Mapped[str] = mapped_column(String(64))
    training_key: Mapped[str] = mapped_column(String(64), unique=True)
    run_id: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, Any]]
    trained_at: Mapped[datetime]


class CalibrationRow(Base):
    """How far a model's confidence is to be trusted; the newest row of a model version holds."""

    __tablename__ = "calibration"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    model_version: Mapped[str] = mapped_column(String(128), index=True)
    document: Mapped[dict[str, Any]]
    figures: Mapped[dict[str, Any]]
    fitted_at: Mapped[datetime]


class DecisionRow(Base):
    """Why something was done or not done: retrain, promote, relabel."""

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), index=True)
    subject: Mapped[str] = mapped_column(String(128))
    accepted: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime]


class InboxRow(Base):
    """A webhook as it came in. It is a hint only; the pull is the truth."""

    __tablename__ = "webhook_inbox"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    action: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None] = mapped_column(index=True)


class EventRow(Base):
    __tablename__ = "event"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(48), index=True)
    subject: Mapped[str] = mapped_column(String(128))
    payload: Mapped[dict[str, Any]]
    happened_at: Mapped[datetime]


class AccountRow(Base):
    """Who may sign in to the pages. ``epoch`` grows to end all sessions at once; access to this table is restricted."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(256))
    issuer: Mapped[str | None] = mapped_column(String(254))
    subject: Mapped[str | None] = mapped_column(String(254))
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class TokenRow(Base):
    """A token of the API; only a hash of it is kept."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class AuditRow(Base):
    """What somebody did through the pages, the API or the command line; never changed."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    action: Mapped[str] = mapped_column(String(48), index=True)
    subject: Mapped[str] = mapped_column(String(254))
    detail: Mapped[dict[str, Any]]
    address: Mapped[str] = mapped_column(String(64))
    happened_at: Mapped[datetime] = mapped_column(index=True)


class TurnRow(Base):
    __tablename__ = "turn"
    campaign: Mapped[str] = mapped_column(ForeignKey("campaign.key"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class TurnStepRow(Base):
    """A finished step of a turn and what it gave; a step without a row is to be run (again)."""

    __tablename__ = "turn_step"
    campaign: Mapped[str] = mapped_column(String(64), primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(String(32), primary_key=True)
    result: Mapped[dict[str, Any]]
    finished_at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["campaign", "turn"], ["turn.campaign", "turn.number"]),)


class LeaseRow(Base):
    """Who is doing what alone; an expired lease may be taken over."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    taken_at: Mapped[datetime]
    expires_at: Mapped[datetime]
