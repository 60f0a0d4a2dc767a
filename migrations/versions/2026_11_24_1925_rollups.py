"""Rollups: totals by hour, subject by day, and what kept figures were made from.

Where the previous release goes on taking facts while this one is rolled out, it does not count
them: `app.cli usage rebuild` afterwards does (docs/operate.md).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0011_rollups"
down_revision = "0010_kept_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "usage_hour",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("type_id", sa.Integer(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "type_id", "hour", "slot", name=op.f("pk_usage_hour")),
    )
    # The owner sees all facts only while the policies are not forced; nobody sees the table meanwhile.
    op.execute("alter table fact no force row level security")
    op.execute(
        "insert into usage_hour (tenant_id, type_id, hour, slot, facts)"
        " select tenant_id, type_id, date_trunc('hour', occurred_at, 'UTC'), 0, count(*) from fact group by 1, 2, 3"
    )
    op.execute("alter table fact force row level security")
    # Room for changes within the page: the rows of the current hour change with every flight.
    op.execute("alter table usage_hour set (fillfactor = 50)")
    secure(op, "usage_hour", app="select, insert, delete", ingest="select, insert, update", steward="select")
    op.create_table(
        "usage_fold",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=False),
        sa.Column("corrections", sa.BigInteger(), nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_usage_fold_ends_after_start")),
        sa.PrimaryKeyConstraint("tenant_id", "type", "starts_at", name=op.f("pk_usage_fold")),
    )
    secure(op, "usage_fold", app="select, insert, update, delete")
    op.create_table(
        "usage_day",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(), nullable=True),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "type", "starts_at", "event_key", name=op.f("pk_usage_day")),
    )
    secure(op, "usage_day", app="select, insert, delete")
    op.add_column("kept_figure", sa.Column("parts", postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("kept_figure", sa.Column("stamp", postgresql.JSONB(), nullable=True))
    op.execute("grant update (parts, stamp), delete on kept_figure to tollbook_app")
    op.create_index(
        "ix_person_active_to",
        "person",
        ["tenant_id", "active_to"],
        unique=False,
        postgresql_where=sa.text("active_to is not null"),
    )
    op.create_index("ix_identity_home_person_id", "identity", ["tenant_id", "home_person_id"], unique=False)


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_index("ix_identity_home_person_id", table_name="identity")
    op.drop_index("ix_person_active_to", table_name="person")
    op.execute("revoke delete on kept_figure from tollbook_app")
    op.drop_column("kept_figure", "stamp")
    op.drop_column("kept_figure", "parts")
    op.drop_table("usage_day")
    op.drop_table("usage_fold")
    op.drop_table("usage_hour")
