"""What usage costs to read: a month by day and cost centre, and its active members, beside the same from the facts."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.facts_table import count_hours
from bench.figures import Figure, Goal, ratio_of
from bench.stand import Stand
from core.db import conninfo
from core.periods import Period, days_of
from core.scope import TenantScope
from metering.reads import Measuring, Reading, days
from tenants.reads import TenantView

__all__ = ("ROW", "measure")

ROW = "usage"
_RUNS = 5
_IN_MEMORY = 2_000_000
"""Facts that a figure is measured from without folding: each takes some 730 bytes of this process."""
_CENTRES = 40
_PEOPLE_COUNT = 10_000
_PEOPLE = """
    with people as (
        insert into person (tenant_id, id, active_from)
        select %(tenant)s, gen_random_uuid(), now() from generate_series(1, %(people)s) returning id
    ), numbered as (select id, row_number() over () as number from people), known as (
        insert into identity (tenant_id, scheme, key, home_person_id, created_at)
        select %(tenant)s, 'subject', 'p-' || number, id, now() from numbered order by number
    )
    insert into assignment (tenant_id, person_id, valid_from, recorded_at, cost_centre, weight)
    select %(tenant)s, id, date '2020-01-01', now(), 'CC-' || mod(number, %(centres)s), 1 from numbered
"""
_FACTS = """
    with kinds as (
        insert into symbol (tenant_id, kind, value) values (%(tenant)s, 'type', 'activity.performed'),
            (%(tenant)s, 'type', 'course.launched'), (%(tenant)s, 'source', 'suite') returning id, kind
    ), ids as (select array_agg(id) filter (where kind = 'type') types, max(id) filter (where kind = 'source') source
               from kinds)
    insert into fact (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
    select %(tenant)s, gen_random_uuid(), at, at, types[1 + mod(n, 2)], source,
           %(first)s + (random() * (%(people)s - 1))::bigint,
           jsonb_build_object('course_id', 'c-' || mod(n, 90), 'course_type', 'wbt')
    from ids, (select n, %(since)s + n * ((%(until)s - %(since)s) / %(rows)s) as at
               from generate_series(0, %(rows)s - 1) n) numbered
"""
_RAW = """
    select {what}, count(distinct i.home_person_id)
    from fact f join identity i on i.tenant_id = f.tenant_id and i.id = f.identity_id
    left join assignment a on a.tenant_id = f.tenant_id and a.person_id = i.home_person_id
    where f.tenant_id = %(tenant)s and f.occurred_at >= %(since)s and f.occurred_at < %(until)s
      and f.type_id in (select id from symbol where tenant_id = %(tenant)s and kind = 'type')
    group by 1
"""

Call = Callable[[Measuring], object]


def measure(stand: Stand) -> list[Figure]:
    """Read a month as pages do: kept, from folded days, and from the facts; the sums must be the same."""
    rows, month = stand.options.rows, _month()
    tenant = stand.world.tenant("large", time_zone="UTC")
    given = {"tenant": tenant.id, "centres": _CENTRES, "people": _PEOPLE_COUNT, "rows": rows}
    with psycopg.connect(conninfo(stand.database_url, None), autocommit=True) as admin:
        admin.execute(_PEOPLE, given)
        first = admin.execute("select min(id) from identity where tenant_id = %(tenant)s", given).fetchone()
        assert first is not None
        admin.execute(_FACTS, {**given, "first": first[0], "since": month.starts_at, "until": month.ends_at})
        count_hours(admin, [tenant.id])
        admin.execute("vacuum analyze person, identity, assignment, usage_hour, fact, symbol")
    parts = [part for _, part in days_of(month, tenant.tz)]
    by_centre: Call = lambda m: m.parts("members.active", "cost_centre", parts)  # noqa: E731
    active: Call = lambda m: m.figures("members.active", [month])  # noqa: E731
    raw_day = _RAW.format(what="(date_trunc('day', f.occurred_at, 'UTC'), a.cost_centre)")
    raw_month = _RAW.format(what="1").replace("group by 1", "group by ()")
    return [
        _figure((stand, tenant), f"month by day and cost centre, {rows:,} facts", by_centre, raw_day, month),
        _figure((stand, tenant), f"active members of a month, {rows:,} facts", active, raw_month, month),
    ]


def _month() -> Period:
    first = date(datetime.now(UTC).year, datetime.now(UTC).month, 1)
    start = datetime.combine((first - timedelta(days=1)).replace(day=1), datetime.min.time(), UTC)
    return Period(start, datetime.combine(first, datetime.min.time(), UTC))


def _figure(place: tuple[Stand, TenantView], name: str, call: Call, raw: str, month: Period) -> Figure:
    (stand, tenant), worth = place, days.WORTH_FOLDING
    facts_s, from_facts = None, None
    if stand.options.rows <= _IN_MEMORY:
        facts_s, from_facts = _timed((stand, tenant), call, worth=10**9)
        _forget(stand)
    folding_s, from_folds = _timed((stand, tenant), call, worth=0)
    _forget(stand, folds=False)
    folded_s, again = _timed((stand, tenant), call, worth=0)
    kept_s, kept = _timed((stand, tenant), call, worth=worth)
    assert from_facts in (from_folds, None), "one figure, however it is read"
    assert from_folds == again == kept, "one figure, however it is read"
    anew = "from facts not read, they are too many for memory" if facts_s is None else f"from facts {facts_s:,.2f} s"
    statements = _recorded((stand, tenant), call)
    given = {"tenant": tenant.id, "since": month.starts_at, "until": month.ends_at}
    told, yardsticks = [], []
    with psycopg.connect(conninfo(stand.database_url, None)) as connection:
        for _ in range(_RUNS):
            told.append(sum(_server_ms(connection, statement, values) for statement, values in statements))
            yardsticks.append(_server_ms(connection, raw, given))
    with psycopg.connect(conninfo(stand.database_url, None)) as connection:
        single = [(_server_ms(connection, *statement), statement[0]) for statement in statements]
    slowest = [f"{ms:.2g} ms: {' '.join(text.split())[:90]}" for ms, text in sorted(single, reverse=True)[:3]]
    ratio = ratio_of(yardsticks, told)
    return Figure(
        name, median(told), "ms", median(yardsticks), "the same question to the facts in SQL, in the server",
        ratio, Goal(100),
        [f"all in the server: {median(told):.3g} ms, goal ≤ 20 ms {'met' if median(told) <= 20 else 'MISSED'}",
         f"{len(statements)} statements",
         f"with Python: kept {kept_s * 1e3:,.0f} ms, from folded days {folded_s * 1e3:,.0f} ms",
         f"the first time: folding {folding_s:,.2f} s, {anew}",
         *slowest],
    )  # fmt: skip


def _timed(place: tuple[Stand, TenantView], call: Call, *, worth: int) -> tuple[float, Any]:
    stand, tenant = place
    before, days.WORTH_FOLDING = days.WORTH_FOLDING, worth
    try:
        with stand.db.begin(TenantScope(tenant.id)) as session:
            begun = perf_counter()
            found = call(Measuring(session, tenant, Reading(now=datetime.now(UTC))))
            return perf_counter() - begun, found
    finally:
        days.WORTH_FOLDING = before


def _forget(stand: Stand, *, folds: bool = True) -> None:
    with psycopg.connect(conninfo(stand.database_url, None), autocommit=True) as admin:
        admin.execute("truncate kept_figure")
        if folds:
            admin.execute("truncate usage_fold, usage_day")
        admin.execute("vacuum analyze usage_day, usage_fold, kept_figure")


def _recorded(place: tuple[Stand, TenantView], call: Call) -> Sequence[tuple[str, Any]]:
    """Return the statements that the read sends where all is kept."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().lower().startswith(("select", "with")):
            sent.append((statement, parameters))

    engine: Engine = place[0].db.app
    event.listen(engine, "before_cursor_execute", note)
    try:
        _timed(place, call, worth=days.WORTH_FOLDING)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sent


def _server_ms(connection: psycopg.Connection[Any], statement: str, parameters: Any) -> float:
    """Return planning and execution as the server measures them."""
    row = connection.execute(f"explain (analyze, timing off, format json) {statement}", parameters).fetchone()
    assert row is not None
    (plan,) = row[0]
    return float(plan["Planning Time"] + plan["Execution Time"])
