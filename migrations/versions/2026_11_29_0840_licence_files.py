"""Licence files: what was issued, and what was revoked of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0063_licence_files"
down_revision = "0062_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.create_table(
        "licence_file",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("claims", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_licence_file_some_time")),
        sa.CheckConstraint(
            "(revoked_at is null) = (revoked_reason = '')", name=op.f("ck_licence_file_revoked_for_a_reason")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_licence_file")),
    )
    secure(op, "licence_file", app_update_columns=("revoked_at", "revoked_reason"))


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("licence_file")
