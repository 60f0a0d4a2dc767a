"""A billed fee in advance may be of a period that a change, dated back, leaves nothing of."""

from alembic import op

revision = "0081_recut_periods"
down_revision = "0080_past_limits"
branch_labels = None
depends_on = None

_NAME = "fk_billed_period_billing_period"
_KEY = ["tenant_id", "subscription_id", "starts_at"]


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.drop_constraint(_NAME, "billed_period", type_="foreignkey")


def downgrade() -> None:
    """Undo the expansion; refused where such a fee was billed."""
    op.create_foreign_key(_NAME, "billed_period", "billing_period", _KEY, _KEY)
