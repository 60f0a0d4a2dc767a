"""Keys of people whom xAPI statements mention: signatures are sealed under them too; keys can be wrapped anew."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034_xapi_mentions"
down_revision = "0042_directory"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.add_column(
        "xapi_attachment",
        sa.Column("also_by", postgresql.ARRAY(sa.UUID()), server_default="{}", nullable=False),
    )
    op.execute("grant update (wrapped) on xapi_actor_key to tollbook_app")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute("revoke update (wrapped) on xapi_actor_key from tollbook_app")
    op.drop_column("xapi_attachment", "also_by")
