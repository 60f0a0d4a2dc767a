"""A heartbeat that would make a stretch longer than seven days goes through a flight, where the lease goes on in another.

Here it held the stretch on to its seventh day and no further, and somebody else got the seat.

A function that is replaced loses its settings: `lease_look` gets those of the plans again that it lost before.
"""

from alembic import op

revision = "0074_long_leases"
down_revision = "0073_lease_people"
branch_labels = None
depends_on = None

_COLUMNS = (
    "pool, lease_id, starts_at, unit, client_key, identity_id, device_id, group_key, ends_at,"
    " renews_s, lingers_s, released, borrowed, overdrawn, held"
)
_S_COLUMNS = ", ".join(f"s.{name}" for name in _COLUMNS.split(", "))
_SHORT = """
            and now_at + make_interval(secs => s.renews_s) <= s.starts_at + make_interval(secs => longest_s)
"""
# As it was, but that what would become too long is passed by.
_RENEW = f"""
create or replace function lease_renew(asked json) returns json language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    tenant uuid; test_clock uuid; ahead_s double precision; leases uuid[]; longest_s double precision;
    now_at timestamptz; stretches json;
begin
    select a.* into strict tenant, test_clock, ahead_s, leases, longest_s from json_to_record(asked) as a (
        tenant uuid, test_clock uuid, ahead_s double precision, leases uuid[], longest_s double precision
    );
    perform set_config('app.tenant_id', tenant::text, true);
    now_at := licence_clock(test_clock, ahead_s);
    with mine as (
        select s.lease_id, s.starts_at from leased_session s
        where s.tenant_id = tenant and s.lease_id = any(leases) and s.held and not s.released and s.ends_at > now_at
            {{short}}
        for update of s skip locked
    ), renewed as (
        update leased_session s
        set ends_at = greatest(s.ends_at, least(
            now_at + make_interval(secs => s.renews_s), s.starts_at + make_interval(secs => longest_s)
        ))
        from mine
        where s.tenant_id = tenant and s.lease_id = mine.lease_id and s.starts_at = mine.starts_at
        returning {_S_COLUMNS}
    )
    select json_agg(r) into stretches from renewed r;
    return coalesce(stretches, '[]');
end $$
"""


def upgrade() -> None:
    """The previous release runs on it as well: in a flight it does what was done here."""
    op.execute(_RENEW.format(short=_SHORT.strip()))
    op.execute("alter function lease_look(json) set plan_cache_mode = force_generic_plan")
    op.execute("alter function lease_look(json) set enable_seqscan = off")


def downgrade() -> None:
    """Hold on to the seventh day."""
    op.execute(_RENEW.format(short=""))
