"""Floating pools over HTTP, beside one call of a database function a request; heartbeats beside single updates."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from uuid import UUID

import psycopg

from bench.figures import Figure, Goal, ratio_of
from bench.stand import Stand, cpu_seconds, in_a_process
from core.scope import TenantScope
from metering.leases import Stretch
from plans.licensing.actions.set_pool import create_pool
from plans.licensing.floating import Beat, Checkout, PoolRules
from plans.licensing.gathering import Owner
from plans.licensing.lane import LeaseLane
from tenants.actions.resolve_identities import resolve_identities
from tenants.reads import tenant_now

__all__ = ("ROW", "measure")

ROW = "licences"
CLIENTS = 32
HOT = "hot"
CROWD = "crowd"
LEASES = 2_000
ROUNDS = 6_000
PACED = 4_000
PACE = 1_000
"""Rounds of an open loop, and how many of them a second."""
FUNCTION = """
    create table if not exists bench_pool (key text primary key, in_use int not null, seats int not null,
        check (in_use between 0 and seats)) with (fillfactor = 20);
    create table if not exists bench_lease (id uuid primary key, pool text, ends_at timestamptz);
    insert into bench_pool values ('hot', 0, 32) on conflict do nothing;
    create or replace function bench_check_out(lease uuid) returns boolean language plpgsql as $$
    begin
        update bench_pool set in_use = in_use + 1 where key = 'hot' and in_use < seats;
        if not found then return false; end if;
        insert into bench_lease values (lease, 'hot', now() + interval '15 min');
        return true;
    end $$;
    create or replace function bench_release(lease uuid) returns void language plpgsql as $$
    begin
        delete from bench_lease where id = lease;
        if found then update bench_pool set in_use = in_use - 1 where key = 'hot'; end if;
    end $$
"""


def measure(stand: Stand) -> list[Figure]:
    """Measure the closed loop in turns with its yardstick, then the open loop, then heartbeats."""
    with stand.db.begin(TenantScope(stand.tenant.id)) as session:
        now = tenant_now(session, stand.tenant)
        for rules in (PoolRules(HOT, "hard", CLIENTS), PoolRules(CROWD, "hard", LEASES)):
            create_pool(session, stand.tenant, "", rules, "system:bench", now)
    with stand.web() as web:
        assert web.process is not None
        _pairs(stand, web.port, rounds=500)  # connections, people
        web_s = postgres_s = load_s = 0.0
        closed, called = [], []
        for _ in range(stand.options.repeats):
            web_s, postgres_s = web_s - cpu_seconds(web.process.pid), postgres_s - stand.postgres_cpu_s()
            closed.append(_pairs(stand, web.port, rounds=ROUNDS))
            load_s += closed[-1]["cpu_s"]
            web_s, postgres_s = web_s + cpu_seconds(web.process.pid), postgres_s + stand.postgres_cpu_s()
            called.append(_called(stand))
        asked, asking_costs = _with_costs(stand, web.process.pid, lambda: _asked(stand, web.port))
        opened, pair_costs = _with_costs(
            stand, web.process.pid, lambda: _pairs(stand, web.port, rounds=PACED, pace=PACE)
        )
    rates = [ROUNDS / run["seconds"] for run in closed]
    p99 = median(run["p99_ms"]["checkout"] for run in opened)
    asked_p99 = median(run["p99_ms"]["entitlement"] for run in asked)
    us = 1e6 / (ROUNDS * stand.options.repeats)
    notes = [
        f"CPU a pair: web {web_s * us:.0f} µs, PostgreSQL {postgres_s * us:.0f} µs, load {load_s * us:.0f} µs",
        f"p99 of a checkout {median(run['p99_ms']['checkout'] for run in closed):.1f} ms",
        _above(stand),
    ]
    name = f"checkout + release, one hot pool of {CLIENTS} seats, {CLIENTS} clients"
    return [
        Figure(name, median(rates), "pairs/s", median(called), "one function call a request, 8 connections",
               ratio_of(rates, called), Goal(2.0), notes),
        Figure(f"{name}, against 2,000 pairs/s", median(rates), "pairs/s", 2_000, "the goal", median(rates) / 2_000,
               Goal(1.0)),
        Figure("a checkout's p99, open loop at 1,000 pairs/s", p99, "ms", 30, "the goal", p99 / 30, Goal(at_most=1.0),
               [f"p50 {median(run['p50_ms']['checkout'] for run in opened):.1f} ms", pair_costs]),
        Figure("an entitlement's p99, open loop at 1,000 requests/s", asked_p99, "ms", 5, "the goal", asked_p99 / 5,
               Goal(at_most=1.0),
               [f"p50 {median(run['p50_ms']['entitlement'] for run in asked):.1f} ms", asking_costs]),
        _heartbeats(stand),
    ]  # fmt: skip


def _pairs(stand: Stand, port: int, **load: Any) -> dict[str, Any]:
    told = in_a_process("bench.pairs", port=port, key=stand.key, pools=[HOT], clients=CLIENTS, **load)
    if told["statuses"] != {"checkout 201": load["rounds"], "release 204": load["rounds"]}:
        raise RuntimeError(f"a denial here is a wrong one: {told['statuses']}")
    return told


def _with_costs(stand: Stand, web: int, run: Callable[[], dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Repeat a paced run; tell what a round cost, and so how much of the machine the pace takes.

    Beyond that much of it, a p99 tells how long others kept the machine and not how long a request takes.
    """
    before = cpu_seconds(web), stand.postgres_cpu_s()
    runs = [run() for _ in range(stand.options.repeats)]
    us = 1e6 / (PACED * len(runs))
    spent = cpu_seconds(web) - before[0], stand.postgres_cpu_s() - before[1], sum(one["cpu_s"] for one in runs)
    web_us, postgres_us, load_us = (seconds * us for seconds in spent)
    cores = (web_us + postgres_us + load_us) * PACE / 1e6
    told = f"CPU: web {web_us:.0f} µs, PostgreSQL {postgres_us:.0f} µs, load {load_us:.0f} µs"
    return runs, f"{told}, {cores:.2f} of {os.cpu_count()} cores at this pace; load average {os.getloadavg()[0]:.1f}"


def _asked(stand: Stand, port: int) -> dict[str, Any]:
    """Ask for an entitlement, so many times a second."""
    load = {"rounds": PACED, "pace": PACE, "clients": CLIENTS, "pools": [], "feature": "wikis"}
    told = in_a_process("bench.pairs", port=port, key=stand.key, **load)
    if told["statuses"] != {"entitlement 200": PACED}:
        raise RuntimeError(f"not every question was answered: {told['statuses']}")
    return told


def _above(stand: Stand) -> str:
    """Tell the most seats that were ever in use at once, by the rows that are billed."""
    with psycopg.connect(stand.database_url) as connection:
        row = connection.execute(
            """
            select max(level) from (
                select sum(change) over (order by at, change) as level from (
                    select starts_at as at, 1 as change from leased_session where pool = %(pool)s
                    union all
                    select ends_at, -1 from leased_session where pool = %(pool)s
                ) as edges
            ) as levels
            """,
            {"pool": HOT},
        ).fetchone()
    assert row is not None
    assert row[0] <= CLIENTS, f"{row[0]} of {CLIENTS} seats"
    return f"at most {row[0]} of {CLIENTS} seats at once"


def _called(stand: Stand, pairs: int = 3_000, connections: int = 8) -> float:
    with psycopg.connect(stand.database_url, autocommit=True) as admin:
        admin.execute(FUNCTION)
    stock = list(range(pairs))

    def work() -> None:
        with psycopg.connect(stand.database_url, autocommit=True) as connection:
            while stock:
                lease = UUID(int=stock.pop() + 1)
                connection.execute("select bench_check_out(%s)", (lease,))
                connection.execute("select bench_release(%s)", (lease,))

    threads = [threading.Thread(target=work) for _ in range(connections)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return pairs / (time.perf_counter() - start)


def _heartbeats(stand: Stand) -> Figure:
    """Renew 2,000 leases through the lane, in turns with one update a transaction."""
    batched, single = asyncio.run(_renewed(stand))
    return Figure(
        "heartbeats, gathered", median(batched), "leases/s", median(single), "one update a transaction",
        ratio_of(batched, single), Goal(10.0),
    )  # fmt: skip


async def _renewed(stand: Stand) -> tuple[list[float], list[float]]:
    lane, owner = LeaseLane(stand.database_url), Owner(stand.tenant.id, None)
    with stand.db.begin(TenantScope(stand.tenant.id)) as session:
        people = resolve_identities(
            session, stand.tenant.id, [f"p{n}" for n in range(LEASES)], tenant_now(session, stand.tenant)
        )
    wishes = [Checkout(CROWD, f"c{n}", identity) for n, identity in enumerate(people.values())]
    leases = [
        one for one in await asyncio.gather(*(lane.decide(owner, wish) for wish in wishes)) if isinstance(one, Stretch)
    ]
    assert len(leases) == LEASES
    batched, single = [], []
    for _ in range(stand.options.repeats):
        start = time.perf_counter()
        await asyncio.gather(*(lane.decide(owner, Beat(lease.lease_id)) for lease in leases))
        batched.append(LEASES / (time.perf_counter() - start))
        single.append(_updated(stand, [lease.lease_id for lease in leases[:1_000]]))
    await lane.close()
    return batched, single


def _updated(stand: Stand, leases: list[UUID]) -> float:
    with psycopg.connect(stand.database_url, autocommit=True) as connection:
        start = time.perf_counter()
        for lease_id in leases:
            connection.execute(
                "update leased_session set ends_at = ends_at + interval '1 millisecond'"
                " where tenant_id = %s and lease_id = %s and held",
                (stand.tenant.id, lease_id),
            )
        return len(leases) / (time.perf_counter() - start)
