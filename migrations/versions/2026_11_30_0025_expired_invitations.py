"""An invitation whose days are over says so where it stands, so that the same person can be invited again."""

from alembic import op

revision = "0085_expired_invitations"
down_revision = "0084_soft_pools"
branch_labels = None
depends_on = None

_NAME = op.f("ck_seat_invitation_status")


def _states(*states: str) -> None:
    op.execute("set local lock_timeout = '4s'")
    op.drop_constraint(_NAME, "seat_invitation", type_="check")
    op.create_check_constraint(_NAME, "seat_invitation", f"status in {states!r}")


def upgrade() -> None:
    """The previous release runs on it as well: it calls them expired by their day."""
    _states("open", "activated", "withdrawn", "expired")


def downgrade() -> None:
    """They are open until they are looked at, as before; only one of somebody for a pool may be."""
    op.execute("update seat_invitation set status = 'withdrawn' where status = 'expired'")
    _states("open", "activated", "withdrawn")
