"""What was asked about archived months, and what checking them last found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0033_archive_jobs"
down_revision = "0041_time_led_keys"
branch_labels = None
depends_on = None

_MOVING = ("status", "done", "total", "error_code", "error_detail", "finished_at")


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.add_column("fact_archive", sa.Column("checked_at", UtcDateTime(), nullable=True))
    op.add_column(
        "fact_archive",
        sa.Column("differences", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.execute("grant update (checked_at, differences) on fact_archive to tollbook_steward")
    op.create_table(
        "archive_job",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("error_detail", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind in ('archive', 'verify', 'restore')", name=op.f("ck_archive_job_kind")),
        sa.CheckConstraint("kind = 'archive' or starts_at is not null", name=op.f("ck_archive_job_names_its_month")),
        sa.CheckConstraint("status in ('queued', 'running', 'done', 'failed')", name=op.f("ck_archive_job_status")),
        sa.CheckConstraint("(status = 'failed') = (error_code <> '')", name=op.f("ck_archive_job_failed_says_why")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_archive_job")),
    )
    op.create_index(
        "ix_archive_job_waiting",
        "archive_job",
        ["tenant_id", "created_at"],
        postgresql_where=sa.text("status in ('queued', 'running')"),
    )
    secure(op, "archive_job", steward_update_columns=_MOVING)


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("archive_job")
    op.drop_column("fact_archive", "differences")
    op.drop_column("fact_archive", "checked_at")
