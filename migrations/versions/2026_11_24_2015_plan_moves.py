"""Moving the customers of one version to another, as a job."""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0023_plan_moves"
down_revision = "0022_plan_rank"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "plan_move",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("from_number", sa.BigInteger(), nullable=False),
        sa.Column("to_number", sa.BigInteger(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("preview", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("status in ('running', 'done', 'cancelled')", name=op.f("ck_plan_move_status")),
        sa.CheckConstraint("timing in ('prorate_now', 'at_period_end')", name=op.f("ck_plan_move_timing")),
        sa.CheckConstraint("(status = 'running') = (finished_at is null)", name=op.f("ck_plan_move_finished")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_plan_move")),
    )
    op.create_table(
        "plan_move_item",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("move_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=True),
        sa.Column("before_minor", sa.BigInteger(), nullable=True),
        sa.Column("after_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.CheckConstraint("status in ('waiting', 'moves', 'moved', 'refused')", name=op.f("ck_plan_move_item_status")),
        sa.CheckConstraint("(status = 'refused') = (code <> '')", name=op.f("ck_plan_move_item_refused_says_why")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "move_id"],
            ["plan_move.tenant_id", "plan_move.id"],
            name=op.f("fk_plan_move_item_tenant_id_move_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "move_id", "subscription_id", name=op.f("pk_plan_move_item")),
    )
    secure(op, "plan_move", steward="select, insert", steward_update_columns=("status", "finished_at"))
    secure(
        op,
        "plan_move_item",
        steward="select, insert",
        steward_update_columns=("status", "code", "detail", "effective_at", "before_minor", "after_minor"),
    )


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("plan_move_item")
    op.drop_table("plan_move")
