"""People from a directory: departures, SCIM's users and groups, and what groups stand for.

Nothing has written `person.active_to` before, so that there are no earlier departures to bring over.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0042_directory"
down_revision = "0033_quote_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "departure",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["person.tenant_id", "person.id"], name=op.f("fk_departure_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", "left_at", name=op.f("pk_departure")),
    )
    secure(op, "departure")
    op.create_table(
        "scim_user",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_name_key", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("modified_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"], ["person.tenant_id", "person.id"], name=op.f("fk_scim_user_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scim_user")),
        sa.UniqueConstraint("tenant_id", "user_name_key", name=op.f("uq_scim_user_tenant_id_user_name_key")),
    )
    op.create_index("ix_scim_user_external_id", "scim_user", ["tenant_id", "external_id"])
    secure(op, "scim_user", app="select, insert, update, delete")
    op.create_table(
        "scim_group",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("modified_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scim_group")),
    )
    op.create_index("ix_scim_group_name_key", "scim_group", ["tenant_id", "name_key"])
    op.create_index("ix_scim_group_external_id", "scim_group", ["tenant_id", "external_id"])
    secure(op, "scim_group", app="select, insert, update, delete")
    op.create_table(
        "scim_member",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("group_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("display", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"], ["scim_group.tenant_id", "scim_group.id"], name="fk_scim_member_group"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["scim_user.tenant_id", "scim_user.id"], name="fk_scim_member_user"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "group_id", "user_id", name=op.f("pk_scim_member")),
    )
    op.create_index("ix_scim_member_user_id", "scim_member", ["tenant_id", "user_id"])
    secure(op, "scim_member", app="select, insert, update, delete")
    op.create_table(
        "group_rule",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('audience', 'role', 'pool')", name=op.f("ck_group_rule_kind")),
        sa.PrimaryKeyConstraint("tenant_id", "name_key", "kind", name=op.f("pk_group_rule")),
    )
    secure(op, "group_rule", app="select, insert, update, delete")
    op.execute("grant update (role) on user_account to tollbook_app")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute("revoke update (role) on user_account from tollbook_app")
    for table in ("group_rule", "scim_member", "scim_group", "scim_user", "departure"):
        op.drop_table(table)
