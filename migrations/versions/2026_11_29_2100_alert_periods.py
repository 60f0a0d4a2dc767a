"""Alerts of the contract's period: which period a rule means, and when that of a firing ends.

A rule that is there was made for the calendar month, and stays so; a new one means the contract's period.
"""

import sqlalchemy as sa
from alembic import op

revision = "0079_alert_periods"
down_revision = "0078_moves_to_plans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    # Rows that are there keep the default of the moment at which the column came: nothing is written.
    op.add_column("alert_rule", sa.Column("per", sa.Text(), server_default="month", nullable=False))
    op.alter_column("alert_rule", "per", server_default="contract")
    op.create_check_constraint(op.f("ck_alert_rule_per"), "alert_rule", "per in ('contract', 'month')")
    op.add_column("alert_firing", sa.Column("ends_on", sa.Date(), nullable=True))


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_column("alert_firing", "ends_on")
    op.drop_constraint(op.f("ck_alert_rule_per"), "alert_rule")
    op.drop_column("alert_rule", "per")
