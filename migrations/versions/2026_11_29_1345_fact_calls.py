"""A flight of few facts is one call: what it must look at first, the rows, and the hours that count them.

It runs as whoever calls it, under row-level security, for the tenant that it is given. Each of its
statements keeps one plan: left to itself the planner makes a new one for each length of a list.
"""

from alembic import op

from core.db import INGEST

revision = "0072_fact_calls"
down_revision = "0071_erasure_reaches"
branch_labels = None
depends_on = None

# Keys come sorted, so that two flights never wait for each other in a ring; so do hours. Each statement
# sees what was committed before it began: first the locks, then what they guard.
_PUT = """
create function facts_put(
    tenant uuid, vendor uuid, meters uuid[], keys uuid[], times timestamptz[], accepted timestamptz[], types int[],
    sources int[], identities bigint[], attributes jsonb[], hashes bytea[], bodies bytea[]
) returns bytea language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_nestloop = off as $$
declare
    fresh uuid[]; missing uuid[]; known bytea := '';
begin
    if meters is not null then
        perform set_config('app.tenant_id', tenant::text, true),
            pg_advisory_xact_lock_shared(hashtextextended(tenant::text, 2)),
            pg_advisory_xact_lock_shared(hashtextextended(vendor::text, 2));
        if meters <> array(select v.id from meter_version v where v.tenant_id in (tenant, vendor) order by v.id)
            or exists (
                select from fact_archive a
                where a.tenant_id = tenant and a.status <> 'restored'
                    and a.ends_at > (select min(t) from unnest(times) as t)
                    and a.starts_at <= (select max(t) from unnest(times) as t)
            ) then
            return null;
        end if;
    end if;

    with made as (
        insert into fact_key (tenant_id, event_key, content_hash, accepted_at)
        select tenant, g.* from unnest(keys, hashes, accepted) as g
        on conflict do nothing
        returning event_key
    )
    select array_agg(event_key) into fresh from made;
    if fresh is null or cardinality(fresh) < cardinality(keys) then
        missing := array(select unnest(keys) except all select unnest(fresh));
        select coalesce(string_agg(uuid_send(k.event_key) || k.content_hash, ''), '') into known
        from fact_key k where k.tenant_id = tenant and k.event_key = any(missing);
        select array_agg(g.event_key), array_agg(g.occurred_at), array_agg(g.accepted_at), array_agg(g.type_id),
            array_agg(g.source_id), array_agg(g.identity_id), array_agg(g.attributes), array_agg(g.body)
        into keys, times, accepted, types, sources, identities, attributes, bodies
        from unnest(keys, times, accepted, types, sources, identities, attributes, bodies)
            as g (event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes, body)
        join unnest(fresh) as f (event_key) using (event_key);
    end if;
    if fresh is null then
        return known;
    end if;

    insert into fact (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
    select tenant, g.* from unnest(keys, times, accepted, types, sources, identities, attributes) as g;
    insert into fact_body (tenant_id, event_key, accepted_at, body)
    select tenant, g.* from unnest(keys, accepted, bodies) as g;
    if meters is not null then
        insert into usage_hour (tenant_id, type_id, hour, slot, facts)
        select tenant, g.type_id, date_bin('1 hour', g.occurred_at, timestamptz '2000-01-01 00:00+00'),
            pg_backend_pid() % 32, count(*)
        from unnest(types, times) as g (type_id, occurred_at)
        group by 2, 3 order by 2, 3
        on conflict (tenant_id, type_id, hour, slot) do update set facts = usage_hour.facts + excluded.facts;
    end if;
    return known;
end $$
"""
_NAME = (
    "facts_put(uuid, uuid, uuid[], uuid[], timestamptz[], timestamptz[], int[], int[], bigint[], jsonb[], bytea[],"
    " bytea[])"
)


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute(_PUT)
    op.execute(f"revoke execute on function {_NAME} from public")
    op.execute(f"grant execute on function {_NAME} to {INGEST}")


def downgrade() -> None:
    """Undo the expansion."""
    op.execute(f"drop function {_NAME}")
