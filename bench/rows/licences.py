"""Floating pools and entitlements over HTTP, beside the same requests with one statement each."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any
from uuid import UUID

import httpx
import psycopg

from bench.calling import FUNCTIONS
from bench.contracts import grant_features
from bench.figures import Figure, Goal, ratio_of
from bench.month import fill_period
from bench.stand import Stand, cpu_seconds, in_a_process
from bench.traffic import bodies
from core.periods import Period
from core.scope import TenantScope
from metering.leases import Stretch
from plans.documents import Feature
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
FEATURE, METERED = "wikis", "exports"
USED = 30_000
"""Facts in the running billing period of the customer who asks for them, of 10,000 people; more come in meanwhile."""
TOLD_S = 0.5
TICK = "the goal"


def measure(stand: Stand) -> list[Figure]:
    """Measure pairs, entitlements and heartbeats, each in turns with its yardstick over the same HTTP."""
    with stand.db.begin(TenantScope(stand.tenant.id)) as session:
        now = tenant_now(session, stand.tenant)
        for rules in (PoolRules(HOT, "hard", CLIENTS), PoolRules(CROWD, "hard", LEASES)):
            create_pool(session, stand.tenant, "", rules, "system:bench", now)
    with psycopg.connect(stand.database_url, autocommit=True) as admin:
        admin.execute(FUNCTIONS)
    leases, asking = asyncio.run(_leases(stand)), _asking(stand)
    calling = stand.web("bench.calling:create_app", BENCH_TENANT=str(stand.tenant.id))
    with stand.web() as web, calling as plain:
        assert web.process is not None
        both = (web.port, plain.port)
        for port in both:
            _pairs(stand, port, rounds=500)  # connections, people
        return [
            *_closed(stand, web.process.pid, both),
            *_opened(stand, web.process.pid, both, leases, asking),
            _gathered(stand, leases),
        ]


def _closed(stand: Stand, web: int, both: tuple[int, int]) -> list[Figure]:
    """Pairs as fast as 32 clients can, in turns with one call of a function a request."""
    web_s = postgres_s = load_s = 0.0
    lanes, called = [], []
    for _ in range(stand.options.repeats):
        web_s, postgres_s = web_s - cpu_seconds(web), postgres_s - stand.postgres_cpu_s()
        lanes.append(_pairs(stand, both[0], rounds=ROUNDS))
        load_s += lanes[-1]["cpu_s"]
        web_s, postgres_s = web_s + cpu_seconds(web), postgres_s + stand.postgres_cpu_s()
        called.append(_pairs(stand, both[1], rounds=ROUNDS // 2))
    rates = [ROUNDS / run["seconds"] for run in lanes]
    yardsticks = [ROUNDS // 2 / run["seconds"] for run in called]
    us = 1e6 / (ROUNDS * stand.options.repeats)
    bare = median(_called(stand) for _ in range(stand.options.repeats))
    notes = [
        f"CPU a pair: web {web_s * us:.0f} µs, PostgreSQL {postgres_s * us:.0f} µs, load {load_s * us:.0f} µs",
        f"p99 of a checkout {median(run['p99_ms']['checkout'] for run in lanes):.1f} ms",
        f"the same calls by 8 threads with no HTTP between {bare:.0f} pairs/s",
        _above(stand),
    ]
    name = f"checkout + release, one hot pool of {CLIENTS} seats, {CLIENTS} clients"
    return [
        Figure(name, median(rates), "pairs/s", median(yardsticks), "one function call a request over the same HTTP",
               ratio_of(rates, yardsticks), Goal(2.0), notes),
        Figure(f"{name}, against 2,000 pairs/s", median(rates), "pairs/s", 2_000, TICK, median(rates) / 2_000,
               Goal(1.0)),
    ]  # fmt: skip


def _opened(stand: Stand, web: int, both: tuple[int, int], leases: list[UUID], asking: str) -> list[Figure]:
    """Requests at a pace, whatever becomes of them, in turns with one statement a request at the same pace."""
    beats = {
        "kind": "heartbeat", "method": "POST", "paths": [f"/v1/leases/{lease}/heartbeat" for lease in leases],
    }  # fmt: skip
    asked, metered = (
        {"asks": {"kind": kind, "method": "GET", "paths": [f"/v1/entitlements/{feature}"]}, "key": asking}
        for kind, feature in (("entitlement", FEATURE), ("metered", METERED))
    )
    wants: list[tuple[str, str, dict[str, Any], float, str]] = [
        ("a checkout", "checkout", {}, 30, "one function call a request"),
        ("a heartbeat", "heartbeat", {"asks": beats}, 30, "one update of a row a request"),
        ("an entitlement", "entitlement", asked, 5, "a bare select by key"),
        ("a metered entitlement", "metered", metered, 5, "a bare select by key"),
    ]
    figures = []
    for name, kind, load, most_ms, yardstick in wants:
        run, plain = (partial(_pairs, stand, port, rounds=PACED, pace=PACE, **load) for port in both)
        if kind == "metered":
            run = partial(_beside_events, run, both[0], asking)
        lanes, plains, costs = _with_costs(stand, web, run, plain)
        p99, plain_p99 = (median(run["p99_ms"][kind] for run in runs) for runs in (lanes, plains))
        p50 = median(run["p50_ms"][kind] for run in lanes)
        told = f"{name}'s p99, open loop at {PACE:,}/s"
        figures += [
            Figure(told, p99, "ms", most_ms, TICK, p99 / most_ms, Goal(at_most=1.0), [f"p50 {p50:.1f} ms", costs]),
            Figure(f"{told}, beside {yardstick}", p99, "ms", plain_p99, f"{yardstick}, over the same HTTP",
                   p99 / plain_p99, Goal()),
        ]  # fmt: skip
    return figures


def _asking(stand: Stand) -> str:
    """Make a customer whose contract grants features, one of them metered, with usage up to today; return its key."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tenant, begun = stand.world.tenant("asking", time_zone="UTC"), today - timedelta(days=20)
    metered = Feature(limit=1_000_000, meter="members.active", unit="person")
    grant_features(stand.world, [tenant], {FEATURE: Feature(), METERED: metered}, begun.date())
    fill_period(stand, tenant, Period(begun, today), USED)
    return stand.world.key("tenant_admin", tenant)


def _beside_events(run: Callable[[], dict[str, Any]], port: int, key: str) -> dict[str, Any]:
    """Let events of the same customer come in meanwhile, so that its use is never what it was a second ago."""
    done = threading.Event()
    asked = f"http://127.0.0.1:{port}/v1"
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}) as client:

        def tell() -> None:
            for body in bodies(100, 1):
                client.post(f"{asked}/events", content=body, headers={"Content-Type": "application/cloudevents+json"})
                if done.wait(TOLD_S):
                    return

        client.get(f"{asked}/entitlements/{METERED}")  # whoever asks first of all waits for the first reading
        telling = threading.Thread(target=tell)
        telling.start()
        try:
            return run()
        finally:
            done.set()
            telling.join()
            answer = client.get(f"{asked}/entitlements/{METERED}").json()
            assert answer["granted"], answer
            assert float(answer["used"]) > 1_000, answer


def _pairs(stand: Stand, port: int, **load: Any) -> dict[str, Any]:
    given = {"key": stand.key, "pools": [HOT], "clients": CLIENTS} | load
    told = in_a_process("bench.pairs", port=port, **given)
    kind = load.get("asks", {}).get("kind")
    wanted = {f"{kind} 200"} if kind else {"checkout 201", "release 204"}
    if told["statuses"] != dict.fromkeys(wanted, load["rounds"]):
        raise RuntimeError(f"a denial or a refusal here is a wrong one: {told['statuses']}")
    return told


def _with_costs(
    stand: Stand, web: int, run: Callable[[], dict[str, Any]], plain: Callable[[], dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """Repeat a paced run and its yardstick by turns; tell what a round cost, so how much of the machine the pace takes.

    Beyond that much of it, a p99 tells how long others kept the machine and not how long a request takes.
    """
    web_s = postgres_s = 0.0
    runs, plains = [], []
    for _ in range(stand.options.repeats):
        before = cpu_seconds(web), stand.postgres_cpu_s()
        runs.append(run())
        web_s, postgres_s = web_s + cpu_seconds(web) - before[0], postgres_s + stand.postgres_cpu_s() - before[1]
        plains.append(plain())
    us = 1e6 / (PACED * len(runs))
    web_us, postgres_us, load_us = web_s * us, postgres_s * us, sum(one["cpu_s"] for one in runs) * us
    cores = (web_us + postgres_us + load_us) * PACE / 1e6
    told = f"CPU: web {web_us:.0f} µs, PostgreSQL {postgres_us:.0f} µs, load {load_us:.0f} µs"
    pace = f"{cores:.2f} of {os.cpu_count()} cores at this pace; load average {os.getloadavg()[0]:.1f}"
    return runs, plains, f"{told}, {pace}"


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


async def _leases(stand: Stand) -> list[UUID]:
    """Let 2,000 people into a pool that has a seat for each."""
    lane, owner = LeaseLane(stand.database_url), Owner(stand.tenant.id, None)
    with stand.db.begin(TenantScope(stand.tenant.id)) as session:
        people = resolve_identities(
            session, stand.tenant.id, [f"p{n}" for n in range(LEASES)], tenant_now(session, stand.tenant)
        )
    wishes = [Checkout(CROWD, f"c{n}", identity) for n, identity in enumerate(people.values())]
    made = await asyncio.gather(*(lane.decide(owner, wish) for wish in wishes))
    await lane.close()
    leases = [one.lease_id for one in made if isinstance(one, Stretch)]
    assert len(leases) == LEASES
    return leases


def _gathered(stand: Stand, leases: list[UUID]) -> Figure:
    """Renew 2,000 leases through the lane, with no HTTP between, in turns with one update a transaction."""
    batched, single = asyncio.run(_renewed(stand, leases))
    return Figure(
        "heartbeats, gathered, with no HTTP between", median(batched), "leases/s", median(single),
        "one update a transaction", ratio_of(batched, single), Goal(10.0),
    )  # fmt: skip


async def _renewed(stand: Stand, leases: list[UUID]) -> tuple[list[float], list[float]]:
    lane, owner = LeaseLane(stand.database_url), Owner(stand.tenant.id, None)
    batched, single = [], []
    for _ in range(stand.options.repeats):
        start = time.perf_counter()
        await asyncio.gather(*(lane.decide(owner, Beat(lease)) for lease in leases))
        batched.append(LEASES / (time.perf_counter() - start))
        single.append(_updated(stand, leases[:1_000]))
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
