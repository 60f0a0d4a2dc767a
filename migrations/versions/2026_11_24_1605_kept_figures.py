"""Figures of ended periods, kept from one reading to the next."""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0010_kept_figures"
down_revision = "0009_fact_accepted_at"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "kept_figure",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_kept_figure_ends_after_start")),
        sa.PrimaryKeyConstraint("tenant_id", "meter", "starts_at", "ends_at", name=op.f("pk_kept_figure")),
    )
    secure(op, "kept_figure", app_update_columns=("reading", "quantity", "measured_at"))


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("kept_figure")
