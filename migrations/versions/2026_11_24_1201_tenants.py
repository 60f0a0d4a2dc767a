"""Who: legal entities, tenants, people, cost centres, users, keys, audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure, secure_global

revision = "0001_tenants"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        sa.Column("entry_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name=op.f("pk_audit_seal")),
    )
    op.create_index(
        "ix_audit_seal_sealed_at",
        "audit_seal",
        ["tenant_id", "sealed_at"],
        unique=False,
    )
    op.create_table(
        "cost_centre",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("headcount", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "valid_to is null or valid_to > valid_from",
            name=op.f("ck_cost_centre_valid_span"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "code", "valid_from", name=op.f("pk_cost_centre")),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", "route", name=op.f("pk_idempotency_record")),
    )
    op.create_table(
        "legal_entity",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.Text(), nullable=False),
        sa.Column("base_currency", sa.Text(), nullable=False),
        sa.Column("number_prefix", sa.Text(), nullable=False),
        sa.Column("iban", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_entity")),
        sa.UniqueConstraint("key", name=op.f("uq_legal_entity_key")),
    )
    op.create_table(
        "person",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("active_from", UtcDateTime(), nullable=False),
        sa.Column("active_to", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "active_to is null or active_to > active_from",
            name=op.f("ck_person_active_span"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_person")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_person_tenant_id_external_id")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(op.f("ix_sign_in_attempt_email"), "sign_in_attempt", ["email"], unique=False)
    op.create_table(
        "test_clock",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("now_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_clock")),
    )
    op.create_table(
        "assignment",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("cost_centre", sa.Text(), nullable=False),
        sa.Column("weight", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_assignment_weight_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"],
            ["person.tenant_id", "person.id"],
            name=op.f("fk_assignment_tenant_id_person_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "person_id",
            "valid_from",
            "recorded_at",
            "cost_centre",
            name=op.f("pk_assignment"),
        ),
    )
    op.create_table(
        "identity",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("home_person_id", sa.UUID(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "home_person_id"],
            ["person.tenant_id", "person.id"],
            name=op.f("fk_identity_tenant_id_home_person_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_identity")),
        sa.UniqueConstraint("tenant_id", "scheme", "key", name=op.f("uq_identity_tenant_id_scheme_key")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("legal_entity_id", sa.UUID(), nullable=False),
        sa.Column("parent_id", sa.UUID(), nullable=True),
        sa.Column(
            "bill_to_parent",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("billing_name", sa.Text(), nullable=False),
        sa.Column("billing_address", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.Text(), server_default="", nullable=False),
        sa.Column("tax_treatment", sa.Text(), server_default="standard", nullable=False),
        sa.Column("purchase_order", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_terms_days", sa.SmallInteger(), server_default="30", nullable=False),
        sa.Column("grace_hours", sa.BigInteger(), server_default="72", nullable=False),
        sa.Column(
            "holidays",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("test_clock_id", sa.UUID(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status in ('trial', 'active', 'suspended', 'closed')",
            name=op.f("ck_tenant_status"),
        ),
        sa.CheckConstraint(
            "tax_treatment in ('standard', 'reverse_charge', 'exempt')",
            name=op.f("ck_tenant_tax_treatment"),
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_tenant_not_own_parent")),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"],
            ["legal_entity.id"],
            name=op.f("fk_tenant_legal_entity_id"),
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["tenant.id"], name=op.f("fk_tenant_parent_id")),
        sa.ForeignKeyConstraint(["test_clock_id"], ["test_clock.id"], name=op.f("fk_tenant_test_clock_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "identity_link",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identity_id"],
            ["identity.tenant_id", "identity.id"],
            name=op.f("fk_identity_link_tenant_id_identity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"],
            ["person.tenant_id", "person.id"],
            name=op.f("fk_identity_link_tenant_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "identity_id", "recorded_at", name=op.f("pk_identity_link")),
    )
    op.create_table(
        "person_trait",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("trait", sa.Text(), nullable=False),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("trait in ('class', 'audience')", name=op.f("ck_person_trait_trait")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identity_id"],
            ["identity.tenant_id", "identity.id"],
            name=op.f("fk_person_trait_tenant_id_identity_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "identity_id",
            "trait",
            "valid_from",
            "event_key",
            name=op.f("pk_person_trait"),
        ),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.UUID(), nullable=True),
        sa.Column("cost_centre", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(role = 'cost_centre_owner') = (cost_centre is not null)",
            name=op.f("ck_user_account_owner_has_centre"),
        ),
        sa.CheckConstraint(
            "(role like 'vendor%%') = (tenant_id is null)",
            name=op.f("ck_user_account_role_side"),
        ),
        sa.CheckConstraint(
            "role in ('vendor_admin', 'vendor_sales', 'vendor_finance', 'vendor_auditor', 'tenant_admin', 'tenant_finance', 'cost_centre_owner', 'tenant_auditor')",
            name=op.f("ck_user_account_role"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_user_account_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_api_key_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_key_token_hash")),
    )
    op.create_index(op.f("ix_api_key_user_id"), "api_key", ["user_id"], unique=False)
    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)

    secure_global(op, "legal_entity", app="select, insert", steward="select, insert")
    secure_global(op, "test_clock", app="select, insert", app_update_columns=("now_at",))
    secure_global(
        op,
        "tenant",
        app="select, insert",
        app_update_columns=(
            "name", "status", "bill_to_parent", "billing_name", "billing_address", "tax_id", "tax_treatment",
            "purchase_order", "payment_terms_days", "grace_hours", "holidays",
        ),
        ingest="select",
    )  # fmt: skip
    secure_global(
        op,
        "user_account",
        app="select, insert",
        app_update_columns=("name", "password_hash", "active"),
    )
    secure_global(op, "user_session", app="select, insert, delete", steward="select, delete")
    secure_global(
        op,
        "api_key",
        app="select, insert",
        app_update_columns=("revoked_at", "last_used_at"),
    )
    secure_global(op, "sign_in_attempt", app="select, insert, delete", steward="select, delete")
    secure(
        op,
        "person",
        app_update_columns=("external_id", "name", "email", "active_to"),
        ingest="select, insert",
    )
    op.execute("grant update (external_id, name, email, active_to) on person to tollbook_ingest")
    secure(op, "identity", ingest="select, insert")
    secure(op, "identity_link")
    secure(op, "person_trait", ingest="select, insert")
    secure(
        op,
        "cost_centre",
        app_update_columns=("valid_to", "name", "parent_code", "headcount"),
    )
    secure(op, "assignment")
    secure(
        op,
        "idempotency_record",
        app="select, insert, update, delete",
        steward="select, insert, update, delete",
    )
    secure(op, "audit_entry", steward="select, insert")
    secure(op, "audit_seal", app="select", steward="select, insert")


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_index(op.f("ix_user_session_user_id"), table_name="user_session")
    op.drop_table("user_session")
    op.drop_index(op.f("ix_api_key_user_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_table("user_account")
    op.drop_table("person_trait")
    op.drop_table("identity_link")
    op.drop_table("tenant")
    op.drop_table("identity")
    op.drop_table("assignment")
    op.drop_table("test_clock")
    op.drop_index(op.f("ix_sign_in_attempt_email"), table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    op.drop_table("person")
    op.drop_table("legal_entity")
    op.drop_table("idempotency_record")
    op.drop_table("cost_centre")
    op.drop_index("ix_audit_seal_sealed_at", table_name="audit_seal")
    op.drop_table("audit_seal")
    op.drop_table("audit_entry")
