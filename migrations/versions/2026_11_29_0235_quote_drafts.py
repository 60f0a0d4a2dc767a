"""Quotes are saved as drafts before they are sent, and say since when the customer sees them.

Revision ID: 0033_quote_drafts
Revises: 0033_archive_jobs
"""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime

revision = "0033_quote_drafts"
down_revision = "0033_archive_jobs"
branch_labels = None
depends_on = None

_CHECKS = {
    "ck_quote_status": (
        "status in ('draft', 'pending', 'open', 'declined', 'accepted')",
        "status in ('pending', 'open', 'declined', 'accepted')",
    ),
    "ck_quote_approved": (
        "not needs_approval or status in ('draft', 'pending', 'declined') or approved_by is not null",
        "not needs_approval or status in ('pending', 'declined') or approved_by is not null",
    ),
}


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.add_column("quote", sa.Column("sent_at", UtcDateTime(), nullable=True))
    for name, (wider, _narrower) in _CHECKS.items():
        op.drop_constraint(op.f(name), "quote", type_="check")
        op.create_check_constraint(op.f(name), "quote", wider)
    op.execute("update quote set sent_at = coalesce(decided_at, created_at) where status in ('open', 'accepted')")
    op.execute("grant update (sent_at) on quote to tollbook_app")
    op.create_index("ix_quote_waiting", "quote", ["tenant_id", "id"], postgresql_where=sa.text("status = 'pending'"))


def downgrade() -> None:
    """Undo the expansion; drafts are withdrawn, since the release before knows none."""
    op.drop_index("ix_quote_waiting", "quote")
    op.execute("update quote set status = 'declined' where status = 'draft'")
    for name, (_wider, narrower) in _CHECKS.items():
        op.drop_constraint(op.f(name), "quote", type_="check")
        op.create_check_constraint(op.f(name), "quote", narrower)
    op.drop_column("quote", "sent_at")
