"""What was said of people's being there, so that the newest statement wins in whatever order they come.

An event that somebody left ended seats and memberships in the figures; now it shuts the door too, once per
person and not after they are back. Who has left or was back before this release is taken over as said of them.
"""

import sqlalchemy as sa
from alembic import op

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0075_presence"
down_revision = "0074_long_leases"
branch_labels = None
depends_on = None

_TABLES = ("person", "departure", "presence")
# Since when somebody is back was not kept: until now at the latest.
_TAKEN_OVER = """
insert into presence (tenant_id, statement_id, person_id, said_at, here, followed)
select p.tenant_id, gen_random_uuid(), p.id, coalesce(max(d.left_at), p.active_to), false, true
from person p left join departure d on d.tenant_id = p.tenant_id and d.person_id = p.id
where p.active_to is not null group by p.tenant_id, p.id, p.active_to
union all
select p.tenant_id, gen_random_uuid(), p.id, greatest(now(), max(d.left_at) + interval '1 microsecond'), true, true
from person p join departure d on d.tenant_id = p.tenant_id and d.person_id = p.id
where p.active_to is null group by p.tenant_id, p.id
"""


def upgrade() -> None:
    """A table more; the previous release runs on it and writes none of it."""
    op.execute("set local lock_timeout = '4s'")
    op.create_table(
        "presence",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("statement_id", sa.UUID(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.UUID(), nullable=True),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("here", sa.Boolean(), nullable=False),
        sa.Column("followed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("(identity_id is null) <> (person_id is null)", name=op.f("ck_presence_of_one")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identity_id"],
            ["identity.tenant_id", "identity.id"],
            name=op.f("fk_presence_tenant_id_identity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["person.tenant_id", "person.id"], name=op.f("fk_presence_tenant_id_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "statement_id", name=op.f("pk_presence")),
    )
    for name, column, where in (
        ("ix_presence_identity_id", "identity_id", "identity_id is not null"),
        ("ix_presence_person_id", "person_id", "person_id is not null"),
        ("ix_presence_waiting", "said_at", "not followed"),
    ):
        op.create_index(name, "presence", ["tenant_id", column], postgresql_where=sa.text(where))
    secure(op, "presence", app_update_columns=("followed",), ingest="select, insert")
    for table in _TABLES:
        op.execute(f"alter table {table} no force row level security")
    op.execute(_TAKEN_OVER)
    for table in _TABLES:
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Forget it; who is out stays out."""
    op.drop_table("presence")
