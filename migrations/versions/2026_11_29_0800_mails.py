"""Mails to people: what is to be sent, and what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0045_mails"
down_revision = "0044_withdrawal_of_the_future"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "mail",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=True),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("status in ('due', 'sent', 'dead')", name=op.f("ck_mail_status")),
        sa.CheckConstraint("(person_id is null) = (address <> '')", name=op.f("ck_mail_one_recipient")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"],
            ["person.tenant_id", "person.id"],
            name=op.f("fk_mail_tenant_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_mail")),
    )
    op.create_index("ix_mail_due", "mail", ["due_at"], postgresql_where=sa.text("status = 'due'"))
    op.create_index(
        "ix_mail_person_id", "mail", ["tenant_id", "person_id"], postgresql_where=sa.text("person_id is not null")
    )
    columns = ("status", "attempts", "due_at", "tried_at", "error")
    secure(op, "mail", app_update_columns=columns, steward="select, delete")


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("mail")
