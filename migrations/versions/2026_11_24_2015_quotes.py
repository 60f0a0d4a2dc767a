"""Quotes, and what sellers may grant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0032_quotes"
down_revision = "0023_plan_moves"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "quote",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("list_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("simulated_from", sa.Date(), nullable=False),
        sa.Column("simulated_until", sa.Date(), nullable=False),
        sa.Column("first_year", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("subscription_id", sa.UUID(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_quote_version_positive")),
        sa.CheckConstraint("status in ('pending', 'open', 'declined', 'accepted')", name=op.f("ck_quote_status")),
        sa.CheckConstraint(
            "approved_by is null or approved_by <> created_by", name=op.f("ck_quote_approver_is_not_maker")
        ),
        sa.CheckConstraint(
            "not needs_approval or status in ('pending', 'declined') or approved_by is not null",
            name=op.f("ck_quote_approved"),
        ),
        sa.CheckConstraint(
            "(status = 'accepted') = (subscription_id is not null)", name=op.f("ck_quote_accepted_is_a_contract")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_quote")),
        sa.UniqueConstraint("tenant_id", "key", "version", name=op.f("uq_quote_tenant_id_key_version")),
    )
    op.create_table(
        "seller_limit",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(), nullable=False),
        sa.Column("floor_percent", sa.Numeric(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("discount_percent between 0 and 100", name=op.f("ck_seller_limit_discount_share")),
        sa.CheckConstraint("floor_percent between 0 and 100", name=op.f("ck_seller_limit_floor_share")),
        sa.PrimaryKeyConstraint("tenant_id", "seller", name=op.f("pk_seller_limit")),
    )
    decided = ("status", "approved_by", "decided_at", "reason", "accepted_by", "accepted_at", "subscription_id")
    secure(op, "quote", app_update_columns=decided)
    granted = ("discount_percent", "floor_percent", "set_by", "set_at")
    secure(op, "seller_limit", steward="select, insert", steward_update_columns=granted)


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("seller_limit")
    op.drop_table("quote")
