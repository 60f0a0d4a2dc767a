"""Quotas: how much of a feature's limit is used up in a billing period."""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0043_quotas"
down_revision = "0050_seat_pools"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.create_table(
        "quota",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used between 0 and ceiling", name=op.f("ck_quota_never_above")),
        sa.PrimaryKeyConstraint("tenant_id", "feature", "starts_at", name=op.f("pk_quota")),
    )
    op.create_table(
        "quota_claim",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_quota_claim_something")),
        sa.PrimaryKeyConstraint("tenant_id", "feature", "client_key", name=op.f("pk_quota_claim")),
    )
    secure(op, "quota", app_update_columns=("used", "ceiling"))
    secure(op, "quota_claim")


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("quota_claim")
    op.drop_table("quota")
