"""What was accepted since: late facts of closed periods, and the live tail, are looked up by it.

A B-tree, by measurement on 3 million rows of 20 customers: nothing late is told in 0.2 ms (without
an index 270 ms, by BRIN 21 ms), one customer's last minute in 3 ms (270, 31). BRIN would look at the
rows of all customers since then. Facts of a flight share one instant, so that the index keeps 7
bytes a row and a flight of 5,000 costs the same with and without it within the noise.
"""

from alembic import op

revision = "0009_fact_accepted_at"
down_revision = "0008_xapi"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_index("ix_fact_accepted_at", "fact", ["tenant_id", "accepted_at"], unique=False)


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_index("ix_fact_accepted_at", table_name="fact")
