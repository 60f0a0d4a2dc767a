"""Questions of sales and their answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0031_answers"
down_revision = "0021_subscription_terms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "answer",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("question", postgresql.JSONB(), nullable=False),
        sa.Column("customers", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("steps_done", sa.BigInteger(), nullable=False),
        sa.Column("steps_total", sa.BigInteger(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("error_detail", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'done', 'cancelled', 'failed')", name=op.f("ck_answer_status")
        ),
        sa.CheckConstraint("(status = 'failed') = (error_code <> '')", name=op.f("ck_answer_failed_says_why")),
        sa.CheckConstraint("(status = 'done') = (result is not null)", name=op.f("ck_answer_done_has_result")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_answer")),
    )
    op.create_index(
        "ix_answer_waiting",
        "answer",
        ["tenant_id", "created_at"],
        postgresql_where=sa.text("status in ('queued', 'running')"),
    )
    columns = ("status", "steps_done", "touched_at", "finished_at", "result", "error_code", "error_detail")
    secure(op, "answer", steward="select, insert", steward_update_columns=columns)


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("answer")
