"""queues, policies, enrolment, gold; who may sign in, and what they did"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _widen()
    op.create_table(
        "campaign_policy",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("campaign", sa.String(64), sa.ForeignKey("campaign.key"), nullable=False, index=True),
        sa.Column("document", JSON, nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
    )
    op.create_table(
        "enrolment",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("campaign", sa.String(64), sa.ForeignKey("campaign.key"), nullable=False, index=True),
        sa.Column("coder", sa.String(32), sa.ForeignKey("coder.pseudonym"), nullable=False, index=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("arbiter", sa.Boolean(), nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
    )
    op.create_table(
        "assignment",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("task_key", sa.String(20), sa.ForeignKey("task.key"), nullable=False, index=True),
        sa.Column("queue", sa.String(64), nullable=False, index=True),
        sa.Column("assigned_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
    )
    op.create_table(
        "gold",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("nomenclature", sa.String(64), sa.ForeignKey("nomenclature.key"), nullable=False),
        sa.Column("text_key", sa.String(20), sa.ForeignKey("text.key"), nullable=False),
        sa.Column("code", sa.String(128), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["nomenclature", "code"], ["code.nomenclature", "code.code"]),
    )
    op.create_index("ix_gold_text", "gold", ["nomenclature", "text_key"])
    _let_people_in()


def _widen() -> None:
    """Columns that earlier rows do without, and a project for each queue."""
    op.add_column("task", sa.Column("kind", sa.String(16), nullable=False, server_default="coding"))
    op.add_column("task", sa.Column("blind", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("judgement", sa.Column("difficulty", sa.Integer(), nullable=True))
    op.add_column("judgement", sa.Column("detail", sa.Text(), nullable=False, server_default=""))
    op.add_column("label", sa.Column("judgements", JSON, nullable=False, server_default=sa.text("'[]'")))
    _rekey_projects(["campaign", "platform", "queue"], before=["campaign", "platform"])


def _rekey_projects(key: list[str], *, before: list[str]) -> None:
    """A table with the other key takes over the rows: SQLite cannot change a primary key in place."""
    op.rename_table("project", "project_before")
    op.create_table(
        "project",
        *(sa.Column(name, sa.String(200 if name == "platform" else 64), server_default=_default(name)) for name in key),
        sa.Column("external_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("cursor", MOMENT, nullable=True),
        sa.Column("webhook_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(*key, name="project_key"),
        sa.ForeignKeyConstraint(["campaign"], ["campaign.key"]),
    )
    kept = ", ".join([*[name for name in key if name in before], "external_id", "created_at", "cursor", "webhook_id"])
    shared = " WHERE queue = ''" if "queue" in before else ""
    op.execute(f"INSERT INTO project ({kept}) SELECT {kept} FROM project_before{shared}")  # noqa: S608
    op.drop_table("project_before")


def _default(column: str) -> str | None:
    return "" if column == "queue" else None


def _let_people_in() -> None:
    op.create_table(
        "account",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(256), nullable=True),
        sa.Column("issuer", sa.String(254), nullable=True),
        sa.Column("subject", sa.String(254), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_table(
        "api_token",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("account_id", ROW_ID, sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
    )
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("account_id", ROW_ID, sa.ForeignKey("account.id"), nullable=True, index=True),
        sa.Column("action", sa.String(48), nullable=False, index=True),
        sa.Column("subject", sa.String(254), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False, index=True),
    )


def downgrade() -> None:
    for table in ("audit", "api_token", "account", "gold", "assignment", "enrolment", "campaign_policy"):
        op.drop_table(table)
    _rekey_projects(["campaign", "platform"], before=["campaign", "platform", "queue"])
    op.drop_column("label", "judgements")
    op.drop_column("judgement", "detail")
    op.drop_column("judgement", "difficulty")
    op.drop_column("task", "blind")
    op.drop_column("task", "kind")
