"""Alerts: rules, and what fired."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0062_alerts"
down_revision = "0061_fair_webhooks"
branch_labels = None
depends_on = None

FIGURE = sa.Numeric(24, 6)


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "alert_rule",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("when_kind", sa.Text(), nullable=False),
        sa.Column("value", FIGURE, nullable=False),
        sa.Column("limit_value", FIGURE, nullable=True),
        sa.Column("cost_centre", sa.Text(), nullable=True),
        sa.Column("hysteresis_percent", sa.Integer(), nullable=False),
        sa.Column("recipients", postgresql.JSONB(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.Column("last_value", FIGURE, nullable=True),
        sa.Column("last_limit", FIGURE, nullable=True),
        sa.Column("last_forecast", FIGURE, nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "subject in ('meter', 'seat_pool', 'floating_pool', 'spend')", name=op.f("ck_alert_rule_subject")
        ),
        sa.CheckConstraint("when_kind in ('absolute', 'percent', 'forecast')", name=op.f("ck_alert_rule_when_kind")),
        sa.CheckConstraint("value > 0 and hysteresis_percent between 0 and 90", name=op.f("ck_alert_rule_figures")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_alert_rule")),
    )
    op.create_index("ix_alert_rule_due", "alert_rule", ["due_at"], postgresql_where=sa.text("stopped_at is null"))
    secure(op, "alert_rule", app="select, insert, update, delete")
    op.create_table(
        "alert_firing",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("fired_at", UtcDateTime(), nullable=False),
        sa.Column("value", FIGURE, nullable=False),
        sa.Column("level", FIGURE, nullable=False),
        sa.Column("forecast", FIGURE, nullable=True),
        sa.Column("rearmed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rule_id"],
            ["alert_rule.tenant_id", "alert_rule.id"],
            name=op.f("fk_alert_firing_tenant_id_rule_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "rule_id", "starts_on", "round", name=op.f("pk_alert_firing")),
    )
    op.create_index("ix_alert_firing_fired_at", "alert_firing", ["tenant_id", "fired_at"])
    secure(op, "alert_firing", app_update_columns=("rearmed_at",))


def downgrade() -> None:
    """Undo the expansion."""
    op.drop_table("alert_firing")
    op.drop_table("alert_rule")
