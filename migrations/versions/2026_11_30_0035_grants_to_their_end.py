"""A heartbeat leaves an offline grant as it is: it is not held on beyond the longest that the pool lends.

It was renewed as any other lease, and a longer grant was signed for it.
"""

from alembic import op

revision = "0087_grants_to_their_end"
down_revision = "0086_invited_anew"
branch_labels = None
depends_on = None

_COLUMNS = (
    "pool, lease_id, starts_at, unit, client_key, identity_id, device_id, group_key, ends_at,"
    " renews_s, lingers_s, released, borrowed, overdrawn, held"
)
_S_COLUMNS = ", ".join(f"s.{name}" for name in _COLUMNS.split(", "))
# As it was, but for {not_lent} and {or_lent}.
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
            and ({{or_lent}}now_at + make_interval(secs => s.renews_s)
                <= s.starts_at + make_interval(secs => longest_s))
        for update of s skip locked
    ), renewed as (
        update leased_session s
        set ends_at = {{not_lent}}greatest(s.ends_at, least(
            now_at + make_interval(secs => s.renews_s), s.starts_at + make_interval(secs => longest_s)
        )){{end}}
        from mine
        where s.tenant_id = tenant and s.lease_id = mine.lease_id and s.starts_at = mine.starts_at
        returning {_S_COLUMNS}
    )
    select json_agg(r) into stretches from renewed r;
    return coalesce(stretches, '[]');
end $$
"""


def upgrade() -> None:
    """The previous release runs on it as well: it shows what it is told."""
    op.execute(
        _RENEW.format(or_lent="s.borrowed or ", not_lent="case when s.borrowed then s.ends_at else ", end=" end")
    )


def downgrade() -> None:
    """Hold them on."""
    op.execute(_RENEW.format(or_lent="", not_lent="", end=""))
