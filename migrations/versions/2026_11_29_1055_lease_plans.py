"""The hot lane's functions keep one plan each, and find the rows of leases by their key however few there are.

Left to itself the planner made a new plan at each call, because a list of seven leases looks cheaper
than a list of any length; and it read the whole table for an update of seven rows, because it takes
JSON to hold a hundred. Both cost a flight several times what it does.
"""

from alembic import op

revision = "0067_lease_plans"
down_revision = "0066_lease_units"
branch_labels = None
depends_on = None

_CALLS = ("lease_look(json)", "lease_put(json)", "lease_renew(json)", "entitlement_look(json)")
_SETTINGS = ("plan_cache_mode", "enable_seqscan")
_COLUMNS = (
    "pool, lease_id, starts_at, unit, client_key, identity_id, device_id, group_key, ends_at,"
    " renews_s, lingers_s, released, borrowed, overdrawn, held"
)
_CLOCK = """
create or replace function licence_clock(test_clock uuid, ahead_s double precision) returns timestamptz
language plpgsql as $$
begin
    if test_clock is null then
        return clock_timestamp() + make_interval(secs => ahead_s);
    end if;
    return coalesce(
        (select now_at from test_clock t where t.id = test_clock), clock_timestamp() + make_interval(secs => ahead_s)
    );
end $$
"""
# As it was, but for the first statement, which names the leases once more.
_PUT = f"""
create or replace function lease_put(given json) returns void language plpgsql as $$
declare
    tenant uuid; now_at timestamptz; changed json; begun json; denied json; counts json; leases uuid[];
begin
    select g.* into strict tenant, now_at, changed, begun, denied, counts from json_to_record(given) as g (
        tenant uuid, now timestamptz, changed json, begun json, denied json, counts json
    );
    perform set_config('app.tenant_id', tenant::text, true);
    if json_array_length(changed) > 0 then
        leases := array(select (one ->> 'lease_id')::uuid from json_array_elements(changed) one);
        update leased_session s set ends_at = n.ends_at, released = n.released, held = n.held
        from json_to_recordset(changed) as n (
            lease_id uuid, starts_at timestamptz, ends_at timestamptz, released boolean, held boolean
        )
        where s.tenant_id = tenant and s.lease_id = any(leases)
            and s.lease_id = n.lease_id and s.starts_at = n.starts_at;
    end if;
    if json_array_length(begun) > 0 then
        insert into leased_session (tenant_id, {_COLUMNS})
        select tenant, n.* from json_to_recordset(begun) as n (
            pool text, lease_id uuid, starts_at timestamptz, unit text, client_key text, identity_id bigint,
            device_id text, group_key text, ends_at timestamptz, renews_s int, lingers_s int, released boolean,
            borrowed boolean, overdrawn boolean, held boolean
        );
    end if;
    if json_array_length(denied) > 0 then
        insert into denial (tenant_id, id, pool, at, identity_id, client_key, group_key, reason, in_use, seats)
        select tenant, n.id, n.pool, now_at, n.identity_id, n.client_key, n.group, n.reason, n.in_use, n.seats
        from json_to_recordset(denied) as n (
            id uuid, pool text, identity_id bigint, client_key text, "group" text, reason text, in_use int, seats int
        );
    end if;
    update floating_pool p set in_use = n.in_use, clock_at = now_at,
        ceiling = greatest(n.capacity, least(p.ceiling, n.in_use))
    from json_to_recordset(counts) as n (key text, in_use int, capacity int)
    where p.tenant_id = tenant and p.key = n.key;
end $$
"""


def upgrade() -> None:
    """The previous release runs on it as well."""
    op.execute(_CLOCK)
    op.execute(_PUT)
    for call in _CALLS:
        op.execute(f"alter function {call} set plan_cache_mode = force_generic_plan")
        op.execute(f"alter function {call} set enable_seqscan = off")


def downgrade() -> None:
    """Let the planner choose; the functions say the same."""
    for call in _CALLS:
        for setting in _SETTINGS:
            op.execute(f"alter function {call} reset {setting}")
