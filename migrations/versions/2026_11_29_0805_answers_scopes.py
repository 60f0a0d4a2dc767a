"""A first answer says with which scopes it was asked for, so that nobody who may less is given it again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047_answers_scopes"
down_revision = "0046_sealed_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.add_column("idempotency_record", sa.Column("scopes", postgresql.JSONB(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_column("idempotency_record", "scopes")
