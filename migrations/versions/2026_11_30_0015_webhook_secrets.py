"""Signing secrets of webhooks that are changed with an overlap."""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime

revision = "0083_webhook_secrets"
down_revision = "0082_alert_currencies"
branch_labels = None
depends_on = None

_BOTH = "(secret_before is null) = (before_until is null)"


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.add_column("webhook_endpoint", sa.Column("secret_before", sa.LargeBinary(), nullable=True))
    op.add_column("webhook_endpoint", sa.Column("before_until", UtcDateTime(), nullable=True))
    op.create_check_constraint(op.f("ck_webhook_endpoint_both_or_none"), "webhook_endpoint", _BOTH)


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_constraint(op.f("ck_webhook_endpoint_both_or_none"), "webhook_endpoint")
    op.drop_column("webhook_endpoint", "before_until")
    op.drop_column("webhook_endpoint", "secret_before")
