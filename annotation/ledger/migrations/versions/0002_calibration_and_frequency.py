"""calibration of models; frequency and confidence of tasks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calibration",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column("document", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("figures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_calibration_model_version", "calibration", ["model_version"])
    op.add_column("task", sa.Column("frequency", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("task", sa.Column("confidence", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("task", "confidence")
    op.drop_column("task", "frequency")
    op.drop_index("ix_calibration_model_version", "calibration")
    op.drop_table("calibration")
