"""indexes from which tasks and answers are counted, without a look at their rows"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TASK = ("draw_id", "component", "kind", "key")
JUDGEMENT = ("task_key", "deleted", "outcome", "coder", "judged_at", "lead_time", "platform", "external_id")


def upgrade() -> None:
    op.create_index("ix_task_counted", "task", TASK)
    op.create_index("ix_judgement_counted", "judgement", JUDGEMENT)


def downgrade() -> None:
    op.drop_index("ix_judgement_counted", "judgement")
    op.drop_index("ix_task_counted", "task")
