"""Facts of old months in files: how long they stay here, and which months are away."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0012_archives"
down_revision = "0032_quotes"
branch_labels = None
depends_on = None

_MOVING = (
    "status", "folder", "row_count", "file_sha256", "manifest_sha256", "types", "figures", "measured_at", "changed_at",
)  # fmt: skip


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "fact_retention",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("keep_months", sa.SmallInteger(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("keep_months >= 26", name=op.f("ck_fact_retention_least_months")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_fact_retention")),
    )
    op.create_table(
        "fact_archive",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("facts_from", UtcDateTime(), nullable=False),
        sa.Column("facts_until", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), nullable=False),
        sa.Column("types", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status in ('writing', 'written', 'archived', 'restoring', 'restored')",
            name=op.f("ck_fact_archive_status"),
        ),
        sa.CheckConstraint(
            "starts_at < ends_at and facts_from < facts_until and facts_until <= ends_at",
            name=op.f("ck_fact_archive_spans"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "starts_at", name=op.f("pk_fact_archive")),
    )
    secure(op, "fact_retention", app_update_columns=("keep_months", "changed_at"))
    secure(op, "fact_archive", app="select", ingest="select", steward="select, insert", steward_update_columns=_MOVING)
    # Only the steward moves facts out and back in; whoever serves can still delete nothing.
    for table in ("fact", "fact_body", "meter_value"):
        op.execute(f"grant insert, delete on {table} to tollbook_steward")


def downgrade() -> None:
    """Undo the expansion."""
    for table in ("fact", "fact_body", "meter_value"):
        op.execute(f"revoke insert, delete on {table} from tollbook_steward")
    op.drop_table("fact_archive")
    op.drop_table("fact_retention")
