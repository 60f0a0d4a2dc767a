"""Keys get an end when they are rotated."""

from alembic import op

revision = "0041_key_rotation"
down_revision = "0012_archives"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("grant update (expires_at) on api_key to tollbook_app")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute("revoke update (expires_at) on api_key from tollbook_app")
