"""Facts and bodies under keys that begin with the time of acceptance.

New rows then go to the end of the index, whatever their keys are: copying costs two thirds and
writes a quarter of the log (docs/performance.md). `fact_body` gets its fact's `accepted_at`, and
the index on `accepted_at` alone is needed no more. Both tables are locked meanwhile, and
`fact_body` is written anew.

The previous release reads on. What it would write is turned away as if the database were away
(503, "to send again is safe") until its processes are restarted: a body without its time is lost.
"""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0041_time_led_keys"
down_revision = "0041_key_rotation"
branch_labels = None
depends_on = None

# 57P03, cannot connect now: the previous release answers it as an outage, so that senders repeat.
_TOO_OLD = """
    create function refuse_previous_release() returns timestamptz language plpgsql as $$
    begin
        raise exception 'this release wrote bodies without their time: restart it as the new one'
            using errcode = '57P03';
    end $$
"""
_MOVE = """
    insert into fact_body (tenant_id, accepted_at, event_key, body)
    select b.tenant_id, k.accepted_at, b.event_key, b.body
    from fact_body_before b join fact_key k on k.tenant_id = b.tenant_id and k.event_key = b.event_key
"""
_MOVE_BACK = """
    insert into fact_body (tenant_id, event_key, body) select tenant_id, event_key, body from fact_body_before
"""


def upgrade() -> None:
    """Expand for readers; writers of the previous release wait for their restart (see above)."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '2h'")
    op.execute("alter table fact drop constraint pk_fact")
    op.execute("alter table fact add constraint pk_fact primary key (tenant_id, accepted_at, event_key)")
    op.drop_index("ix_fact_accepted_at", table_name="fact")
    op.execute(_TOO_OLD)
    _anew(
        _MOVE,
        ["tenant_id", "accepted_at", "event_key"],
        sa.Column("accepted_at", UtcDateTime(), nullable=False, server_default=sa.text("refuse_previous_release()")),
    )


def downgrade() -> None:
    """Undo it."""
    _anew(_MOVE_BACK, ["tenant_id", "event_key"])
    op.execute("drop function refuse_previous_release()")
    op.create_index("ix_fact_accepted_at", "fact", ["tenant_id", "accepted_at"], unique=False)
    op.execute("alter table fact drop constraint pk_fact")
    op.execute("alter table fact add constraint pk_fact primary key (tenant_id, event_key)")


def _anew(move: str, key: list[str], *more: sa.Column[object]) -> None:
    op.execute("alter table fact_body rename to fact_body_before")
    op.execute("alter table fact_body_before rename constraint pk_fact_body to pk_fact_body_before")
    op.create_table(
        "fact_body",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        *more,
        sa.Column("event_key", sa.UUID(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.execute("alter table fact_body alter column body set storage external")
    # The owner sees all rows only while the policies are not forced; nobody sees the tables meanwhile.
    for table in ("fact_body_before", "fact_key"):
        op.execute(f"alter table {table} no force row level security")
    op.execute(move)
    op.execute("alter table fact_key force row level security")
    op.create_primary_key("pk_fact_body", "fact_body", key)
    op.drop_table("fact_body_before")
    secure(op, "fact_body", app="select", ingest="select, insert", steward="select, insert, delete")
