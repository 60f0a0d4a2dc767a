"""Contracts that go on by themselves at the end of their term."""

import sqlalchemy as sa
from alembic import op

from core.db import APP

revision = "0025_renewal"
down_revision = "0024_prepaid_credits"
branch_labels = None
depends_on = None

_CHECKS = {
    "renews_sane": "renews_months between 1 and 120",
    "renews_a_term": "renews_months is null or ends_at is not null",
    "notice_sane": "notice_days between 1 and 366",
}


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.add_column("subscription", sa.Column("renews_months", sa.SmallInteger(), nullable=True))
    op.add_column("subscription", sa.Column("notice_days", sa.SmallInteger(), server_default="1", nullable=False))
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_subscription_{name}"), "subscription", condition)
    op.execute(f"grant update (renews_months) on subscription to {APP}")


def downgrade() -> None:
    """Undo the expansion."""
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_subscription_{name}"), "subscription")
    op.drop_column("subscription", "notice_days")
    op.drop_column("subscription", "renews_months")
