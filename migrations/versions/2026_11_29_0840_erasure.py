"""Erasure of a person's data: what they were called stays as a sealed hash, and a pseudonym takes its place."""

import sqlalchemy as sa
from alembic import op

from core.db import APP
from core.models import UtcDateTime
from migrations.policies import secure

revision = "0064_erasure"
down_revision = "0063_licence_files"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "erasure",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["person.tenant_id", "person.id"], name=op.f("fk_erasure_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", name=op.f("pk_erasure")),
    )
    secure(op, "erasure", app_update_columns=("sealed",), ingest="select")
    op.execute(f"grant update (key) on identity to {APP}")


def downgrade() -> None:
    """Undo the expansion; what was erased stays so."""
    op.execute(f"revoke update (key) on identity from {APP}")
    op.drop_table("erasure")
