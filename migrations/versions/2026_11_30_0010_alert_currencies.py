"""Alerts of money in another currency than the customer's; what fired keeps what it was about.

A firing of before has no subject: it is told as its rule is now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0082_alert_currencies"
down_revision = "0081_recut_periods"
branch_labels = None
depends_on = None

_KEPT = ("subject", "key", "cost_centre", "currency")


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.add_column("alert_rule", sa.Column("currency", sa.Text(), nullable=True))
    for name in _KEPT:
        op.add_column("alert_firing", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    """Undo the expansion."""
    for name in reversed(_KEPT):
        op.drop_column("alert_firing", name)
    op.drop_column("alert_rule", "currency")
