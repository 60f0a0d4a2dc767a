"""Chargeback: pools, rules, runs, statements, journal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0005_chargebacks"
down_revision = "0004_billing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "chargeback_period",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status in ('open', 'soft', 'closed')", name=op.f("ck_chargeback_period_status")),
        sa.PrimaryKeyConstraint("tenant_id", "period", name=op.f("pk_chargeback_period")),
    )
    op.create_table(
        "chargeback_rule_set",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_chargeback_rule_set_version_sane")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_chargeback_rule_set")),
        sa.UniqueConstraint("tenant_id", "version", name=op.f("uq_chargeback_rule_set_tenant_id_version")),
    )
    op.create_table(
        "chargeback_rule",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("rule_set_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("share", sa.Text(), nullable=False),
        sa.Column("match", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_chargeback_rule_position_sane")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rule_set_id"],
            ["chargeback_rule_set.tenant_id", "chargeback_rule_set.id"],
            name=op.f("fk_chargeback_rule_tenant_id_rule_set_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "rule_set_id", "position", name=op.f("pk_chargeback_rule")),
        sa.UniqueConstraint(
            "tenant_id", "rule_set_id", "key", name=op.f("uq_chargeback_rule_tenant_id_rule_set_id_key")
        ),
    )
    op.create_table(
        "chargeback_run",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rule_set_id", sa.UUID(), nullable=False),
        sa.Column("maker", sa.UUID(), nullable=False),
        sa.Column("approver", sa.UUID(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("posted_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("posting_number", sa.BigInteger(), nullable=True),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "(status = 'posted') = (posted_at is not null)", name=op.f("ck_chargeback_run_posted_at_set")
        ),
        sa.CheckConstraint(
            "(status = 'posted') = (posting_number is not null)", name=op.f("ck_chargeback_run_posting_numbered")
        ),
        sa.CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at is not null)", name=op.f("ck_chargeback_run_withdrawn_at_set")
        ),
        sa.CheckConstraint(
            "status <> 'withdrawn' or reason <> ''", name=op.f("ck_chargeback_run_withdrawal_needs_reason")
        ),
        sa.CheckConstraint(
            "status in ('draft', 'approved', 'posted', 'withdrawn')", name=op.f("ck_chargeback_run_status")
        ),
        sa.CheckConstraint(
            "status not in ('approved', 'posted') or approver is not null",
            name=op.f("ck_chargeback_run_approved_by_somebody"),
        ),
        sa.CheckConstraint("(approver is null) = (approved_at is null)", name=op.f("ck_chargeback_run_approval_whole")),
        sa.CheckConstraint(
            "approver is null or approver <> maker", name=op.f("ck_chargeback_run_approver_is_not_maker")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rule_set_id"],
            ["chargeback_rule_set.tenant_id", "chargeback_rule_set.id"],
            name=op.f("fk_chargeback_run_tenant_id_rule_set_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_chargeback_run")),
        sa.UniqueConstraint(
            "tenant_id", "period", "posting_number", name=op.f("uq_chargeback_run_tenant_id_period_posting_number")
        ),
    )
    op.create_index("ix_chargeback_run_period", "chargeback_run", ["tenant_id", "period"], unique=False)
    op.create_table(
        "cost_pool",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("origin_run_id", sa.UUID(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(kind = 'carried') = (origin_run_id is not null)", name=op.f("ck_cost_pool_origin_named")),
        sa.CheckConstraint("(kind = 'invoice') = (invoice_id is not null)", name=op.f("ck_cost_pool_invoice_named")),
        sa.CheckConstraint("kind in ('invoice', 'carried')", name=op.f("ck_cost_pool_kind")),
        sa.CheckConstraint("gross_minor = net_minor + tax_minor", name=op.f("ck_cost_pool_gross_is_sum")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice_issue.tenant_id", "invoice_issue.invoice_id"],
            name=op.f("fk_cost_pool_tenant_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "origin_run_id"],
            ["chargeback_run.tenant_id", "chargeback_run.id"],
            name=op.f("fk_cost_pool_tenant_id_origin_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cost_pool")),
        sa.UniqueConstraint("tenant_id", "invoice_id", name=op.f("uq_cost_pool_tenant_id_invoice_id")),
    )
    op.create_index("ix_cost_pool_period", "cost_pool", ["tenant_id", "period"], unique=False)
    op.create_table(
        "journal_line",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("cost_centre", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("(debit_minor = 0) <> (credit_minor = 0)", name=op.f("ck_journal_line_one_side")),
        sa.CheckConstraint("debit_minor >= 0 and credit_minor >= 0", name=op.f("ck_journal_line_sides_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["chargeback_run.tenant_id", "chargeback_run.id"],
            name=op.f("fk_journal_line_tenant_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "position", name=op.f("pk_journal_line")),
    )
    op.create_index("ix_journal_line_booked_on", "journal_line", ["tenant_id", "booked_on"], unique=False)
    op.create_table(
        "statement",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("cost_centre", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("gross_minor = net_minor + tax_minor", name=op.f("ck_statement_gross_is_sum")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["chargeback_run.tenant_id", "chargeback_run.id"],
            name=op.f("fk_statement_tenant_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_statement")),
        sa.UniqueConstraint(
            "tenant_id",
            "run_id",
            "cost_centre",
            "currency",
            name=op.f("uq_statement_tenant_id_run_id_cost_centre_currency"),
        ),
    )
    op.create_index("ix_statement_period", "statement", ["tenant_id", "period", "cost_centre"], unique=False)
    op.create_table(
        "pool_line",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("pool_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("charge_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=True),
        sa.Column("consumer_tenant_id", sa.UUID(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("period_starts_at", UtcDateTime(), nullable=False),
        sa.Column("period_ends_at", UtcDateTime(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=38, scale=12), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_before_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_before_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_invoice_id", sa.UUID(), nullable=True),
        sa.Column("credits_position", sa.SmallInteger(), nullable=True),
        sa.Column("counted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id"],
            ["cost_pool.tenant_id", "cost_pool.id"],
            name=op.f("fk_pool_line_tenant_id_pool_id"),
        ),
        sa.CheckConstraint(
            "(credits_invoice_id is null) = (credits_position is null)", name=op.f("ck_pool_line_credit_whole")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "pool_id", "position", name=op.f("pk_pool_line")),
    )
    op.create_index(
        "ix_pool_line_credits", "pool_line", ["tenant_id", "credits_invoice_id", "credits_position"], unique=False
    )
    op.create_table(
        "chargeback_posting",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("pool_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id", "position"],
            ["pool_line.tenant_id", "pool_line.pool_id", "pool_line.position"],
            name=op.f("fk_chargeback_posting_tenant_id_pool_id_position"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["chargeback_run.tenant_id", "chargeback_run.id"],
            name=op.f("fk_chargeback_posting_tenant_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "pool_id", "position", name=op.f("pk_chargeback_posting")),
    )
    op.create_index("ix_chargeback_posting_run_id", "chargeback_posting", ["tenant_id", "run_id"], unique=False)
    op.create_table(
        "statement_line",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("statement_id", sa.UUID(), nullable=False),
        sa.Column("pool_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("explanation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("gross_minor = net_minor + tax_minor", name=op.f("ck_statement_line_gross_is_sum")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id", "position"],
            ["pool_line.tenant_id", "pool_line.pool_id", "pool_line.position"],
            name=op.f("fk_statement_line_tenant_id_pool_id_position"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "statement_id"],
            ["statement.tenant_id", "statement.id"],
            name=op.f("fk_statement_line_tenant_id_statement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "statement_id", "pool_id", "position", name=op.f("pk_statement_line")),
    )
    op.create_index("ix_statement_line_pool_id", "statement_line", ["tenant_id", "pool_id", "position"], unique=False)

    for table in (
        "chargeback_rule_set",
        "chargeback_rule",
        "cost_pool",
        "pool_line",
        "chargeback_posting",
        "statement",
        "statement_line",
        "journal_line",
    ):
        secure(op, table)
    # Rules, inputs, results and maker stay as they were; a run can only step through its states.
    steps = ("status", "approver", "approved_at", "posted_at", "posting_number", "withdrawn_at", "reason")
    secure(op, "chargeback_run", app_update_columns=steps)
    secure(op, "chargeback_period", app_update_columns=("status", "changed_by", "changed_at"))


def downgrade() -> None:
    """Undo the expansion."""
    for table in (
        "statement_line",
        "chargeback_posting",
        "pool_line",
        "statement",
        "journal_line",
        "cost_pool",
        "chargeback_run",
        "chargeback_rule",
        "chargeback_rule_set",
        "chargeback_period",
    ):
        op.drop_table(table)
