"""What is sold and held: catalogue, drafts, subscriptions and their tiling periods."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure, secure_global

revision = "0003_plans"
down_revision = "0002_metering"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "plan_family",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_plan_family")),
    )
    op.create_table(
        "subscription",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payer_tenant_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("interval_months", sa.SmallInteger(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("purchase_order", sa.Text(), nullable=False),
        sa.Column("terms_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_subscription_span")),
        sa.CheckConstraint("interval_months between 1 and 120", name=op.f("ck_subscription_interval_sane")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_subscription_tenant_id_key")),
    )
    op.create_table(
        "billing_period",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("prev_ends_at", UtcDateTime(), nullable=True),
        sa.Column("full_starts_at", UtcDateTime(), nullable=False),
        sa.Column("full_ends_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_billing_period_span")),
        sa.CheckConstraint(
            "full_starts_at <= starts_at and ends_at <= full_ends_at", name=op.f("ck_billing_period_inside_full")
        ),
        sa.CheckConstraint("prev_ends_at = starts_at", name=op.f("ck_billing_period_tiles")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id", "prev_ends_at"],
            ["billing_period.tenant_id", "billing_period.subscription_id", "billing_period.ends_at"],
            name="fk_billing_period_previous",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id"],
            ["subscription.tenant_id", "subscription.id"],
            name=op.f("fk_billing_period_tenant_id_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "subscription_id", "starts_at", name=op.f("pk_billing_period")),
        sa.UniqueConstraint("tenant_id", "subscription_id", "ends_at", name="uq_billing_period_end"),
    )
    op.create_index(
        "ix_billing_period_open",
        "billing_period",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index(
        "uq_billing_period_head",
        "billing_period",
        ["tenant_id", "subscription_id"],
        unique=True,
        postgresql_where=sa.text("prev_ends_at is null"),
    )
    op.create_table(
        "plan",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("family_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("key ~ '^[a-z0-9][a-z0-9-]*$' and key <> 'base'", name=op.f("ck_plan_key_shape")),
        sa.CheckConstraint("kind in ('base', 'addon')", name=op.f("ck_plan_kind")),
        sa.ForeignKeyConstraint(["family_key"], ["plan_family.key"], name=op.f("fk_plan_family_key")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_plan")),
    )
    op.create_table(
        "plan_draft",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("family_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('base', 'addon')", name=op.f("ck_plan_draft_kind")),
        sa.CheckConstraint(
            "plan_key ~ '^[a-z0-9][a-z0-9-]*$' and plan_key <> 'base'", name=op.f("ck_plan_draft_key_shape")
        ),
        sa.ForeignKeyConstraint(["family_key"], ["plan_family.key"], name=op.f("fk_plan_draft_family_key")),
        sa.PrimaryKeyConstraint("tenant_id", "plan_key", name=op.f("pk_plan_draft")),
    )
    op.create_table(
        "plan_version",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_plan_version_number_positive")),
        sa.CheckConstraint("octet_length(content_hash) = 32", name=op.f("ck_plan_version_content_hash")),
        sa.CheckConstraint("retired_at >= published_at", name=op.f("ck_plan_version_retired_later")),
        sa.ForeignKeyConstraint(["plan_key"], ["plan.key"], name=op.f("fk_plan_version_plan_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_version")),
        sa.UniqueConstraint("plan_key", "number", name=op.f("uq_plan_version_plan_key_number")),
    )
    op.create_table(
        "subscription_item",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("prev_ends_at", UtcDateTime(), nullable=True),
        sa.Column("version_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("slot <> 'base' or prev_ends_at = starts_at", name=op.f("ck_subscription_item_base_tiles")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_subscription_item_span")),
        sa.CheckConstraint("prev_ends_at <= starts_at", name=op.f("ck_subscription_item_after_previous")),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_subscription_item_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id", "slot", "prev_ends_at"],
            [
                "subscription_item.tenant_id",
                "subscription_item.subscription_id",
                "subscription_item.slot",
                "subscription_item.ends_at",
            ],
            name="fk_subscription_item_previous",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id"],
            ["subscription.tenant_id", "subscription.id"],
            name=op.f("fk_subscription_item_tenant_id_subscription_id"),
        ),
        sa.ForeignKeyConstraint(["version_id"], ["plan_version.id"], name=op.f("fk_subscription_item_version_id")),
        sa.PrimaryKeyConstraint("tenant_id", "subscription_id", "slot", "starts_at", name=op.f("pk_subscription_item")),
        sa.UniqueConstraint(
            "tenant_id",
            "subscription_id",
            "slot",
            "ends_at",
            name="uq_subscription_item_end",
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "subscription_id",
            "slot",
            "prev_ends_at",
            name="uq_subscription_item_previous",
        ),
    )
    op.create_index(
        "uq_subscription_item_head",
        "subscription_item",
        ["tenant_id", "subscription_id", "slot"],
        unique=True,
        postgresql_where=sa.text("prev_ends_at is null"),
    )

    # A published version never changes but for its retirement.
    for table in ("plan_family", "plan"):
        secure_global(op, table, app="select, insert", steward="select, insert")
    secure_global(
        op,
        "plan_version",
        app="select, insert",
        app_update_columns=("retired_at",),
        steward="select, insert",
        steward_update_columns=("retired_at",),
    )
    secure(op, "plan_draft", app="select, insert, update, delete", steward="select, insert, update, delete")
    secure(op, "subscription", app_update_columns=("ends_at",))
    secure(op, "subscription_item", app_update_columns=("ends_at",))
    secure(op, "billing_period", app="select, insert, delete", app_update_columns=("ends_at", "closed_at"))


def downgrade() -> None:
    """Undo the expansion."""
    for table in (
        "billing_period",
        "subscription_item",
        "subscription",
        "plan_draft",
        "plan_version",
        "plan",
        "plan_family",
    ):
        op.drop_table(table)
