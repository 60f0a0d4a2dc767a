"""Quotes say what their whole term comes to, and of all versions of one only one is ever accepted.

Revision ID: 0060_quote_terms
Revises: 0047_answers_scopes
"""

import sqlalchemy as sa
from alembic import op

revision = "0060_quote_terms"
down_revision = "0047_answers_scopes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.add_column("quote", sa.Column("term_list_minor", sa.BigInteger(), nullable=True))
    op.add_column("quote", sa.Column("term_net_minor", sa.BigInteger(), nullable=True))
    op.execute("grant update (needs_approval) on quote to tollbook_app")
    # A second contract of one quote stays what it is, under a name that no new quote can have.
    op.execute(
        "update quote set key = key || '~' || version where status = 'accepted' and exists (select from quote other"
        " where other.tenant_id = quote.tenant_id and other.key = quote.key and other.status = 'accepted'"
        " and other.version < quote.version)"
    )
    op.create_index(
        "uq_quote_accepted", "quote", ["tenant_id", "key"], unique=True, postgresql_where=sa.text("status = 'accepted'")
    )


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_index("uq_quote_accepted", "quote")
    op.execute("revoke update (needs_approval) on quote from tollbook_app")
    op.drop_column("quote", "term_net_minor")
    op.drop_column("quote", "term_list_minor")
