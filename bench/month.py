"""A tenant with a month of usage (people in cost centres, facts of theirs), and how the product reads it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from bench.facts_table import count_hours
from bench.stand import Stand
from bench.statements import Statement, recorded
from core.db import conninfo
from core.periods import Period, days_of
from core.scope import TenantScope
from metering.reads import Measuring, Reading, days
from tenants.reads import TenantView

__all__ = (
    "Call",
    "Month",
    "by_centre",
    "fill_period",
    "forget",
    "month_of_usage",
    "statements_of",
    "timed",
    "ways_to_read",
)

_NEVER = 10**9
"""More facts than any day has: it is not folded."""
Call = Callable[[Measuring], object]
Month = tuple[TenantView, Period]

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


@cache
def month_of_usage(stand: Stand, rows: int) -> Month:
    """Make the tenant with that many facts, once a stand, and return it and its month."""
    month, tenant = _month(), stand.world.tenant(f"month-{rows}", time_zone="UTC")
    fill_period(stand, tenant, month, rows)
    return tenant, month


def fill_period(stand: Stand, tenant: TenantView, period: Period, rows: int) -> None:
    """Give a new tenant its people in cost centres, and that many facts of theirs, spread evenly over a period."""
    given = {"tenant": tenant.id, "centres": _CENTRES, "people": _PEOPLE_COUNT, "rows": rows}
    with psycopg.connect(conninfo(stand.database_url, None), autocommit=True) as admin:
        admin.execute(_PEOPLE, given)
        first = admin.execute("select min(id) from identity where tenant_id = %(tenant)s", given).fetchone()
        assert first is not None
        admin.execute(_FACTS, {**given, "first": first[0], "since": period.starts_at, "until": period.ends_at})
        count_hours(admin, [tenant.id])
        admin.execute("vacuum analyze person, identity, assignment, usage_hour, fact, symbol")


def _month() -> Period:
    first = date(datetime.now(UTC).year, datetime.now(UTC).month, 1)
    start = datetime.combine((first - timedelta(days=1)).replace(day=1), datetime.min.time(), UTC)
    return Period(start, datetime.combine(first, datetime.min.time(), UTC))


def by_centre(month: Month) -> Call:
    """Return the call that pages make: active members of each day, by cost centre."""
    tenant, period = month
    parts = [part for _, part in days_of(period, tenant.tz)]
    return lambda measuring: measuring.parts("members.active", "cost_centre", parts)


def timed(stand: Stand, tenant: TenantView, call: Call, *, worth: int = days.WORTH_FOLDING) -> tuple[float, Any]:
    """Return the seconds that a call takes in a transaction of its own, and its answer.

    Args:
        stand: where.
        tenant: whose usage.
        call: what is asked.
        worth: from how many facts on days are folded: 0 always, very many never.
    """
    with stand.db.begin(TenantScope(tenant.id)) as session:
        begun = perf_counter()
        found = _asked(session, tenant, call, worth)
        return perf_counter() - begun, found


def statements_of(stand: Stand, tenant: TenantView, call: Call, *, worth: int = days.WORTH_FOLDING) -> list[Statement]:
    """Return the statements that a call sends; see `timed`."""
    return recorded(stand, tenant, lambda session: _asked(session, tenant, call, worth))


def ways_to_read(stand: Stand, tenant: TenantView, call: Call) -> dict[str, list[Statement]]:
    """Return the statements of a call by the way it is read: from the facts, from folded days, from what is kept."""
    forget(stand)
    from_facts = statements_of(stand, tenant, call, worth=_NEVER)
    forget(stand)
    timed(stand, tenant, call, worth=0)  # which folds: a write, and no read of who asks later
    kept = statements_of(stand, tenant, call, worth=0)
    forget(stand, folds=False)
    return {"from facts": from_facts, "from folded days": statements_of(stand, tenant, call, worth=0), "kept": kept}


def _asked(session: Session, tenant: TenantView, call: Call, worth: int) -> object:
    before, days.WORTH_FOLDING = days.WORTH_FOLDING, worth
    try:
        return call(Measuring(session, tenant, Reading(now=datetime.now(UTC))))
    finally:
        days.WORTH_FOLDING = before


def forget(stand: Stand, *, folds: bool = True) -> None:
    """Throw away what is kept of figures, and of folded days too: who asks next is the first."""
    with psycopg.connect(conninfo(stand.database_url, None), autocommit=True) as admin:
        admin.execute("truncate kept_figure")
        if folds:
            admin.execute("truncate usage_fold, usage_day")
        admin.execute("vacuum analyze usage_day, usage_fold, kept_figure")
