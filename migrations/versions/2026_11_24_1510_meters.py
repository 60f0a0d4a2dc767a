"""Custom meters: definitions, extracted values, backfills."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure, share_vendor_rows

revision = "0007_meters"
down_revision = "0006_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "meter_version",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("octet_length(content_hash) = 32", name=op.f("ck_meter_version_content_hash_size")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_meter_version_version_positive")),
        sa.PrimaryKeyConstraint("tenant_id", "key", "version", name=op.f("pk_meter_version")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_meter_version_tenant_id_id")),
    )
    op.create_table(
        "meter_value",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("meter_id", sa.UUID(), nullable=False),
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("dimensions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "meter_id", "event_key", name=op.f("pk_meter_value")),
    )
    op.create_table(
        "meter_backfill",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("meter_id", sa.UUID(), nullable=False),
        sa.Column("after_key", sa.UUID(), nullable=True),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "meter_id", name=op.f("pk_meter_backfill")),
    )
    secure(op, "meter_version", app_update_columns=("retired_at",), ingest="select")
    share_vendor_rows(op, "meter_version")
    secure(op, "meter_value", ingest="insert")
    secure(
        op,
        "meter_backfill",
        app_update_columns=("after_key", "looked_at", "found", "updated_at", "finished_at"),
    )


def downgrade() -> None:
    """Undo the expansion."""
    for table in ("meter_backfill", "meter_value", "meter_version"):
        op.drop_table(table)
