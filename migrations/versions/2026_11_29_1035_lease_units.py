"""A flight looks at all that is held by the units behind its client keys, not at the keys' own stretches alone."""

from alembic import op

revision = "0066_lease_units"
down_revision = "0065_lease_calls"
branch_labels = None
depends_on = None

_COLUMNS = (
    "pool, lease_id, starts_at, unit, client_key, identity_id, device_id, group_key, ends_at,"
    " renews_s, lingers_s, released, borrowed, overdrawn, held"
)
_S_COLUMNS = ", ".join(f"s.{name}" for name in _COLUMNS.split(", "))

# As it was, but for the last statement.
_LOOK = f"""
create or replace function lease_look(asked json) returns json language plpgsql as $$
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
        'counted', coalesce(counted, '[]'), 'gone', coalesce(gone, '[]'), 'stretches', coalesce(stretches, '[]')
    );
end $$
"""


def upgrade() -> None:
    """The previous release runs on it as well: it asks the same and is told more."""
    op.execute(_LOOK)


def downgrade() -> None:
    """Nothing: the function before counted wrongly, and its callers cannot tell the two apart."""
