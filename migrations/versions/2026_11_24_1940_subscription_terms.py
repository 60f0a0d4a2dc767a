"""What one contract agrees on: negotiated terms, trials and pauses, discounts; coupons."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure, secure_global

revision = "0021_subscription_terms"
down_revision = "0011_rollups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "subscription_terms",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("octet_length(content_hash) = 32", name=op.f("ck_subscription_terms_content_hash")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_subscription_terms")),
    )
    op.add_column("subscription_item", sa.Column("mode", sa.Text(), server_default="regular", nullable=False))
    op.add_column("subscription_item", sa.Column("terms_id", sa.UUID(), nullable=True))
    op.create_check_constraint(
        op.f("ck_subscription_item_mode"), "subscription_item", "mode in ('regular', 'trial', 'paused')"
    )
    op.create_foreign_key(
        op.f("fk_subscription_item_tenant_id_terms_id"),
        "subscription_item",
        "subscription_terms",
        ["tenant_id", "terms_id"],
        ["tenant_id", "id"],
    )
    op.create_table(
        "coupon",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("discount", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("plan_keys", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("max_redemptions", sa.BigInteger(), nullable=True),
        sa.Column("redeemed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]{2,39}$'", name=op.f("ck_coupon_code_shape")),
        sa.CheckConstraint("redeemed >= 0 and redeemed <= max_redemptions", name=op.f("ck_coupon_within_limit")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupon")),
    )
    op.create_table(
        "subscription_discount",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("discount", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("coupon_code", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id"],
            ["subscription.tenant_id", "subscription.id"],
            name=op.f("fk_subscription_discount_tenant_id_subscription_id"),
        ),
        sa.ForeignKeyConstraint(["coupon_code"], ["coupon.code"], name=op.f("fk_subscription_discount_coupon_code")),
        sa.PrimaryKeyConstraint("tenant_id", "subscription_id", "key", name=op.f("pk_subscription_discount")),
        sa.UniqueConstraint("tenant_id", "coupon_code", name=op.f("uq_subscription_discount_tenant_id_coupon_code")),
    )
    secure(op, "subscription_terms")
    secure(op, "subscription_discount")
    secure_global(
        op,
        "coupon",
        app_update_columns=("redeemed",),
        steward="select, insert",
        steward_update_columns=("valid_until",),
    )


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("subscription_discount")
    op.drop_table("coupon")
    op.drop_constraint(op.f("fk_subscription_item_tenant_id_terms_id"), "subscription_item")
    op.drop_column("subscription_item", "terms_id")
    op.drop_column("subscription_item", "mode")
    op.drop_table("subscription_terms")
