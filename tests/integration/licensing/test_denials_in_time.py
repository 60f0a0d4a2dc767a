"""Denials in the course of time: others are told of them together, and old ones are only counted."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from core.clock import utc_now
from core.scope import StewardScope, TenantScope
from plans.alerts.tasks import watch
from plans.licensing.reads import SOON
from plans.licensing.store import fold_denials
from plans.licensing.tasks import count_old_denials, tell_of_denials
from tests.builders.world import World
from tests.integration.licensing.test_pools_api import Pool


@pytest.fixture
def pool(client: Any, world: World) -> Pool:
    """A pool of one seat. Ben is denied twice and gets in after five minutes, Cid is denied and never gets in."""
    pool = Pool(client, world)
    pool.make(seats=1)
    ann = pool.take("ann")
    assert [pool.ask("ben", group="hr").status_code for _ in range(2)] == [409, 409]
    pool.wait("08:05:00")
    assert pool.client.delete(f"/v1/leases/{ann['id']}", headers=pool.headers).status_code == 204
    pool.take("ben")
    pool.wait("08:06:00")
    assert pool.ask("cid").status_code == 409
    return pool


def told(pool: Pool, world: World) -> list[dict[str, Any]]:
    with world.db.begin(TenantScope(pool.tenant.id)) as session:
        query = text("select data from outbox_event where type = 'licence.denied' order by id")
        return list(session.execute(query).scalars())


def test_others_are_told_once_of_all_denials_of_a_quarter_of_an_hour(pool: Pool, world: World) -> None:
    assert tell_of_denials(world.db) == 0, "the quarter is not over"
    pool.wait("08:24:59")
    assert tell_of_denials(world.db) == 0, "nor is it known which denials were true"
    pool.wait("08:25:00")

    assert [tell_of_denials(world.db), tell_of_denials(world.db)] == [1, 0]

    detail = {
        "from": "2026-03-02T08:00:00+00:00", "to": "2026-03-02T08:15:00+00:00", "denials": 3, "true_denials": 1,
        "reasons": {"pool_full": 3}, "seats": 1,
    }  # fmt: skip
    assert told(pool, world) == [{"object": {"type": "pool", "id": "cad"}, "detail": detail}]


def test_old_denials_are_counted_and_deleted_and_the_report_stays(pool: Pool, world: World) -> None:
    pool.wait("08:16:00")
    before = pool.denials()
    assert (before["denials"], before["true_denials"], len(before["items"])) == (3, 1, 3)
    assert count_old_denials(world.db) == 0, "they were made just now, whatever the test clock says"

    far = max(utc_now(), datetime(2027, 1, 1, tzinfo=UTC)) + timedelta(days=1)
    for folded in (2, 1, 0):  # a few at a time: the hours add up
        with world.db.begin(StewardScope()) as session:
            assert fold_denials(session, far, SOON, 2) == folded

    after = pool.denials()
    assert after["items"] == []
    assert {name: after[name] for name in ("denials", "true_denials", "by_hour")} == {
        name: before[name] for name in ("denials", "true_denials", "by_hour")
    }
    assert pool.ask("cid").status_code == 409
    assert pool.denials()["denials"] == 4, "what comes later adds to what was counted"


def test_a_storm_at_the_door_is_counted_at_once_and_folded_so_too(pool: Pool, world: World, database_url: str) -> None:
    """Four thousand are denied within a minute and three thousand of them let in soon after.

    The statistics of the database know another customer alone: it has not looked at this one yet.
    """
    storm = """
        with crowd as (
            insert into identity (tenant_id, scheme, key, home_person_id, created_at)
            select p.tenant_id, 'subject', p.external_id, p.id, :at from person p where p.external_id like 'crowd-%'
            returning id, key
        ), numbered as (select id, substr(key, 7)::int as n from crowd),
        let_in as (
            insert into leased_session (tenant_id, lease_id, starts_at, pool, unit, client_key, identity_id, group_key,
                ends_at, renews_s, lingers_s, released, borrowed, overdrawn, held)
            select :tenant, gen_random_uuid(), :at + n * interval '10 ms' + interval '5 min', 'cad', key, key, id, '',
                :at + n * interval '10 ms' + interval '6 min', 60, 0, true, false, false, false
            from numbered join crowd using (id) where n <= 3000
        )
        insert into denial (tenant_id, id, pool, at, identity_id, client_key, group_key, reason, in_use, seats)
        select :tenant, ('01890000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'cad',
            :at + n * interval '10 ms', id, 'c', '', 'pool_full', 1, 1
        from numbered
    """
    people = """
        insert into person (tenant_id, id, external_id, name, email, active_from)
        select :tenant, gen_random_uuid(), 'crowd-' || n, '', '', :at from generate_series(1, 4000) n
    """
    given = {"tenant": pool.tenant.id, "at": datetime(2026, 3, 2, 9, tzinfo=UTC)}
    other = world.tenant("other")
    world.people(other, *(f"p{n}" for n in range(1_000)))
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("analyze")
    with world.db.begin(TenantScope(pool.tenant.id)) as session:
        for statement in (people, storm):
            session.execute(text(statement), given)
    pool.wait("09:30:00")

    begun = time.monotonic()
    report = pool.denials()
    with world.db.begin(StewardScope()) as session:
        assert fold_denials(session, datetime(2126, 1, 1, tzinfo=UTC), SOON, 10_000) == 4_003
    took_s = time.monotonic() - begun

    assert (report["denials"], report["true_denials"]) == (4_003, 1_001)
    assert (pool.denials()["denials"], pool.denials()["true_denials"]) == (4_003, 1_001)
    assert took_s < 5, "it took minutes when each denial looked for its grants"


def test_a_denial_is_called_true_when_its_ten_minutes_are_over(pool: Pool) -> None:
    for at, true, undecided in (("08:06:00", 0, 1), ("08:15:59", 0, 1), ("08:16:00", 1, 0)):
        pool.wait(at)
        report = pool.denials()
        assert (report["denials"], report["true_denials"]) == (3, true), at
        assert sum(line["true_denials"] for line in report["by_hour"]) == true
        assert [one["client_key"] for one in report["items"] if one["undecided"]] == ["cid"] * undecided
        page = pool.client.get(f"/admin/{pool.tenant.slug}/floating-pools/cad", headers=pool.headers).text
        assert (f"3 <small>{true} true</small>" in page, "Not let in so far" in page) == (True, undecided == 1), at


def test_an_alert_tells_of_true_denials_of_a_day_and_again_on_the_next_bad_one(pool: Pool, world: World) -> None:
    body = {"name": "Not let in", "subject": "denials", "key": "cad", "when": "absolute", "value": "1"}
    made = pool.client.post("/v1/alerts", headers=pool.headers, json={**body, "recipients": ["ops@acme.example"]})
    assert made.status_code == 201, made.text

    def looked() -> int:
        with world.db.begin(TenantScope(pool.tenant.id)) as session:
            session.execute(text("update alert_rule set due_at = now() - interval '1 hour'"))
        return watch(world.db)

    assert looked() == 0, "Cid may still get in"
    pool.wait("08:16:00")
    assert [looked(), looked()] == [1, 0]
    pool.wait("00:00:00", day="2026-03-03")
    assert looked() == 0, "armed again a day later only"
    pool.wait("09:00:00", day="2026-03-03")
    assert looked() == 0, "nobody was denied in 24 hours"
    pool.take("ann")
    assert pool.ask("dan").status_code == 409
    pool.wait("09:10:00", day="2026-03-03")

    assert looked() == 1, "in the same month"
    told = pool.client.get("/v1/alerts/history", headers=pool.headers).json()["items"]
    assert [one["figure"] for one in told] == ["1", "1"]
