"""A plan may move to another tier of its family: tiers come in between."""

from alembic import op

revision = "0022_plan_rank"
down_revision = "0031_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("grant update (rank) on plan to tollbook_steward")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute("revoke update (rank) on plan from tollbook_steward")
