"""xAPI: statements as received, what finds them, and the tenants' mapping."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0008_xapi"
down_revision = "0007_meters"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    _statements()
    _mapping()
    # Written in the flight that stores the facts, so by the role of the flight.
    # A reader locks the row for a moment to learn that nobody writes (`for share` takes this grant).
    secure(op, "xapi_stream", app="select", app_update_columns=("last_stored_at",), ingest="select, insert, update")
    secure(op, "xapi_actor_key", app="select, delete", ingest="select, insert")
    secure(op, "xapi_statement", app="select", ingest="select, insert")
    secure(op, "xapi_mark", app="select, delete", ingest="select, insert")
    secure(op, "xapi_attachment", app="select", ingest="select, insert")
    secure(op, "xapi_rule", app="select, insert, update, delete")
    secure(op, "xapi_directory", app="select, insert, delete")
    # A voiding statement voids its fact in the same transaction, and the trail says so.
    op.execute("grant insert on correction to tollbook_ingest")
    op.execute("grant insert on audit_entry to tollbook_ingest")


def _statements() -> None:
    op.create_table(
        "xapi_stream",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("last_stored_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_xapi_stream")),
    )
    op.create_table(
        "xapi_actor_key",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("actor", sa.UUID(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "actor", name=op.f("pk_xapi_actor_key")),
    )
    op.create_table(
        "xapi_statement",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("authority", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("essence_hash", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.UUID(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("activity_type", sa.Text(), nullable=False),
        sa.Column("refers_to", sa.UUID(), nullable=True),
        sa.Column("voids", sa.UUID(), nullable=True),
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("unmetered", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(essence_hash) = 16", name=op.f("ck_xapi_statement_essence_hash_size")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_xapi_statement")),
        sa.UniqueConstraint("tenant_id", "voids", name=op.f("uq_xapi_statement_tenant_id_voids")),
    )
    op.create_index("ix_xapi_statement_stored_at", "xapi_statement", ["tenant_id", "stored_at", "id"], unique=False)
    op.create_index("ix_xapi_statement_refers_to", "xapi_statement", ["tenant_id", "refers_to"], unique=False)
    # Sealed bytes cannot be compressed: PostgreSQL need not try.
    op.execute("alter table xapi_statement alter column sealed set storage external")
    op.create_table(
        "xapi_mark",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("mark", sa.UUID(), nullable=False),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.Column("statement_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "mark", "stored_at", "statement_id", name=op.f("pk_xapi_mark")),
    )
    op.create_index("ix_xapi_mark_statement_id", "xapi_mark", ["tenant_id", "statement_id"], unique=False)
    op.create_table(
        "xapi_attachment",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("statement_id", sa.UUID(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "statement_id", "sha2", name=op.f("pk_xapi_attachment")),
    )
    op.execute("alter table xapi_attachment alter column sealed set storage external")


def _mapping() -> None:
    op.create_table(
        "xapi_rule",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("activity_type", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "verb", "activity_type", name=op.f("pk_xapi_rule")),
    )
    op.create_table(
        "xapi_directory",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("home_page", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "home_page", name=op.f("pk_xapi_directory")),
    )


def downgrade() -> None:
    """Undo the expansion."""
    op.execute("revoke insert on correction from tollbook_ingest")
    op.execute("revoke insert on audit_entry from tollbook_ingest")
    for table in (
        "xapi_directory", "xapi_rule", "xapi_attachment", "xapi_mark", "xapi_statement", "xapi_actor_key",
        "xapi_stream",
    ):  # fmt: skip
        op.drop_table(table)
