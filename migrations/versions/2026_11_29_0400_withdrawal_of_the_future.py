"""Only a change that has not come yet can be withdrawn: the database refuses the rest."""

from alembic import op

from core.db import APP

revision = "0044_withdrawal_of_the_future"
down_revision = "0043_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What the first billing period, or one that is billed, is under stays: deleting it meets no row."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.execute(
        "create policy withdrawal on subscription_item as restrictive for delete"
        f" to {APP} using (not exists (select 1 from billing_period p"
        " where p.tenant_id = subscription_item.tenant_id and p.subscription_id = subscription_item.subscription_id"
        " and (p.closed_at is not null or p.prev_ends_at is null) and p.ends_at > subscription_item.starts_at))"
    )


def downgrade() -> None:
    """Undo it."""
    op.execute("drop policy withdrawal on subscription_item")
