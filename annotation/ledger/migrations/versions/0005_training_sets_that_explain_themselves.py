"""what a build found and edited, what became of what was set aside, texts whose wording is erased"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("trainingset_version", sa.Column("report", JSON, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("trainingset_version", sa.Column("collected_at", MOMENT, nullable=True))
    op.add_column("text", sa.Column("erased_at", MOMENT, nullable=True))
    op.add_column("text", sa.Column("erased_for", sa.String(16), nullable=True))
    erased = sa.text("erased_at IS NOT NULL")
    op.create_index("ix_text_erased", "text", ["erased_at"], sqlite_where=erased, postgresql_where=erased)
    op.add_column("quarantine", sa.Column("context", JSON, nullable=True))
    op.create_table(
        "label_edit",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.Column("text_key", sa.String(20), sa.ForeignKey("text.key"), nullable=False, index=True),
        sa.Column("label_id", ROW_ID, sa.ForeignKey("label.id"), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("code_before", sa.String(128), nullable=False),
        sa.Column("code_after", sa.String(128), nullable=True),
        sa.Column("expires_on", sa.String(10), nullable=True),
        sa.ForeignKeyConstraint(["name", "tag"], ["trainingset_version.name", "trainingset_version.tag"]),
        sa.UniqueConstraint("name", "tag", "text_key", "rule"),
    )
    op.create_table(
        "quarantine_settlement",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("quarantine_id", ROW_ID, sa.ForeignKey("quarantine.id"), nullable=False, index=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.String(64), nullable=False),
        sa.Column("settled_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("quarantine_settlement")
    op.drop_table("label_edit")
    op.drop_column("quarantine", "context")
    op.drop_index("ix_text_erased", "text")
    op.drop_column("text", "erased_for")
    op.drop_column("text", "erased_at")
    op.drop_column("trainingset_version", "collected_at")
    op.drop_column("trainingset_version", "report")
