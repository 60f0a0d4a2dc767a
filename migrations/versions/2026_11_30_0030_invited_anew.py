"""Who is invited once more may get another cost centre, as they got another name or role before."""

from alembic import op

revision = "0086_invited_anew"
down_revision = "0085_expired_invitations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("grant update (cost_centre) on user_account to tollbook_app")


def downgrade() -> None:
    """As it was."""
    op.execute("revoke update (cost_centre) on user_account from tollbook_app")
