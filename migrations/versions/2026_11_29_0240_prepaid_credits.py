"""Prepaid credits: blocks, their movements, and the lines that they pay."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0024_prepaid_credits"
down_revision = "0034_xapi_mentions"
branch_labels = None
depends_on = None

_KINDS = "kind in ('usage', 'advance', 'refund', 'late', {}'credit')"


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    _grants()
    _movements()
    secure(op, "prepaid_grant", app_update_columns=("remaining_minor", "deferred_minor"))
    secure(op, "prepaid_movement")
    op.add_column("invoice_line", sa.Column("grant_id", sa.UUID(), nullable=True))
    op.alter_column("invoice_line", "subscription_id", nullable=True)
    op.alter_column("invoice_line", "rated_line_id", nullable=True)
    op.create_foreign_key(
        op.f("fk_invoice_line_tenant_id_grant_id"),
        "invoice_line", "prepaid_grant", ["tenant_id", "grant_id"], ["tenant_id", "id"],
    )  # fmt: skip
    op.drop_constraint(op.f("ck_invoice_line_kind"), "invoice_line")
    op.create_check_constraint(op.f("ck_invoice_line_kind"), "invoice_line", _KINDS.format("'prepaid', "))
    op.create_check_constraint(
        op.f("ck_invoice_line_prepaid_names_grant"), "invoice_line", "kind <> 'prepaid' or grant_id is not null"
    )
    op.create_check_constraint(
        op.f("ck_invoice_line_rated_or_bought"),
        "invoice_line",
        "(rated_line_id is not null and subscription_id is not null) or grant_id is not null",
    )
    # Only runs gather on an open draft; what is bought at once is a document of its own, and so is a credit note.
    op.drop_index("uq_invoice_open_draft", "invoice")
    _open_drafts("status = 'draft' and run_id is not null")


def downgrade() -> None:
    """Undo the expansion; refused where credits were sold, since their lines fit the old table no more."""
    op.drop_index("uq_invoice_open_draft", "invoice")
    _open_drafts("status = 'draft' and credits_invoice_id is null")
    for name in ("rated_or_bought", "prepaid_names_grant", "kind"):
        op.drop_constraint(op.f(f"ck_invoice_line_{name}"), "invoice_line")
    op.create_check_constraint(op.f("ck_invoice_line_kind"), "invoice_line", _KINDS.format(""))
    op.drop_column("invoice_line", "grant_id")
    op.alter_column("invoice_line", "rated_line_id", nullable=False)
    op.alter_column("invoice_line", "subscription_id", nullable=False)
    op.drop_table("prepaid_movement")
    op.drop_table("prepaid_grant")


def _grants() -> None:
    op.create_table(
        "prepaid_grant",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("legal_entity_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("remaining_minor", sa.BigInteger(), nullable=False),
        sa.Column("deferred_minor", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("subscription_id", sa.UUID(), nullable=True),
        sa.Column("charges", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("meters", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("refundable", sa.Boolean(), nullable=False),
        sa.Column("rollover_months", sa.SmallInteger(), nullable=True),
        sa.Column("rollover_percent", sa.Numeric(15, 12), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("rolled_from_id", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "origin in ('purchase', 'plan', 'granted', 'rollover')", name=op.f("ck_prepaid_grant_origin")
        ),
        sa.CheckConstraint("amount_minor > 0 and paid_minor >= 0", name=op.f("ck_prepaid_grant_amounts_sane")),
        sa.CheckConstraint("remaining_minor between 0 and amount_minor", name=op.f("ck_prepaid_grant_never_overdrawn")),
        sa.CheckConstraint("deferred_minor between 0 and paid_minor", name=op.f("ck_prepaid_grant_never_earned_twice")),
        sa.CheckConstraint("paid_minor = 0 or invoice_id is not null", name=op.f("ck_prepaid_grant_paid_by_invoice")),
        sa.CheckConstraint("priority between 0 and 1000", name=op.f("ck_prepaid_grant_priority_sane")),
        sa.CheckConstraint("expires_at > starts_at", name=op.f("ck_prepaid_grant_span")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice.tenant_id", "invoice.id"],
            name=op.f("fk_prepaid_grant_tenant_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rolled_from_id"],
            ["prepaid_grant.tenant_id", "prepaid_grant.id"],
            name=op.f("fk_prepaid_grant_tenant_id_rolled_from_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_prepaid_grant")),
    )
    op.create_index(
        "ix_prepaid_grant_left", "prepaid_grant", ["expires_at"], postgresql_where=sa.text("remaining_minor > 0")
    )


def _movements() -> None:
    op.create_table(
        "prepaid_movement",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("grant_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("remaining_minor", sa.BigInteger(), nullable=False),
        sa.Column("deferred_minor", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("reverses_id", sa.UUID(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind in ('granted', 'drawn', 'returned', 'expired', 'rolled_over', 'refunded', 'revoked')",
            name=op.f("ck_prepaid_movement_kind"),
        ),
        sa.CheckConstraint("remaining_minor >= 0", name=op.f("ck_prepaid_movement_remaining_sane")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grant_id"],
            ["prepaid_grant.tenant_id", "prepaid_grant.id"],
            name=op.f("fk_prepaid_movement_tenant_id_grant_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["invoice.tenant_id", "invoice.id"],
            name=op.f("fk_prepaid_movement_tenant_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reverses_id"],
            ["prepaid_movement.tenant_id", "prepaid_movement.id"],
            name=op.f("fk_prepaid_movement_tenant_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_prepaid_movement")),
    )
    op.create_index("ix_prepaid_movement_grant", "prepaid_movement", ["tenant_id", "grant_id"])
    op.create_index("ix_prepaid_movement_invoice", "prepaid_movement", ["tenant_id", "invoice_id"])


def _open_drafts(where: str) -> None:
    op.create_index(
        "uq_invoice_open_draft",
        "invoice",
        ["tenant_id", "legal_entity_id", "currency", "closes_on"],
        unique=True,
        postgresql_where=sa.text(where),
    )
