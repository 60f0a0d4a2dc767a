"""A change that was agreed on for later can be withdrawn."""

from alembic import op

from core.db import APP

revision = "0026_withdrawal"
down_revision = "0025_renewal"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.execute(f"grant delete on subscription_item to {APP}")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute(f"revoke delete on subscription_item from {APP}")
