"""Denials are kept one by one for a while and by hour for ever; which of them others were told of."""

import sqlalchemy as sa
from alembic import op

from core.db import STEWARD
from core.models import UtcDateTime
from migrations.policies import secure

revision = "0069_denials"
down_revision = "0068_sign_in_by_oidc"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.create_table(
        "denial_hour",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("denials", sa.BigInteger(), nullable=False),
        sa.Column("true_denials", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("denials > 0 and true_denials between 0 and denials", name=op.f("ck_denial_hour_counts")),
        sa.PrimaryKeyConstraint("tenant_id", "pool", "hour", "group_key", "reason", name=op.f("pk_denial_hour")),
    )
    op.create_table(
        "denial_told",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "pool", "starts_at", name=op.f("pk_denial_told")),
    )
    secure(
        op, "denial_hour", app="select", steward="select, insert", steward_update_columns=("denials", "true_denials")
    )
    secure(op, "denial_told", steward="select, delete")
    op.execute(f"grant delete on denial to {STEWARD}")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute(f"revoke delete on denial from {STEWARD}")
    op.drop_table("denial_told")
    op.drop_table("denial_hour")
