"""Named seat pools: their rules, who waits, who is invited. Who holds a seat stands in the facts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0050_seat_pools"
down_revision = "0040_floating_pools"
branch_labels = None
depends_on = None

_FACTS = ("symbol", "fact_key", "fact", "fact_body")


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "seat_pool",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("moves_per_year", sa.Integer(), nullable=True),
        sa.Column("auto_assign", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("clock_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("seats >= 0", name=op.f("ck_seat_pool_seats")),
        sa.CheckConstraint("moves_per_year >= 0", name=op.f("ck_seat_pool_moves")),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_seat_pool")),
    )
    op.create_table(
        "seat_wait",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool"], ["seat_pool.tenant_id", "seat_pool.key"], name=op.f("fk_seat_wait_tenant_id_pool")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["person.tenant_id", "person.id"], name=op.f("fk_seat_wait_tenant_id_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "pool", "person_id", name=op.f("pk_seat_wait")),
        sa.UniqueConstraint("tenant_id", "pool", "since", name=op.f("uq_seat_wait_tenant_id_pool_since")),
    )
    op.create_index("ix_seat_wait_person_id", "seat_wait", ["tenant_id", "person_id"], unique=False)
    op.create_table(
        "seat_invitation",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("status in ('open', 'activated', 'withdrawn')", name=op.f("ck_seat_invitation_status")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool"],
            ["seat_pool.tenant_id", "seat_pool.key"],
            name=op.f("fk_seat_invitation_tenant_id_pool"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"],
            ["person.tenant_id", "person.id"],
            name=op.f("fk_seat_invitation_tenant_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_seat_invitation")),
    )
    op.create_index(
        "uq_seat_invitation_open",
        "seat_invitation",
        ["tenant_id", "pool", "person_id"],
        unique=True,
        postgresql_where="status = 'open'",
    )
    secure(op, "seat_pool", app_update_columns=("name", "seats", "moves_per_year", "auto_assign", "clock_at"))
    secure(op, "seat_wait", app="select, insert, delete")
    secure(op, "seat_invitation", app_update_columns=("status", "settled_at"))
    # Who holds a seat is a fact, written in the transaction that decides it; still nobody changes one.
    for table in _FACTS:
        op.execute(f"grant insert on {table} to tollbook_app")
    op.execute("grant update (facts) on usage_hour to tollbook_app")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute("revoke update (facts) on usage_hour from tollbook_app")
    for table in _FACTS:
        op.execute(f"revoke insert on {table} from tollbook_app")
    for table in ("seat_invitation", "seat_wait", "seat_pool"):
        op.drop_table(table)
