"""Sign-in by OpenID Connect: a customer's provider, who signed in by it, and whether passwords still let in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.db import APP
from core.models import UtcDateTime
from migrations.policies import secure

revision = "0068_sign_in_by_oidc"
down_revision = "0067_lease_plans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.add_column("tenant", sa.Column("password_allowed", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.execute(f"grant update (password_allowed) on tenant to {APP}")
    op.create_table(
        "sso_provider",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("link_by_email", sa.Boolean(), nullable=False),
        sa.Column("create_missing", sa.Boolean(), nullable=False),
        sa.Column("default_role", sa.Text(), nullable=True),
        sa.Column("groups_claim", sa.Text(), nullable=False),
        sa.Column("group_roles", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "default_role is null or default_role in ('tenant_finance', 'tenant_auditor')",
            name=op.f("ck_sso_provider_default_role"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_sso_provider")),
    )
    secure(op, "sso_provider", app="select, insert, update, delete")
    op.create_table(
        "sso_link",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_sso_link_user_id")),
        sa.PrimaryKeyConstraint("tenant_id", "issuer", "subject", name=op.f("pk_sso_link")),
        sa.UniqueConstraint("tenant_id", "issuer", "user_id", name=op.f("uq_sso_link_tenant_id_issuer_user_id")),
    )
    op.create_index("ix_sso_link_user_id", "sso_link", ["user_id"])
    secure(op, "sso_link", app="select, insert, update, delete")


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("sso_link")
    op.drop_table("sso_provider")
    op.drop_column("tenant", "password_allowed")
