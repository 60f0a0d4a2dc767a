"""First answers are kept sealed: what stands in the clear goes, for keys and secrets are among it.

A request that was answered before is refused when it comes again (`idempotency_conflict`), never done twice.
"""

from alembic import op

revision = "0046_sealed_answers"
down_revision = "0045_mails"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forced row-level security holds for the owner too, who would update no row."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.execute("alter table idempotency_record no force row level security")
    op.execute("update idempotency_record set status = null, body = null")
    op.execute("alter table idempotency_record force row level security")


def downgrade() -> None:
    """Nothing to undo: what is gone was never to be kept."""
