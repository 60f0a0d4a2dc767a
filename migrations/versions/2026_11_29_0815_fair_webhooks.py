"""What is due is taken endpoint by endpoint, so that none waits behind another's."""

from alembic import op

revision = "0061_fair_webhooks"
down_revision = "0060_quote_terms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.execute(
        "create index ix_webhook_delivery_endpoint_due on webhook_delivery (tenant_id, endpoint_id, due_at)"
        " where status = 'due'"
    )


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_index("ix_webhook_delivery_endpoint_due", table_name="webhook_delivery")
