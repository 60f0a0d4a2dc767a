"""Alerts may be about the true denials of a floating pool."""

from alembic import op

revision = "0070_denials_watched"
down_revision = "0069_denials"
branch_labels = None
depends_on = None

_NAME = "ck_alert_rule_subject"


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    _allow("'meter', 'seat_pool', 'floating_pool', 'denials', 'spend'")


def downgrade() -> None:
    """Undo the expansion, as long as nobody watches denials."""
    _allow("'meter', 'seat_pool', 'floating_pool', 'spend'")


def _allow(subjects: str) -> None:
    op.drop_constraint(op.f(_NAME), "alert_rule", type_="check")
    op.create_check_constraint(op.f(_NAME), "alert_rule", f"subject in ({subjects})")
