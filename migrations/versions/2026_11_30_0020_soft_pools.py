"""Who ran out in a soft pool is let go like elsewhere before it is said that somebody is above its limit.

Until now only pools that could deny somebody were looked at once more: a soft one counted for ever whoever had
not released, and called everybody after them above the limit.
"""

from alembic import op
from sqlalchemy import text

revision = "0084_soft_pools"
down_revision = "0083_webhook_secrets"
branch_labels = None
depends_on = None

_BEFORE, _AFTER = "or p.mode <> 'soft' and p.in_use + beats", "or p.in_use + beats"


def _replace(before: str, after: str) -> None:
    """Put the function in its own place with a condition that is another one; its settings stay."""
    told = text("select pg_get_functiondef('lease_look(json)'::regprocedure)")
    body = str(op.get_bind().execute(told).scalar_one())
    assert before in body, "the function says it"
    op.execute(body.replace(before, after))


def upgrade() -> None:
    """The previous release runs on it as well."""
    op.execute("set local lock_timeout = '4s'")
    _replace(_BEFORE, _AFTER)


def downgrade() -> None:
    """As it was."""
    _replace(_AFTER, _BEFORE)
