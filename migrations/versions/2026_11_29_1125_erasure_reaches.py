"""An erasure takes identities out of the senders' names, and deletes the mails to who is erased."""

from alembic import op

from core.db import APP

revision = "0071_erasure_reaches"
down_revision = "0070_denials_watched"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute(f"grant update (scheme) on identity to {APP}")
    op.execute(f"grant delete on mail to {APP}")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute(f"revoke delete on mail from {APP}")
    op.execute(f"revoke update (scheme) on identity from {APP}")
