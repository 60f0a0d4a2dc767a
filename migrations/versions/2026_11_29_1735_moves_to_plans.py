"""Customers are moved to a version of another plan, too."""

import sqlalchemy as sa
from alembic import op

revision = "0078_moves_to_plans"
down_revision = "0077_costs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.add_column("plan_move", sa.Column("to_plan_key", sa.Text(), nullable=True))


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_column("plan_move", "to_plan_key")
