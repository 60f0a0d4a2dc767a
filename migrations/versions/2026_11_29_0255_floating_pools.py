"""Floating pools: their rules, what they let in, and whom they did not."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0040_floating_pools"
down_revision = "0026_withdrawal"
branch_labels = None
depends_on = None

_RULES = (
    "name", "mode", "seats", "overdraft", "overdraft_percent", "lease_s", "linger_s", "borrow_max_s", "borrow_keep",
    "shares", "in_use", "ceiling", "clock_at", "changed_at",
)  # fmt: skip


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    _leases()
    op.create_table(
        "floating_pool",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("overdraft", sa.Integer(), nullable=False),
        sa.Column("overdraft_percent", sa.Integer(), nullable=False),
        sa.Column("count_by", sa.Text(), nullable=False),
        sa.Column("lease_s", sa.Integer(), nullable=False),
        sa.Column("linger_s", sa.Integer(), nullable=False),
        sa.Column("borrow_max_s", sa.Integer(), nullable=False),
        sa.Column("borrow_keep", sa.Integer(), nullable=False),
        sa.Column("shares", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("in_use", sa.Integer(), nullable=False),
        sa.Column("ceiling", sa.Integer(), nullable=False),
        sa.Column("clock_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("mode in ('hard', 'overdraft', 'soft')", name=op.f("ck_floating_pool_mode")),
        sa.CheckConstraint("in_use between 0 and ceiling", name=op.f("ck_floating_pool_never_above")),
        sa.CheckConstraint(
            "seats >= 0 and overdraft >= 0 and overdraft_percent between 0 and 1000",
            name=op.f("ck_floating_pool_seats"),
        ),
        sa.CheckConstraint(
            "lease_s between 1 and 86400 and linger_s between 0 and 86400", name=op.f("ck_floating_pool_spans")
        ),
        sa.CheckConstraint(
            "borrow_max_s between 0 and 604800 and borrow_keep >= 0", name=op.f("ck_floating_pool_borrowing")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_floating_pool")),
    )
    op.create_table(
        "denial",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("in_use", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_denial")),
    )
    op.create_index("ix_denial_at", "denial", ["tenant_id", "pool", "at"])
    # A hot pool's row is written in every flight: room for its next versions keeps them in its page.
    op.execute("alter table floating_pool set (fillfactor = 20)")
    op.execute("alter table leased_session set (fillfactor = 70)")
    secure(op, "leased_pool")
    secure(op, "leased_session", app_update_columns=("ends_at", "released", "held"))
    secure(op, "floating_pool", app_update_columns=_RULES)
    secure(op, "denial")


def _leases() -> None:
    op.create_table(
        "leased_pool",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("bound_on", sa.Date(), nullable=False),
        sa.Column("count_by", sa.Text(), nullable=False),
        sa.Column("bound_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("count_by in ('person', 'person_device', 'session')", name=op.f("ck_leased_pool_count_by")),
        sa.PrimaryKeyConstraint("tenant_id", "pool", name=op.f("pk_leased_pool")),
    )
    op.create_table(
        "leased_session",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("lease_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("renews_s", sa.Integer(), nullable=False),
        sa.Column("lingers_s", sa.Integer(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("borrowed", sa.Boolean(), nullable=False),
        sa.Column("overdrawn", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at >= starts_at", name=op.f("ck_leased_session_ends_after_start")),
        sa.CheckConstraint("ends_at <= starts_at + interval '7 days'", name=op.f("ck_leased_session_a_week_at_most")),
        sa.CheckConstraint(
            "renews_s between 1 and 86400 and lingers_s between 0 and 86400", name=op.f("ck_leased_session_spans")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool"],
            ["leased_pool.tenant_id", "leased_pool.pool"],
            name=op.f("fk_leased_session_tenant_id_pool"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "lease_id", "starts_at", name=op.f("pk_leased_session")),
    )
    op.create_index("ix_leased_session_starts_at", "leased_session", ["tenant_id", "starts_at"])
    op.create_index(
        "ix_leased_session_unit", "leased_session", ["tenant_id", "pool", "unit"], postgresql_where=sa.text("held")
    )
    op.create_index(
        "uq_leased_session_client_key", "leased_session", ["tenant_id", "pool", "client_key"],
        unique=True, postgresql_where=sa.text("held"),
    )  # fmt: skip


def downgrade() -> None:
    """Undo the expansion."""
    for table in ("denial", "floating_pool", "leased_session", "leased_pool"):
        op.drop_table(table)
