"""The names of devices and sessions of who was erased go too: by the steward, after the erasure.

Whoever serves can still change no fact: only the steward, who moves facts into archives already, may give
them other names. Who was erased before this release is looked at as well.
"""

import sqlalchemy as sa
from alembic import op

from core.db import STEWARD
from core.models import UtcDateTime

revision = "0076_erasure_devices"
down_revision = "0075_presence"
branch_labels = None
depends_on = None

_RENAMED = (
    ("fact", "attributes"),
    ("fact_body", "body"),
    ("correction", "replacement"),
    ("leased_session", "client_key, device_id, unit"),
    ("denial", "client_key"),
    ("erasure", "renamed_at"),
)


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.add_column("erasure", sa.Column("renamed_at", UtcDateTime(), nullable=True))
    for table, columns in _RENAMED:
        op.execute(f"grant update ({columns}) on {table} to {STEWARD}")
    op.execute(f"grant execute on function lease_unit(text, uuid, text, text) to {STEWARD}")


def downgrade() -> None:
    """Undo the expansion; what was renamed stays so."""
    op.execute(f"revoke execute on function lease_unit(text, uuid, text, text) from {STEWARD}")
    for table, columns in _RENAMED[:-1]:
        op.execute(f"revoke update ({columns}) on {table} from {STEWARD}")
    op.drop_column("erasure", "renamed_at")
