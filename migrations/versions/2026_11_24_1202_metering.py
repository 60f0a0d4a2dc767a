"""Facts: keys, rows and bodies, corrections, counting policies in force."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0002_metering"
down_revision = "0001_tenants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "symbol",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('type', 'source')", name=op.f("ck_symbol_kind")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_symbol")),
        sa.UniqueConstraint("tenant_id", "kind", "value", name=op.f("uq_symbol_tenant_id_kind_value")),
    )
    op.create_table(
        "fact_key",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("octet_length(content_hash) = 16", name=op.f("ck_fact_key_content_hash_size")),
        sa.PrimaryKeyConstraint("tenant_id", "event_key", name=op.f("pk_fact_key")),
    )
    op.create_table(
        "fact",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.Column("type_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "event_key", name=op.f("pk_fact")),
    )
    op.create_index("ix_fact_type_id_occurred_at", "fact", ["tenant_id", "type_id", "occurred_at"], unique=False)
    op.create_table(
        "fact_body",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "event_key", name=op.f("pk_fact_body")),
    )
    # The bodies are compressed already: PostgreSQL need not try again.
    op.execute("alter table fact_body alter column body set storage external")
    op.create_table(
        "correction",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("target_key", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("replacement", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind in ('void', 'replace')", name=op.f("ck_correction_kind")),
        sa.CheckConstraint(
            "(kind = 'replace') = (replacement is not null)", name=op.f("ck_correction_replacement_given")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_correction_reason_given")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_correction")),
    )
    op.create_index("ix_correction_target_key", "correction", ["tenant_id", "target_key", "recorded_at"], unique=False)
    op.create_table(
        "policy_binding",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("policies", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "starts_at", "recorded_at", name=op.f("pk_policy_binding")),
    )
    for table in ("symbol", "fact_key", "fact", "fact_body"):
        secure(op, table, app="select", ingest="select, insert")
    secure(op, "correction")
    secure(op, "policy_binding")
    # A sandbox tenant's clock says what "in the future" is.
    op.execute("grant select on test_clock to tollbook_ingest")
    # A sender's own words about a person may show that two identities are one.
    op.execute("grant select, insert on identity_link to tollbook_ingest")


def downgrade() -> None:
    """Undo the expansion."""
    for table in ("policy_binding", "correction", "fact_body", "fact", "fact_key", "symbol"):
        op.drop_table(table)
