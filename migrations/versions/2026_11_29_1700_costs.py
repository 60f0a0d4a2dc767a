"""Sheets of costs, what a quote costs, and the floor after costs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0077_costs"
down_revision = "0076_erasure_devices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "cost_sheet",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "valid_from", name=op.f("pk_cost_sheet")),
    )
    secure(
        op, "cost_sheet", app="", steward="select, insert, delete",
        steward_update_columns=("document", "set_by", "set_at"),
    )  # fmt: skip
    op.add_column("quote", sa.Column("cost_minor", sa.BigInteger(), nullable=True))
    op.add_column("quote", sa.Column("term_cost_minor", sa.BigInteger(), nullable=True))
    op.add_column("seller_limit", sa.Column("margin_floor_percent", sa.Numeric(), nullable=True))
    # Validated at once: a limit is a handful of rows.
    op.create_check_constraint(
        op.f("ck_seller_limit_margin_floor_share"), "seller_limit", "margin_floor_percent between 0 and 100"
    )
    op.execute("grant update (margin_floor_percent) on seller_limit to tollbook_steward")


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_column("seller_limit", "margin_floor_percent")
    op.drop_column("quote", "term_cost_minor")
    op.drop_column("quote", "cost_minor")
    op.drop_table("cost_sheet")
