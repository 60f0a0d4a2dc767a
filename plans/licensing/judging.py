"""Which denials were true ones: the same statement where they are counted, and where they are folded."""

__all__ = ("JUDGED",)

# One pass over denials and grants in order of time, not a search for each denial: a storm at the door of a full
# pool makes thousands of both within minutes. Who is behind each is asked by key and not joined: of a customer who
# is new to its statistics the planner expects one row, and would read all of the others for each identity.
JUDGED = """
    spans as (
        select tenant_id, pool, min(at) as since, max(at) + cast(:soon as interval) as until
        from denied group by tenant_id, pool
    ), met as (
        select tenant_id, pool, at, identity_id, group_key, reason, false as let_in from denied
        union all
        select s.tenant_id, s.pool, s.starts_at, s.identity_id, '', '', true
        from spans join leased_session s on s.tenant_id = spans.tenant_id and s.pool = spans.pool
            and s.starts_at >= spans.since and s.starts_at < spans.until
    ), placed as (
        select m.*, coalesce(
            (select l.person_id from identity_link l where l.tenant_id = m.tenant_id and l.identity_id = m.identity_id
             order by l.recorded_at desc limit 1),
            (select i.home_person_id from identity i where i.tenant_id = m.tenant_id and i.id = m.identity_id)
        ) as person_id
        from met m
    ), followed as (
        select p.*, min(p.at) filter (where p.let_in) over (
            partition by p.tenant_id, p.pool, p.person_id order by p.at desc
        ) as let_in_at
        from placed p
    ), judged as (
        select tenant_id, pool, at, group_key, reason,
            let_in_at is null or let_in_at >= at + cast(:soon as interval) as alone
        from followed where not let_in
    )
"""
"""Common table expressions after one of the name `denied` (tenant_id, pool, at, identity_id, group_key, reason).

`judged` has each of its rows with `alone`: no grant in that pool to the same person came within `:soon` after it.
"""
