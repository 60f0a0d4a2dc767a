"""What the hot lane of licences asks and writes, a function a flight: one round trip instead of many.

They run as whoever calls them, under row-level security, for the tenant that they are given; what
they return is JSON. Decisions stay in plain code (`plans.licensing.floating`, `plans.entitlements`).
"""

from alembic import op

from core.db import APP

revision = "0065_lease_calls"
down_revision = "0064_erasure"
branch_labels = None
depends_on = None

_COLUMNS = (
    "pool, lease_id, starts_at, unit, client_key, identity_id, device_id, group_key, ends_at,"
    " renews_s, lingers_s, released, borrowed, overdrawn, held"
)
_S_COLUMNS = ", ".join(f"s.{name}" for name in _COLUMNS.split(", "))

_CLOCK = """
create function licence_clock(test_clock uuid, ahead_s double precision) returns timestamptz language sql as $$
    select coalesce(
        (select now_at from test_clock t where t.id = test_clock), clock_timestamp() + make_interval(secs => ahead_s)
    )
$$
"""

# Each statement sees what was committed before it began: the pools are locked, then the rest is read.
_LOOK = f"""
create function lease_look(asked json) returns json language plpgsql as $$
declare
    tenant uuid; test_clock uuid; ahead_s double precision;
    pools text[]; wanting json; beats int; borrows boolean;
    leases uuid[]; identities bigint[]; units text[]; keys text[];
    rules json; named text[]; crowded text[]; now_at timestamptz; counted json; gone json; stretches json;
begin
    select a.* into strict
        tenant, test_clock, ahead_s, pools, wanting, beats, borrows, leases, identities, units, keys
    from json_to_record(asked) as a (
        tenant uuid, test_clock uuid, ahead_s double precision, pools text[], wanting json, beats int, borrows boolean,
        leases uuid[], identities bigint[], units text[], keys text[]
    );
    perform set_config('app.tenant_id', tenant::text, true);

    -- Crowded is where somebody could be denied, so that what has ended must be looked at first.
    select json_agg(p), array_agg(p.key), max(p.clock_at), array_agg(p.key) filter (
        where borrows or p.shares <> '{{}}'
            or p.mode <> 'soft' and p.in_use + beats + coalesce((wanting ->> p.key)::int, 0) > p.seats
    ) into rules, named, now_at, crowded
    from (
        select key, mode, seats, overdraft, overdraft_percent, count_by, lease_s, linger_s, borrow_max_s,
            borrow_keep, shares, in_use, clock_at
        from floating_pool f
        where f.tenant_id = tenant and (f.key = any(pools) or f.key in (
            select s.pool from leased_session s where s.tenant_id = tenant and s.lease_id = any(leases)
        ))
        order by key for update
    ) p;
    now_at := greatest(now_at, licence_clock(test_clock, ahead_s));

    if crowded is not null then
        update leased_session s set held = false
        where s.tenant_id = tenant and s.pool = any(crowded) and s.held
            and s.ends_at + make_interval(secs => s.lingers_s) <= now_at;
        select json_agg(c) into counted from (
            select pool, group_key, count(distinct unit) as held,
                count(distinct unit) filter (where borrowed) as borrowed
            from leased_session s where s.tenant_id = tenant and s.pool = any(crowded) and s.held
            group by pool, group_key
        ) c;
    end if;

    -- Whoever leaves at the same moment ends their leases under the pools' lock: they are seen here, or
    -- their new lease there.
    select json_agg(i.id) into gone from identity i
    left join lateral (
        select l.person_id from identity_link l where l.tenant_id = i.tenant_id and l.identity_id = i.id
        order by l.recorded_at desc limit 1
    ) l on true
    join person p on p.tenant_id = i.tenant_id and p.id = coalesce(l.person_id, i.home_person_id)
    where i.tenant_id = tenant and p.active_to <= now_at and i.id = any(array(
        select unnest(identities)
        union select s.identity_id from leased_session s where s.tenant_id = tenant and s.lease_id = any(leases)
    ));

    -- All stretches of the leases, and what is held under the same units and client keys.
    select json_agg(n) into stretches from (
        select {_S_COLUMNS} from leased_session s
        where s.tenant_id = tenant and s.pool = any(named) and s.held and s.unit = any(units)
        union
        select {_S_COLUMNS} from leased_session s
        where s.tenant_id = tenant and s.pool = any(named) and s.held and s.client_key = any(keys)
        union
        select {_S_COLUMNS} from leased_session s where s.tenant_id = tenant and s.lease_id = any(leases)
        union
        select {_S_COLUMNS} from leased_session s join leased_session mine
          on mine.tenant_id = s.tenant_id and mine.pool = s.pool
            and (mine.unit = s.unit or mine.client_key = s.client_key)
        where s.tenant_id = tenant and s.held and mine.lease_id = any(leases)
    ) n;

    return json_build_object(
        'now', now_at, 'pools', coalesce(rules, '[]'), 'crowded', coalesce(crowded, array[]::text[]),
        'counted', coalesce(counted, '[]'), 'gone', coalesce(gone, '[]'), 'stretches', coalesce(stretches, '[]')
    );
end $$
"""

_PUT = f"""
create function lease_put(given json) returns void language plpgsql as $$
declare
    tenant uuid; now_at timestamptz; changed json; begun json; denied json; counts json;
begin
    select g.* into strict tenant, now_at, changed, begun, denied, counts from json_to_record(given) as g (
        tenant uuid, now timestamptz, changed json, begun json, denied json, counts json
    );
    perform set_config('app.tenant_id', tenant::text, true);
    if json_array_length(changed) > 0 then
        update leased_session s set ends_at = n.ends_at, released = n.released, held = n.held
        from json_to_recordset(changed) as n (
            lease_id uuid, starts_at timestamptz, ends_at timestamptz, released boolean, held boolean
        )
        where s.tenant_id = tenant and s.lease_id = n.lease_id and s.starts_at = n.starts_at;
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

# Who waits for nobody cannot be waited for in a ring; what is locked elsewhere goes the long way.
_RENEW = f"""
create function lease_renew(asked json) returns json language plpgsql as $$
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

_ENTITLED = """
create function entitlement_look(asked json) returns json language plpgsql as $$
declare
    tenant uuid; test_clock uuid; ahead_s double precision; features text[];
    now_at timestamptz; contracts json; crowded json; consumed json;
begin
    select a.* into strict tenant, test_clock, ahead_s, features from json_to_record(asked) as a (
        tenant uuid, test_clock uuid, ahead_s double precision, features text[]
    );
    perform set_config('app.tenant_id', tenant::text, true);
    now_at := licence_clock(test_clock, ahead_s);

    select json_agg(c order by c.feature, c.begins, c.contract, c.slot, c.starts_at) into contracts from (
        select f.feature, s.id as contract, s.starts_at as begins, s.ends_at as ends, i.slot, i.starts_at, i.ends_at,
            i.mode, coalesce(t.document, v.document) -> 'features' -> f.feature as said
        from unnest(features) as f (feature)
        cross join subscription s
        join subscription_item i on i.tenant_id = s.tenant_id and i.subscription_id = s.id
        join plan_version v on v.id = i.version_id
        left join subscription_terms t on t.tenant_id = i.tenant_id and t.id = i.terms_id
        where s.tenant_id = tenant
    ) c;

    select json_agg(p.key) into crowded from floating_pool p
    where p.tenant_id = tenant and p.key = any(features) and p.mode <> 'soft' and p.in_use >= p.seats
        + case when p.overdraft > 0 then p.overdraft else ceil(p.seats * p.overdraft_percent / 100.0) end
        and p.in_use <= (
            select count(distinct l.unit) from leased_session l
            where l.tenant_id = p.tenant_id and l.pool = p.key and l.held
              and l.ends_at + make_interval(secs => l.lingers_s) > now_at
        );

    select json_agg(q) into consumed from (
        select distinct on (u.feature) u.feature, u.starts_at, u.ends_at, u.used from quota u
        where u.tenant_id = tenant and u.feature = any(features) order by u.feature, u.starts_at desc
    ) q;

    return json_build_object(
        'now', now_at, 'contracts', coalesce(contracts, '[]'), 'full', coalesce(crowded, '[]'),
        'used', coalesce(consumed, '[]')
    );
end $$
"""

_CALLS = ("lease_look(json)", "lease_put(json)", "lease_renew(json)", "entitlement_look(json)")
_CLOCK_NAME = "licence_clock(uuid, double precision)"


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    for statement in (_CLOCK, _LOOK, _PUT, _RENEW, _ENTITLED):
        op.execute(statement)
    for call in (_CLOCK_NAME, *_CALLS):
        op.execute(f"revoke execute on function {call} from public")
        op.execute(f"grant execute on function {call} to {APP}")


def downgrade() -> None:
    """Undo the expansion."""
    for call in (*_CALLS, _CLOCK_NAME):
        op.execute(f"drop function {call}")
