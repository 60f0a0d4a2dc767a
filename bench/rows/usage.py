"""What usage costs to read: a month by day and cost centre, and its active members, beside the same from the facts."""

from datetime import UTC, datetime, time, timedelta
from statistics import median
from typing import Any

import psycopg

from bench.figures import Figure, Goal, ratio_of
from bench.month import Call, Month, by_centre, fill_period, forget, month_of_usage, statements_of, timed
from bench.stand import Stand
from bench.statements import server_ms
from core.db import conninfo
from core.periods import Period

__all__ = ("ROW", "measure")

ROW = "usage"
_RUNS = 5
_IN_MEMORY = 2_000_000
"""Facts that a figure is measured from without folding: each takes some 730 bytes of this process."""
_RAW = """
    select {what}, count(distinct i.home_person_id)
    from fact f join identity i on i.tenant_id = f.tenant_id and i.id = f.identity_id
    left join assignment a on a.tenant_id = f.tenant_id and a.person_id = i.home_person_id
    where f.tenant_id = %(tenant)s and f.occurred_at >= %(since)s and f.occurred_at < %(until)s
      and f.type_id in (select id from symbol where tenant_id = %(tenant)s and kind = 'type')
    group by 1
"""


def measure(stand: Stand) -> list[Figure]:
    """Read a month as pages do: kept, from folded days, and from the facts; the sums must be the same."""
    rows = stand.options.rows
    month = month_of_usage(stand, rows)
    active: Call = lambda measuring: measuring.figures("members.active", [month[1]])  # noqa: E731
    raw_day = _RAW.format(what="(date_trunc('day', f.occurred_at, 'UTC'), a.cost_centre)")
    raw_month = _RAW.format(what="1").replace("group by 1", "group by ()")
    return [
        *_figures(stand, month, f"month by day and cost centre, {rows:,} facts", by_centre(month), raw_day),
        *_figures(stand, month, f"active members of a month, {rows:,} facts", active, raw_month),
        _running_day(stand, min(rows, _IN_MEMORY)),
    ]


def _running_day(stand: Stand, rows: int) -> Figure:
    """Read a day that has not ended, of which nothing is folded: thinned by the database, and fact by fact."""
    now, tenant = datetime.now(UTC), stand.world.tenant(f"day-{rows}", time_zone="UTC")
    start = datetime.combine(now.date(), time(), UTC)
    fill_period(stand, tenant, Period(start, now), rows)
    call: Call = lambda measuring: measuring.figure("members.active", Period(start, start + timedelta(days=1)))  # noqa: E731
    thinned: list[tuple[float, Any]] = []
    facts: list[tuple[float, Any]] = []
    for _ in range(stand.options.repeats):
        for worth, told in ((0, thinned), (10**9, facts)):
            told.append(timed(stand, tenant, call, worth=worth))
    assert len({figure for _, figure in (*thinned, *facts)}) == 1, "one figure, however it is read"
    thin_ms, facts_ms = ([seconds * 1e3 for seconds, _ in told] for told in (thinned, facts))
    return Figure(
        f"active members of the running day, {rows:,} facts", median(thin_ms), "ms", median(facts_ms),
        "the same fact by fact", ratio_of(facts_ms, thin_ms), Goal(), ["with Python; nothing is kept of a running day"],
    )  # fmt: skip


def _figures(stand: Stand, month: Month, name: str, call: Call, raw: str) -> list[Figure]:
    tenant, period = month
    facts_s, from_facts = None, None
    if stand.options.rows <= _IN_MEMORY:
        facts_s, from_facts = timed(stand, tenant, call, worth=10**9)
        forget(stand)
    folding_s, from_folds = timed(stand, tenant, call, worth=0)
    forget(stand, folds=False)
    folded_s, again = timed(stand, tenant, call, worth=0)
    kept_s, kept = timed(stand, tenant, call)
    assert from_facts in (from_folds, None), "one figure, however it is read"
    assert from_folds == again == kept, "one figure, however it is read"
    anew = "from facts not read, they are too many for memory" if facts_s is None else f"from facts {facts_s:,.2f} s"
    statements = statements_of(stand, tenant, call)
    given = {"tenant": tenant.id, "since": period.starts_at, "until": period.ends_at}
    told, yardsticks = [], []
    with psycopg.connect(conninfo(stand.database_url, None)) as connection:
        for _ in range(_RUNS):
            told.append(sum(server_ms(connection, statement, values) for statement, values in statements))
            yardsticks.append(server_ms(connection, raw, given))
    with psycopg.connect(conninfo(stand.database_url, None)) as connection:
        single = [(server_ms(connection, *statement), statement[0]) for statement in statements]
    slowest = [f"{ms:.2g} ms: {' '.join(text.split())[:90]}" for ms, text in sorted(single, reverse=True)[:3]]
    ratio, raw_ms = ratio_of(yardsticks, told), median(yardsticks)
    kept_figure = Figure(
        name, median(told), "ms", raw_ms, "the same question to the facts in SQL, in the server",
        ratio, Goal(100),
        [f"all in the server: {median(told):.3g} ms, goal ≤ 20 ms {'met' if median(told) <= 20 else 'MISSED'}",
         f"{len(statements)} statements",
         f"with Python: kept {kept_s * 1e3:,.0f} ms, from folded days {folded_s * 1e3:,.0f} ms",
         f"the first time: folding {folding_s:,.2f} s, {anew}",
         *slowest],
    )  # fmt: skip
    forget(stand)
    first_ms = timed(stand, tenant, call)[0] * 1e3
    first = Figure(
        f"{name}: the first reading", first_ms, "ms", raw_ms, "the same question to the facts in SQL, in the server",
        raw_ms / first_ms, Goal(),
        ["nothing kept, nothing folded: what who asks first waits for, where no task folded before; with Python, once"],
    )  # fmt: skip
    return [kept_figure, first]
