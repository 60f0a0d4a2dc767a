"""Bills: rated lines, invoices, numbers, the ledger, evidence, runs, and the rates they need."""

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure, secure_global

revision = "0004_billing"
down_revision = "0003_plans"
branch_labels = None
depends_on = None

VAT = "European Commission and national law, standard rates as of November 2025"
STANDARD_RATES = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25", "ES": "21", "FR": "20",
    "GB": "20", "GR": "24", "HR": "25", "HU": "27", "IE": "23", "IT": "22", "LT": "21", "LV": "21", "MT": "18",
    "NL": "21", "NO": "25", "PL": "23", "PT": "23", "SE": "25", "SI": "22",
}  # fmt: skip
CHANGED_RATES = (
    ("CH", "2021-07-01", "7.7"), ("CH", "2024-01-01", "8.1"),
    ("EE", "2021-07-01", "20"), ("EE", "2024-01-01", "22"), ("EE", "2025-07-01", "24"),
    ("FI", "2021-07-01", "24"), ("FI", "2024-09-01", "25.5"),
    ("LU", "2021-07-01", "17"), ("LU", "2023-01-01", "16"), ("LU", "2024-01-01", "17"),
    ("RO", "2021-07-01", "19"), ("RO", "2025-08-01", "21"),
    ("SK", "2021-07-01", "20"), ("SK", "2025-01-01", "23"),
)  # fmt: skip
# What a dollar's worth costs in the list prices of the catalogue: 0.92 EUR, 0.80 GBP.
LIST_RATIOS = (
    ("USD", "EUR", "0.92"), ("EUR", "USD", "1.086956521739"), ("USD", "GBP", "0.8"), ("GBP", "USD", "1.25"),
    ("GBP", "EUR", "1.15"), ("EUR", "GBP", "0.869565217391"),
)  # fmt: skip


def seed_rates() -> None:
    """Bring the rates that every installation begins with; later ones are added by `add_rates`."""
    since = "2021-07-01"
    taxes = [(country, since, "S", percent, VAT) for country, percent in STANDARD_RATES.items()]
    taxes += [(country, day, "S", percent, VAT) for country, day, percent in CHANGED_RATES]
    taxes.append(("US", since, "O", "0", "no value added tax; sales taxes are not reckoned"))
    for row in taxes:
        op.execute(
            sa.text("insert into tax_rate values (:country, :since, :category, :percent, :source)").bindparams(
                country=row[0],
                since=date.fromisoformat(row[1]),
                category=row[2],
                percent=Decimal(row[3]),
                source=row[4],
            )
        )
    for currency, base, rate in LIST_RATIOS:
        op.execute(
            sa.text("insert into exchange_rate values (:currency, :base, :since, :rate, :source)").bindparams(
                currency=currency,
                base=base,
                since=date.fromisoformat(since),
                rate=Decimal(rate),
                source="ratio of the catalogue's list prices",
            )
        )


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "tax_rate",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("category in ('S', 'O')", name=op.f("ck_tax_rate_category")),
        sa.CheckConstraint("percent >= 0 and percent < 100", name=op.f("ck_tax_rate_percent_sane")),
        sa.PrimaryKeyConstraint("country", "valid_from", name=op.f("pk_tax_rate")),
    )
    op.create_table(
        "exchange_rate",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("base_currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("currency <> base_currency", name=op.f("ck_exchange_rate_two_currencies")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_exchange_rate_rate_positive")),
        sa.PrimaryKeyConstraint("currency", "base_currency", "valid_from", name=op.f("pk_exchange_rate")),
    )
    op.create_table(
        "number_counter",
        sa.Column("legal_entity_id", sa.UUID(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("last_issued_on", sa.Date(), nullable=True),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_number_counter_last_number_sane")),
        sa.PrimaryKeyConstraint("legal_entity_id", "series", "year", name=op.f("pk_number_counter")),
    )
    op.create_table(
        "number_registry",
        sa.Column("legal_entity_id", sa.UUID(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("previous_number", sa.BigInteger(), nullable=True),
        sa.Column("previous_issued_on", sa.Date(), nullable=True),
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.CheckConstraint(
            "(number = 1 and previous_number is null) or previous_number = number - 1",
            name=op.f("ck_number_registry_number_gapless"),
        ),
        sa.CheckConstraint(
            "(previous_number is null) = (previous_issued_on is null)", name=op.f("ck_number_registry_previous_whole")
        ),
        sa.CheckConstraint("extract(year from issued_on) = year", name=op.f("ck_number_registry_issued_in_year")),
        sa.CheckConstraint("issued_on >= previous_issued_on", name=op.f("ck_number_registry_issue_date_never_back")),
        sa.ForeignKeyConstraint(
            ["legal_entity_id", "series", "year", "previous_number", "previous_issued_on"],
            [
                "number_registry.legal_entity_id",
                "number_registry.series",
                "number_registry.year",
                "number_registry.number",
                "number_registry.issued_on",
            ],
            name="fk_number_registry_previous",
        ),
        sa.PrimaryKeyConstraint("legal_entity_id", "series", "year", "number", name=op.f("pk_number_registry")),
        sa.UniqueConstraint(
            "legal_entity_id",
            "series",
            "year",
            "number",
            "issued_on",
            name=op.f("uq_number_registry_legal_entity_id_series_year_number_issued_on"),
        ),
        sa.UniqueConstraint("tenant_id", "invoice_id", name=op.f("uq_number_registry_tenant_id_invoice_id")),
    )
    op.create_table(
        "billing_account",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("last_billed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_billing_account")),
    )
    op.create_table(
        "billed_period",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("payer_tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("measured_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("timing in ('arrears', 'advance')", name=op.f("ck_billed_period_timing")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_billed_period_span")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id", "starts_at"],
            ["billing_period.tenant_id", "billing_period.subscription_id", "billing_period.starts_at"],
            name="fk_billed_period_billing_period",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "subscription_id", "timing", "starts_at", name=op.f("pk_billed_period")),
    )
    op.create_index("ix_billed_period_invoice", "billed_period", ["tenant_id", "invoice_id"], unique=False)
    op.create_table(
        "rated_line",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("charge_key", sa.Text(), nullable=False),
        sa.Column("period_starts_at", UtcDateTime(), nullable=False),
        sa.Column("period_ends_at", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=38, scale=12), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cost_centres", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payer_tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("rated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(revision = 0) = (kind in ('usage', 'advance'))", name=op.f("ck_rated_line_first_revision")
        ),
        sa.CheckConstraint(
            "kind in ('usage', 'advance', 'refund', 'late', 'reversal', 'refund_reversal')",
            name=op.f("ck_rated_line_kind"),
        ),
        sa.CheckConstraint("period_ends_at > period_starts_at", name=op.f("ck_rated_line_span")),
        sa.CheckConstraint("revision >= 0", name=op.f("ck_rated_line_revision_sane")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_rated_line")),
        sa.UniqueConstraint(
            "tenant_id",
            "subscription_id",
            "charge_key",
            "period_starts_at",
            "revision",
            name=op.f("uq_rated_line_tenant_id_subscription_id_charge_key_period_starts_at_revision"),
        ),
    )
    op.create_index("ix_rated_line_invoice", "rated_line", ["tenant_id", "invoice_id"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("legal_entity_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("credits_invoice_id", sa.UUID(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("status_at", UtcDateTime(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("draft", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("issued_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "(credits_invoice_id is null) or kind = 'credit_note'", name=op.f("ck_invoice_only_notes_credit")
        ),
        sa.CheckConstraint("(status = 'draft') = (draft is not null)", name=op.f("ck_invoice_draft_has_content")),
        sa.CheckConstraint("(status = 'draft') = (issued_id is null)", name=op.f("ck_invoice_issued_has_issue")),
        sa.CheckConstraint("kind in ('invoice', 'credit_note')", name=op.f("ck_invoice_kind")),
        sa.CheckConstraint(
            "status in ('draft', 'finalised', 'paid', 'void', 'uncollectible')", name=op.f("ck_invoice_status")
        ),
        sa.CheckConstraint("issued_id = id", name=op.f("ck_invoice_issue_is_own")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "credits_invoice_id"],
            ["invoice.tenant_id", "invoice.id"],
            name=op.f("fk_invoice_tenant_id_credits_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invoice")),
    )
    op.create_index("ix_invoice_run_id", "invoice", ["run_id"], unique=False)
    op.create_index(
        "uq_invoice_open_draft",
        "invoice",
        ["tenant_id", "legal_entity_id", "currency", "closes_on"],
        unique=True,
        postgresql_where=sa.text("status = 'draft' and credits_invoice_id is null"),
    )
    op.create_table(
        "invoice_issue",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("supplied_from", sa.Date(), nullable=False),
        sa.Column("supplied_to", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("purchase_order", sa.Text(), nullable=False),
        sa.Column("parties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("base_currency", sa.Text(), nullable=False),
        sa.Column("base_rate", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("base_rate_on", sa.Date(), nullable=False),
        sa.Column("base_rate_source", sa.Text(), nullable=False),
        sa.Column("evidence_count", sa.BigInteger(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("evidence_files", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("due_on >= issued_on", name=op.f("ck_invoice_issue_due_after_issue")),
        sa.CheckConstraint("evidence_count >= 0", name=op.f("ck_invoice_issue_evidence_count_sane")),
        sa.CheckConstraint("gross_minor = net_minor + tax_minor", name=op.f("ck_invoice_issue_gross_is_sum")),
        sa.CheckConstraint("gross_minor >= 0", name=op.f("ck_invoice_issue_never_negative")),
        sa.CheckConstraint("supplied_to >= supplied_from", name=op.f("ck_invoice_issue_supply_span")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice.tenant_id", "invoice.id"],
            name=op.f("fk_invoice_issue_tenant_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name=op.f("pk_invoice_issue")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_invoice_issue_tenant_id_number")),
    )
    op.create_table(
        "invoice_line",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("consumer_tenant_id", sa.UUID(), nullable=False),
        sa.Column("consumer_name", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("charge_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=True),
        sa.Column("period_starts_at", UtcDateTime(), nullable=False),
        sa.Column("period_ends_at", UtcDateTime(), nullable=False),
        sa.Column("supplied_from", sa.Date(), nullable=False),
        sa.Column("supplied_to", sa.Date(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=38, scale=12), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tax_category", sa.Text(), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("tax_note", sa.Text(), nullable=False),
        sa.Column("purchase_order", sa.Text(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cost_centres", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rated_line_id", sa.UUID(), nullable=False),
        sa.Column("credits_position", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'credit') = (credits_position is not null)", name=op.f("ck_invoice_line_credit_names_line")
        ),
        sa.CheckConstraint(
            "kind in ('usage', 'advance', 'refund', 'late', 'credit')", name=op.f("ck_invoice_line_kind")
        ),
        sa.CheckConstraint("position >= 1", name=op.f("ck_invoice_line_position_sane")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice_issue.tenant_id", "invoice_issue.invoice_id"],
            name=op.f("fk_invoice_line_tenant_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "position", name=op.f("pk_invoice_line")),
    )
    op.create_index("ix_invoice_line_rated_line_id", "invoice_line", ["tenant_id", "rated_line_id"], unique=False)
    op.create_table(
        "invoice_tax",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taxable_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice_issue.tenant_id", "invoice_issue.invoice_id"],
            name=op.f("fk_invoice_tax_tenant_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "category", "percent", name=op.f("pk_invoice_tax")),
    )
    op.create_table(
        "transfer",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("legal_entity_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("debit_account", sa.Text(), nullable=False),
        sa.Column("credit_account", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("base_amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("base_currency", sa.Text(), nullable=False),
        sa.Column("base_rate", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("base_rate_on", sa.Date(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.Column("reverses_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "credit_account in ('receivable', 'unbilled_receivable', 'revenue', 'deferred_revenue', 'tax', 'credit_balance', 'cash', 'refunds_payable', 'exchange_difference', 'rounding', 'write_off')",
            name=op.f("ck_transfer_credit_account"),
        ),
        sa.CheckConstraint(
            "debit_account in ('receivable', 'unbilled_receivable', 'revenue', 'deferred_revenue', 'tax', 'credit_balance', 'cash', 'refunds_payable', 'exchange_difference', 'rounding', 'write_off')",
            name=op.f("ck_transfer_debit_account"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_transfer_amount_positive")),
        sa.CheckConstraint("base_amount_minor >= 0", name=op.f("ck_transfer_base_amount_sane")),
        sa.CheckConstraint("debit_account <> credit_account", name=op.f("ck_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice_issue.tenant_id", "invoice_issue.invoice_id"],
            name=op.f("fk_transfer_tenant_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reverses_id"],
            ["transfer.tenant_id", "transfer.id"],
            name=op.f("fk_transfer_tenant_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_transfer")),
        sa.UniqueConstraint(
            "tenant_id", "invoice_id", "kind", "reference", name=op.f("uq_transfer_tenant_id_invoice_id_kind_reference")
        ),
        sa.UniqueConstraint("tenant_id", "reverses_id", name=op.f("uq_transfer_tenant_id_reverses_id")),
    )
    op.create_table(
        "evidence_file",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("payer_tenant_id", sa.UUID(), nullable=False),
        sa.Column("entry_count", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_evidence_file_sha256_size")),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "sha256", name=op.f("pk_evidence_file")),
    )
    op.create_table(
        "invoice_document",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("rendered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_invoice_document_sha256_size")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice_issue.tenant_id", "invoice_issue.invoice_id"],
            name=op.f("fk_invoice_document_tenant_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name=op.f("pk_invoice_document")),
    )
    op.create_table(
        "invoice_run",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("skip_grace", sa.Boolean(), nullable=False),
        sa.Column("finalise", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint("not skip_grace or reason <> ''", name=op.f("ck_invoice_run_skipping_needs_reason")),
        sa.CheckConstraint("status in ('running', 'done', 'failed')", name=op.f("ck_invoice_run_status")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invoice_run")),
    )
    op.create_foreign_key(
        "fk_invoice_issue", "invoice", "invoice_issue", ["tenant_id", "issued_id"], ["tenant_id", "invoice_id"]
    )
    # The bodies are compressed already: PostgreSQL need not try again.
    op.execute("alter table evidence_file alter column content set storage external")
    op.execute("alter table invoice_document alter column content set storage external")
    secure_global(op, "tax_rate", steward="select, insert")
    secure_global(op, "exchange_rate", steward="select, insert")
    counted = ("last_number", "last_issued_on")
    secure_global(op, "number_counter", app="select, insert", app_update_columns=counted)
    secure(op, "number_registry")
    secure(op, "billing_account", app_update_columns=("last_billed_at",))
    secure(op, "billed_period", app_update_columns=("measured_at",))
    secure(op, "rated_line")
    # What an issued document says stands in append-only tables; here only its life goes on.
    life = ("kind", "status", "status_at", "status_reason", "draft", "issued_id")
    secure(op, "invoice", app_update_columns=life)
    for table in ("invoice_issue", "invoice_line", "invoice_tax", "transfer", "evidence_file", "invoice_document"):
        secure(op, table)
    secure(op, "invoice_run", app_update_columns=("status", "finished_at", "result"))
    seed_rates()


def downgrade() -> None:
    """Drop what was added."""
    op.drop_constraint("fk_invoice_issue", "invoice")
    op.drop_table("invoice_run")
    op.drop_table("invoice_document")
    op.drop_table("evidence_file")
    op.drop_table("transfer")
    op.drop_table("invoice_tax")
    op.drop_table("invoice_line")
    op.drop_table("invoice_issue")
    op.drop_table("invoice")
    op.drop_table("rated_line")
    op.drop_table("billed_period")
    op.drop_table("billing_account")
    op.drop_table("number_registry")
    op.drop_table("number_counter")
    op.drop_table("exchange_rate")
    op.drop_table("tax_rate")
