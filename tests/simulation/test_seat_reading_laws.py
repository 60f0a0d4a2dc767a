"""What the database tells of a seat pool is what the pure reading of all its facts says, in any world.

Accounts that are one person, corrections, departures told by facts and by the record, events of one
instant, a suite's clock that is ahead: seats are billed by `seat_holds`, and decided by `pool_history`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from core.db import Database
from core.scope import TenantScope
from metering.directory import Directory
from metering.grounds import Grounds
from metering.policies import CountingPolicies
from metering.reads.facts import corrections, load_facts
from metering.reads.seat_pools import pool_history
from metering.seats import USE_TYPES, SeatHold, seat_holds
from metering.spans import FAR
from plans.licensing.seats.actions.keep_pool import PoolInput, create_pool
from plans.licensing.seats.reads import find_pool, pool_now
from plans.licensing.seats.seating import Seating, SeatRules
from tenants.attribution import Attribution
from tenants.reads import TenantView, people
from tests.builders.world import ACTOR, LONG_AGO, World
from tests.simulation.long import PARTS, in_parts, settled

TYPES = ("seat.assigned", "seat.released", "person.deactivated", "activity.performed")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PEOPLE = 3
COLUMNS = "tenant_id, accepted_at, event_key, occurred_at, type_id, source_id, identity_id, attributes"
# Days and hours of few kinds, so that things happen at one instant, at midnights and just outside the cool-down.
instants = st.builds(
    lambda days, hours: NOW - timedelta(days=days, hours=hours),
    st.sampled_from((0, 1, 2, 30, 31, 32, 60, 366, 400)),
    st.sampled_from((-1, 0, 0, 0, 13, 14)),
)
persons = st.integers(0, PEOPLE - 1)
facts = st.tuples(
    st.sampled_from(TYPES[:2] * 3 + TYPES[2:] * 2), persons, instants, st.sampled_from(("p", "p", "p", "q"))
)
worlds = st.fixed_dictionaries(
    {
        "facts": st.lists(facts, min_size=8, max_size=24),
        "corrected": st.lists(st.tuples(st.integers(0, 23), st.none() | facts), max_size=4),
        "merged": st.lists(st.tuples(persons, persons), max_size=2),
        "departures": st.lists(st.tuples(persons, instants), max_size=3),
        "moves": st.none() | st.integers(0, 2),
    }
)


class Facts:
    """A tenant whose facts are written anew for each world."""

    def __init__(self, db: Database, world: World) -> None:
        self.db, self.tenant = db, world.tenant()
        self.people = list(world.people(self.tenant, *(f"p{number}" for number in range(PEOPLE))).values())
        self.admin = psycopg.connect(db.database_url, autocommit=True)
        for kind, value in [*(("type", name) for name in TYPES), ("source", "s")]:
            self.sql("insert into symbol (tenant_id, kind, value) values (%s, %s, %s)", kind, value)
        self.symbols = dict(self.sql("select value, id from symbol where tenant_id = %s").fetchall())
        rows = self.sql("select home_person_id, id from identity where tenant_id = %s").fetchall()
        self.identities = [dict(rows)[person] for person in self.people]
        with db.begin(TenantScope(self.tenant.id)) as session:
            create_pool(session, self.tenant, PoolInput("p", "P", 3), ACTOR, LONG_AGO)

    def sql(self, statement: str, *values: Any) -> psycopg.Cursor[Any]:
        return self.admin.execute(statement, (self.tenant.id, *values))

    def write(self, made: dict[str, Any]) -> None:
        for table in ("fact", "fact_key", "correction", "identity_link", "departure"):
            self.sql(f"delete from {table} where tenant_id = %s")
        for number, (kind, who, at, pool) in enumerate(made["facts"]):
            key, attributes = UUID(int=number + 1), {"pool": pool} if kind.startswith("seat") else {}
            given = (NOW, key, at, self.symbols[kind], self.symbols["s"], self.identities[who], Jsonb(attributes))
            self.sql(f"insert into fact ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s)", *given)
            self.sql(
                "insert into fact_key (tenant_id, event_key, content_hash, accepted_at) values (%s, %s, %s, %s)",
                key,
                b"x" * 16,
                NOW,
            )
        for number, (target, new) in enumerate(made["corrected"]):
            told = None if new is None else self._replacement(*new)
            self.sql(
                "insert into correction (tenant_id, id, target_key, kind, replacement, reason, author, recorded_at)"
                " values (%s, %s, %s, %s, %s, 'a test', 'tests', %s)",
                UUID(int=900 + number), UUID(int=target + 1), "replace" if told else "void", told, NOW,
            )  # fmt: skip
        for number, (who, into) in enumerate(made["merged"]):
            at = NOW - timedelta(minutes=9 - number)
            self.sql(
                "insert into identity_link (tenant_id, identity_id, recorded_at, person_id) values (%s, %s, %s, %s)",
                self.identities[who], at, self.people[into],
            )  # fmt: skip
        for who, at in dict.fromkeys(made["departures"]):
            self.sql(
                "insert into departure (tenant_id, person_id, left_at, recorded_at) values (%s, %s, %s, %s)",
                self.people[who], at, at,
            )  # fmt: skip

    def _replacement(self, kind: str, who: int, at: datetime, pool: str) -> Jsonb:
        attributes = {"pool": pool} if kind.startswith("seat") else {}
        return Jsonb(
            {"type": kind, "time": at.isoformat(), "identity_id": self.identities[who], "attributes": attributes}
        )


@in_parts
def test_what_the_database_tells_of_a_pool_is_what_all_facts_say(db: Database, world: World, part: int) -> None:
    told = Facts(db, world)

    @settled(60, PARTS)
    @given(worlds)
    def holds_in(made: dict[str, Any]) -> None:
        _agree(told, made)

    holds_in()


@pytest.mark.parametrize("moves", [None, 0, 1, 2])
@pytest.mark.parametrize(
    "facts",
    [
        [(0, "assigned", 90, 0), (0, "performed", 90, 0), (0, "released", 60, 0)],
        # Taken back while it cooled down, which is over by now: released unused, it was a move the first time.
        [(0, "assigned", 61, 0), (0, "performed", 61, 0), (0, "released", 32, 13), (0, "assigned", 31, 0)],
        # The same more than a year ago: no move any more.
        [(0, "assigned", 400, 0), (0, "performed", 400, 0), (0, "released", 366, 13), (0, "assigned", 366, 0)],
        # Moves of three people, whom the one reading tells in the order of their ids, the other of their seats.
        [(who, what, 90 - days, 0) for who, start, end in ((0, 2, 30), (1, 1, 20), (2, 0, 25))
         for what, days in (("assigned", start), ("performed", start), ("released", end))],
    ],
)  # fmt: skip
def test_what_is_not_read_of_a_pool_decides_nothing(
    db: Database, world: World, facts: list[tuple[int, str, int, int]], moves: int | None
) -> None:
    kinds = {"assigned": "seat.assigned", "released": "seat.released", "performed": "activity.performed"}
    told = [(kinds[what], who, NOW - timedelta(days=days, hours=hours), "p") for who, what, days, hours in facts]
    _agree(Facts(db, world), {"facts": told, "corrected": [], "merged": [], "departures": [], "moves": moves})


def _agree(told: Facts, made: dict[str, Any]) -> None:
    """Hold what the database tells of a pool in a world against what all facts say."""
    told.write(made)
    told.admin.execute("update seat_pool set moves_per_year = %s", (made["moves"],))
    with told.db.begin(TenantScope(told.tenant.id)) as session:
        grounds, known = _all(session, told.tenant)
        view = find_pool(session, told.tenant.id, "p")
        for since in (NOW, NOW - timedelta(days=366), LONG_AGO):
            history = pool_history(session, told.tenant, "p", since, NOW)
            reach = min(since, NOW - timedelta(days=history.cooldown_days + 2))
            wanted = {who: left for who, holds in known.items() if (left := [h for h in holds if h.ends_at >= reach])}
            assert {who: [_said(one) for one in holds] for who, holds in history.holds.items()} == {
                who: [_meant(one) for one in holds] for who, holds in wanted.items()
            }
        found = pool_now(session, told.tenant, view, NOW)
    assert _decides(found.seating) == _decides(_seating(grounds, known, made["moves"]))


def _all(session: Any, tenant: TenantView) -> tuple[Grounds, dict[UUID, list[SeatHold]]]:
    """Return the holds of the pool as they are billed: all facts read, and judged in plain code."""
    who = people(session, tenant.id, ignored_events=corrections(session, tenant.id, None).without_effect)
    read = load_facts(session, tenant.id, (*TYPES, *USE_TYPES), since=None, until=None)
    grounds = Grounds(read, Directory(who, Attribution(())), CountingPolicies(), tenant.tz)
    return grounds, {holds[0].person_id: holds for pool, holds in seat_holds(grounds) if pool == "p"}


def _seating(grounds: Grounds, known: dict[UUID, list[SeatHold]], moves: int | None) -> Seating:
    used = {
        grounds.person_of(fact)
        for fact in grounds.facts
        if fact.type in USE_TYPES
        and (holds := known.get(grounds.person_of(fact)))
        and holds[-1].starts_at <= fact.occurred_at <= NOW
    }
    cooldown = grounds.policies.seats.cooldown_days
    return Seating.of(SeatRules(3, cooldown, moves, grounds.tz), known, used, [], NOW)


def _decides(seating: Seating) -> list[Any]:
    """Return how a pool stands, and what it says when all its holders release their seats, one after the other.

    Not all that it keeps of earlier holds: those that ended before a cool-down and, where there is a quota, a
    year ago are not read by the database, because no decision asks for them.
    """
    held = {who: (holder.since, holder.used) for who, holder in seating.held.items()}
    said: list[Any] = [seating.rules, held, dict(seating.cooling), list(seating.waiting), seating.moves_left(NOW)]
    for who in sorted(held):
        said += [seating.release(who, NOW), seating.moves_left(NOW)]
    return said


def _said(hold: Any) -> tuple[Any, ...]:
    accounts = {(one.identity_id, one.starts_at, one.ends_at) for one in hold.accounts}
    return hold.starts_at, hold.ends_at, accounts, *_fate(hold)


def _meant(hold: SeatHold) -> tuple[Any, ...]:
    accounts = {(span.fact.identity_id, span.starts_at, span.ends_at) for span in hold.spans}
    return hold.starts_at, hold.ends_at, accounts, *_fate(hold)


def _fate(hold: Any) -> tuple[Any, ...]:
    return (None,) if hold.ends_at == FAR else (hold.used, hold.left, hold.cooled_at)
