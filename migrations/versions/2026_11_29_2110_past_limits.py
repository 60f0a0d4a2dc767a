"""The limits that floating pools had: what a curve of the past is measured by."""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0080_past_limits"
down_revision = "0079_alert_periods"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.create_table(
        "past_limit",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.CheckConstraint("seats >= 0", name=op.f("ck_past_limit_seats")),
        sa.PrimaryKeyConstraint("tenant_id", "pool", "since", name=op.f("pk_past_limit")),
    )
    secure(op, "past_limit")


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("past_limit")
