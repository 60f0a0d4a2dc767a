"""A tenant-year of facts of every kind that the catalogue's meters read, in one statement."""

from uuid import UUID

import psycopg

from bench.facts_table import count_hours

__all__ = ("EVENTS", "fill_year")

EVENTS = 1_000_000
PEOPLE = 10_000
TYPES = (
    "activity.performed", "contribution.created", "course.launched", "course.enrolled", "session.started",
    "session.ended", "membership.opened", "seat.assigned",
)  # fmt: skip
# Of a hundred facts 62 are acts, 8 contributions, 6 launches, 4 enrolments, 10 sessions that begin and 10 that end.
_FACTS = """
    with types as (
        select value, id from symbol where tenant_id = %(tenant)s and kind = 'type'
    ), made as (
        select n, timestamptz '2025-01-01Z' + n * (interval '364 days' / %(events)s) as at,
               1 + mod(n * 7919, %(people)s) as person,
               case when n <= %(people)s then 'membership.opened'
                    when n <= %(people)s * 3 / 2 then 'seat.assigned'
                    when mod(n, 100) < 62 then 'activity.performed'
                    when mod(n, 100) < 70 then 'contribution.created'
                    when mod(n, 100) < 76 then 'course.launched'
                    when mod(n, 100) < 80 then 'course.enrolled'
                    when mod(n, 100) < 90 then 'session.started'
                    else 'session.ended' end as type
        from generate_series(1::bigint, %(events)s::bigint) n
    ), whole as (
        select *, case when type = 'session.ended' then n - 10 else n end as session,
               case when type = 'session.ended' then 1 + mod((n - 10) * 7919, %(people)s) else person end as who
        from made
    )
    insert into fact (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
    select %(tenant)s, md5('year' || n || %(tenant)s)::uuid,
           case when type = 'membership.opened' or type = 'seat.assigned' then timestamptz '2025-01-01Z'
                when type = 'session.ended' then at + mod(n, 40) * interval '1 minute' else at end,
           at, types.id, (select id from symbol where tenant_id = %(tenant)s and kind = 'source'), who,
           case when type = 'contribution.created' then jsonb_build_object('kind', 'post', 'object_id', n::text)
                when type like 'course.%%' then
                    jsonb_build_object('course_id', 'c-' || mod(n, 90), 'course_type',
                                       case when type = 'course.enrolled' then 'ilt' else 'wbt' end,
                                       'class_id', 'k-' || n)
                when type like 'session.%%' then jsonb_build_object('session_id', session::text)
                when type = 'membership.opened' then jsonb_build_object('community_id', 'all')
                when type = 'seat.assigned' then jsonb_build_object('pool', 'main')
                else jsonb_build_object('verb', 'viewed', 'object_type', 'page', 'object_id', 'p-' || mod(n, 500)) end
    from whole join types on types.value = whole.type
"""
_PEOPLE = """
    insert into person (tenant_id, id, active_from)
    select %(tenant)s, md5('who' || n || %(tenant)s)::uuid, timestamptz '2025-01-01Z'
    from generate_series(1, %(people)s) n
"""
_IDENTITIES = """
    insert into identity (tenant_id, id, scheme, key, home_person_id, created_at)
    overriding system value
    select %(tenant)s, n, 'year', 'year-' || n, md5('who' || n || %(tenant)s)::uuid, timestamptz '2025-01-01Z'
    from generate_series(1, %(people)s) n
"""


def fill_year(database_url: str, tenant_id: UUID, events: int) -> None:
    """Give a tenant a year of that many facts of 10,000 people, 2025 in UTC."""
    values = {"tenant": tenant_id, "events": events, "people": PEOPLE}
    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = [("type", name) for name in TYPES] + [("source", "https://suite.example/")]
        for kind, value in rows:
            connection.execute(
                "insert into symbol (tenant_id, kind, value) values (%s, %s, %s) on conflict do nothing",
                (tenant_id, kind, value),
            )
        for statement in (_PEOPLE, _IDENTITIES, _FACTS):
            connection.execute(statement, values)
        count_hours(connection, [tenant_id])
        connection.execute("vacuum analyze fact, usage_hour")
