"""What counts once in a pool is the person, by whatever name the client calls them, as it is on the bill.

The unit of a stretch named the identity until now: somebody with two names took two seats. It names the person
from now on; a flight is told who is who in the call that it makes anyway, and where identities are found to be
somebody else (a merge, an unmerge, an external id that two have), what they hold is counted anew at once,
whoever writes the link.
"""

from alembic import op

from core.db import APP, INGEST

revision = "0073_lease_people"
down_revision = "0072_fact_calls"
branch_labels = None
depends_on = None

_COLUMNS = (
    "pool, lease_id, starts_at, unit, client_key, identity_id, device_id, group_key, ends_at,"
    " renews_s, lingers_s, released, borrowed, overdrawn, held"
)
_S_COLUMNS = ", ".join(f"s.{name}" for name in _COLUMNS.split(", "))
_TABLES = ("leased_session", "floating_pool", "identity", "identity_link")

# As `metering.leases.unit_of` says it.
_UNIT = """
create function lease_unit(count_by text, person uuid, device text, client_key text) returns text
language sql immutable as $$
    select case count_by
        when 'person' then person::text
        when 'person_device' then person::text || '/' || coalesce(nullif(device, ''), '/' || client_key)
        else '/' || client_key
    end
$$
"""

# As it was, but for who is who.
_LOOK = f"""
create or replace function lease_look(asked json) returns json language plpgsql as $$
declare
    tenant uuid; test_clock uuid; ahead_s double precision;
    pools text[]; wanting json; beats int; borrows boolean;
    leases uuid[]; identities bigint[]; units text[]; keys text[]; wishes json;
    rules json; named text[]; crowded text[]; now_at timestamptz; counted json; people json; gone json; wanted text[];
    stretches json;
begin
    select a.* into strict
        tenant, test_clock, ahead_s, pools, wanting, beats, borrows, leases, identities, units, keys, wishes
    from json_to_record(asked) as a (
        tenant uuid, test_clock uuid, ahead_s double precision, pools text[], wanting json, beats int, borrows boolean,
        leases uuid[], identities bigint[], units text[], keys text[], wishes json
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

    -- Who is who, and who has left. Whoever leaves, or is found to be somebody else, at the same moment has
    -- that done to their leases under the pools' lock: it is seen here, or their new lease there.
    with who as materialized (
        select i.id, coalesce(l.person_id, i.home_person_id) as person_id from identity i
        left join lateral (
            select l.person_id from identity_link l where l.tenant_id = i.tenant_id and l.identity_id = i.id
            order by l.recorded_at desc limit 1
        ) l on true
        where i.tenant_id = tenant and i.id = any(array(
            select unnest(identities)
            union select s.identity_id from leased_session s where s.tenant_id = tenant and s.lease_id = any(leases)
            union select s.identity_id from leased_session s
            where s.tenant_id = tenant and s.pool = any(named) and s.held and s.client_key = any(keys)
        ))
    )
    select json_object_agg(w.id, w.person_id), json_agg(w.id) filter (where p.active_to <= now_at), array(
        select lease_unit(r.count_by, o.person_id, n.device, n.client_key)
        from json_to_recordset(wishes) as n (pool text, identity_id bigint, device text, client_key text)
        join json_to_recordset(rules) as r (key text, count_by text) on r.key = n.pool
        join who o on o.id = n.identity_id
    ) into people, gone, wanted
    from who w join person p on p.tenant_id = tenant and p.id = w.person_id;
    units := units || wanted;
    -- What comes back takes the seat of its person, who may be another by now than when it was held.
    if beats > 0 then
        units := units || array(
            select lease_unit(r.count_by, (people ->> s.identity_id::text)::uuid, s.device_id, s.client_key)
            from leased_session s join json_to_recordset(rules) as r (key text, count_by text) on r.key = s.pool
            where s.tenant_id = tenant and s.lease_id = any(leases)
        );
    end if;

    -- All stretches of the leases, and all that is held by the units that are named, or that hold what is
    -- held under the client keys: who takes a seat over by its key ends a stretch of another unit, and
    -- whether that unit still sits elsewhere decides what the counter loses.
    select json_agg(n) into stretches from (
        with mine as (
            select pool, unit, client_key from leased_session s where s.tenant_id = tenant and s.lease_id = any(leases)
        ), keyed as (
            select s.pool, s.unit from leased_session s
            where s.tenant_id = tenant and s.pool = any(named) and s.held and s.client_key = any(keys)
            union
            select s.pool, s.unit from mine join leased_session s
              on s.tenant_id = tenant and s.pool = mine.pool and s.client_key = mine.client_key and s.held
            union
            select pool, unit from mine
        )
        select {_S_COLUMNS} from leased_session s
        where s.tenant_id = tenant and s.pool = any(named) and s.held and s.unit = any(units)
        union
        select {_S_COLUMNS} from leased_session s where s.tenant_id = tenant and s.lease_id = any(leases)
        union
        select {_S_COLUMNS} from keyed join leased_session s
          on s.tenant_id = tenant and s.pool = keyed.pool and s.unit = keyed.unit and s.held
    ) n;

    return json_build_object(
        'now', now_at, 'pools', coalesce(rules, '[]'), 'crowded', coalesce(crowded, array[]::text[]),
        'counted', coalesce(counted, '[]'), 'people', coalesce(people, '{{}}'), 'gone', coalesce(gone, '[]'),
        'stretches', coalesce(stretches, '[]')
    );
end $$
"""

# A seat is one group's: that of who had it first. Nobody is put out where one seat becomes two: the pool drains.
_FOLLOW = """
create function lease_units_follow(tenant uuid, moved bigint[]) returns void language plpgsql as $$
declare
    now_at timestamptz;
begin
    -- All of them: who is let in at this moment is decided before that, or sees who is who from now on.
    perform from floating_pool p where p.tenant_id = tenant order by p.key for update;
    if not found then
        return;
    end if;
    update leased_session s set unit = lease_unit(p.count_by, coalesce(l.person_id, i.home_person_id), s.device_id,
        s.client_key)
    from floating_pool p, identity i
    left join lateral (
        select l.person_id from identity_link l where l.tenant_id = i.tenant_id and l.identity_id = i.id
        order by l.recorded_at desc limit 1
    ) l on true
    where s.tenant_id = tenant and s.held and s.identity_id = any(moved)
        and p.tenant_id = tenant and p.key = s.pool and p.count_by <> 'session'
        and i.tenant_id = tenant and i.id = s.identity_id;
    select greatest(max(p.clock_at), licence_clock((select t.test_clock_id from tenant t where t.id = tenant), 0))
    into now_at from floating_pool p where p.tenant_id = tenant;
    update leased_session s set group_key = f.group_key
    from (
        select distinct on (h.pool, h.unit) h.pool, h.unit, h.group_key from leased_session h
        where h.tenant_id = tenant and h.held
        order by h.pool, h.unit, h.ends_at + make_interval(secs => h.lingers_s) <= now_at, h.starts_at, h.lease_id
    ) f
    where s.tenant_id = tenant and s.held and s.pool = f.pool and s.unit = f.unit and s.group_key <> f.group_key;
    update floating_pool p set in_use = n.held, ceiling = greatest(n.held, case
        when p.mode = 'soft' then 2000000000
        when p.mode = 'hard' then p.seats
        when p.overdraft > 0 then p.seats + p.overdraft
        else p.seats + ceil(p.seats * p.overdraft_percent / 100.0)
    end)
    from (
        select q.key, (
            select count(distinct s.unit) from leased_session s where s.tenant_id = tenant and s.pool = q.key and s.held
        ) as held
        from floating_pool q where q.tenant_id = tenant
    ) n
    where p.tenant_id = tenant and p.key = n.key and p.in_use <> n.held;
end $$
"""
# At the commit, so that the pools are held for a moment only, whatever else the transaction takes its time for.
_LINKED = """
create function leases_follow_link() returns trigger language plpgsql as $$
begin
    perform lease_units_follow(new.tenant_id, array[new.identity_id]);
    return null;
end $$
"""
_TRIGGER = """
create constraint trigger leases_follow_link after insert on identity_link deferrable initially deferred
for each row execute function leases_follow_link()
"""
# Of what is over, too, what was open beside something that is held: how full a pool was stays what it was.
_ANEW = """
update leased_session s
set unit = lease_unit(p.count_by, coalesce(
    (select l.person_id from identity_link l where l.tenant_id = i.tenant_id and l.identity_id = i.id
     order by l.recorded_at desc limit 1), i.home_person_id), s.device_id, s.client_key)
from floating_pool p, identity i
where p.tenant_id = s.tenant_id and p.key = s.pool and p.count_by <> 'session'
    and i.tenant_id = s.tenant_id and i.id = s.identity_id
    and (s.held or s.ends_at > clock_timestamp() - interval '8 days')
"""
_CALLS = (
    "lease_unit(text, uuid, text, text)",
    "lease_units_follow(uuid, bigint[])",
)


def upgrade() -> None:
    """The previous release runs on it as well; until it is gone it may count one person twice, as it did."""
    op.execute("set local lock_timeout = '4s'")
    for statement in (_UNIT, _LOOK, _FOLLOW, _LINKED, _TRIGGER):
        op.execute(statement)
    for call in _CALLS:
        op.execute(f"revoke execute on function {call} from public")
        op.execute(f"grant execute on function {call} to {APP}, {INGEST}")
    op.execute(f"grant execute on function licence_clock(uuid, double precision) to {INGEST}")
    op.execute(f"grant update (unit, group_key) on leased_session to {APP}, {INGEST}")
    op.execute(f"grant update (in_use, ceiling) on floating_pool to {INGEST}")
    op.execute(f"grant select on leased_session, floating_pool to {INGEST}")
    for table in _TABLES:
        op.execute(f"alter table {table} no force row level security")
    op.execute(_ANEW)
    op.execute("select lease_units_follow(t.tenant_id, '{}') from (select distinct tenant_id from floating_pool) t")
    for table in _TABLES:
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Follow nobody any more. What a flight asks stays: the function before told less, of people nothing."""
    op.execute("drop trigger leases_follow_link on identity_link")
    op.execute("drop function leases_follow_link()")
    op.execute("drop function lease_units_follow(uuid, bigint[])")
    op.execute(f"revoke select on leased_session, floating_pool from {INGEST}")
    op.execute(f"revoke update (in_use, ceiling) on floating_pool from {INGEST}")
    op.execute(f"revoke update (unit, group_key) on leased_session from {APP}, {INGEST}")
