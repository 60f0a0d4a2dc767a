"""Customers with a contract of six charges and months of stored usage, the same for each of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg

from bench.facts_table import count_hours
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from metering.bodies import packed_body
from plans.actions.publish_version import publish_version
from plans.actions.save_draft import DraftInput, PlanIdentity, save_draft
from plans.actions.subscribe import SubscribeInput, subscribe
from plans.catalogue.suite import POLICIES
from plans.charges import Charge, Price, Tier
from plans.documents import Feature, PlanDocument
from plans.store import add_family
from tenants.reads import TenantView
from tests.builders.world import LONG_AGO, World

__all__ = ("FIRST_MONTH", "billed_at", "contracts", "fill_months", "grant_features")

FIRST_MONTH = date(2024, 1, 1)
"""Contracts begin with it."""
_ACTOR = "system:bench"
_PEOPLE_COUNT = 12
_SOURCE = "https://suite.example/"
_TYPES = (
    "activity.performed", "course.enrolled", "course.launched", "membership.opened", "session.ended",
    "session.started",
)  # fmt: skip


def _price(**figures: Any) -> dict[str, Price]:
    """Return a price in every currency that a contract may be in."""
    return {currency: Price(**figures) for currency in ("EUR", "USD", "GBP", "JPY")}


def _tiers(edge: int, below: str, above: str) -> tuple[Tier, Tier]:
    return Tier(up_to=Decimal(edge), unit=Decimal(below)), Tier(unit=Decimal(above))


_COURSES = "courses.transactions.charged"
_CHARGES = (
    Charge(key="fee", name="Platform fee", model="flat", prices=_price(amount=Decimal(100))),
    Charge(
        key="active", name="Active members", model="per_unit", meter="members.active",
        prices=_price(unit=Decimal("4.20")),
    ),
    Charge(
        key="members", name="Members", model="package", meter="members.registered.average",
        prices=_price(amount=Decimal(25), size=Decimal(5)),
    ),
    Charge(
        key="peak", name="Concurrent users", model="stairstep", meter="sessions.concurrent.peak",
        prices=_price(tiers=(Tier(up_to=Decimal(2), flat=Decimal(30)), Tier(flat=Decimal(70)))),
    ),
    Charge(
        key="starts", name="Web course starts", model="volume", meter=_COURSES, where={"course_type": ("wbt",)},
        prices=_price(tiers=_tiers(8, "2.50", "2.00")),
    ),
    Charge(
        key="seats", name="Class seats", model="graduated", meter=_COURSES, where={"course_type": ("ilt",)},
        prices=_price(tiers=_tiers(8, "5.00", "4.00")),
    ),
)  # fmt: skip

_SYMBOLS = """
    insert into symbol (tenant_id, kind, value)
    select tenant_id, kind, value
    from unnest(%(tenants)s::uuid[]) tenant_id, unnest(%(kinds)s::text[], %(values)s::text[]) made (kind, value)
"""
_PEOPLE = """
    with made as (
        select tenant_id, n, md5('who' || n || tenant_id)::uuid as id
        from unnest(%(tenants)s::uuid[]) tenant_id, generate_series(0, %(people)s - 1) n
    ), people as (
        insert into person (tenant_id, id, active_from) select tenant_id, id, %(since)s from made
    )
    insert into identity (tenant_id, scheme, key, home_person_id, created_at)
    select tenant_id, 'subject', 'p-' || n, id, %(since)s from made
"""
_EVENTS = """
    create temporary table made (
        id text, type text, at timestamptz, accepted_at timestamptz, person text, attributes jsonb, body bytea)
"""
_STORED: tuple[LiteralString, ...] = (
    """
    insert into fact_key (tenant_id, event_key, content_hash, accepted_at)
    select tenant_id, md5(made.id || tenant_id)::uuid, decode(md5(made.id), 'hex'), accepted_at
    from made, unnest(%(tenants)s::uuid[]) tenant_id
    """,
    """
    insert into fact_body (tenant_id, accepted_at, event_key, body)
    select tenant_id, accepted_at, md5(made.id || tenant_id)::uuid, body
    from made, unnest(%(tenants)s::uuid[]) tenant_id
    """,
    """
    insert into fact (tenant_id, event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes)
    select tenant_id, md5(made.id || tenant_id)::uuid, made.at, made.accepted_at, named.id, source.id, identity.id,
           made.attributes
    from made cross join unnest(%(tenants)s::uuid[]) tenant_id
    join symbol named using (tenant_id) join symbol source using (tenant_id) join identity using (tenant_id)
    where named.kind = 'type' and named.value = made.type and source.kind = 'source'
      and identity.scheme = 'subject' and identity.key = made.person
    """,
)


def contracts(world: World, count: int) -> list[TenantView]:
    """Return that many new customers who pay for themselves, each with a contract from FIRST_MONTH on."""
    _publish(world.db, "six-charges", PlanDocument(charges=_CHARGES, policies=POLICIES))
    tenants = [world.tenant(f"billed-{n}", time_zone="UTC") for n in range(count)]
    for tenant in tenants:
        _subscribe(world.db, tenant, "six-charges", FIRST_MONTH, month_start(0))
    return tenants


def grant_features(world: World, tenants: Sequence[TenantView], features: Mapping[str, Feature], since: date) -> None:
    """Give customers a contract whose plan grants features, with periods of a month from that day on."""
    _publish(world.db, "features", PlanDocument(charges=_CHARGES, policies=POLICIES, features=dict(features)))
    for tenant in tenants:
        _subscribe(world.db, tenant, "features", since, datetime.combine(since, datetime.min.time(), UTC))


def fill_months(database_url: str, tenants: Sequence[UUID], months: int) -> None:
    """Store what happened in that many months: six events of each of twelve people, the same in every month."""
    ids = list(tenants)
    names = [*_TYPES, _SOURCE]
    kinds = ["type"] * len(_TYPES) + ["source"]
    since = datetime.combine(FIRST_MONTH, datetime.min.time(), UTC)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_SYMBOLS, {"tenants": ids, "kinds": kinds, "values": names})
        connection.execute(_PEOPLE, {"tenants": ids, "people": _PEOPLE_COUNT, "since": since})
        connection.execute(_EVENTS)
        with connection.cursor() as cursor, cursor.copy("copy made from stdin") as copy:
            for row in _events(months):
                copy.write_row(row)
        for statement in _STORED:
            connection.execute(statement, {"tenants": ids})
        count_hours(connection, ids)
        connection.execute("vacuum analyze")


def month_start(number: int) -> datetime:
    """Return the first instant of a month, the first one being number 0."""
    years, month = divmod(number, 12)
    return datetime(FIRST_MONTH.year + years, 1 + month, 1, tzinfo=UTC)


def billed_at(number: int) -> datetime:
    """Return an instant at which that month is due: it ended and its grace is over."""
    return month_start(number + 1) + timedelta(days=4)


def _publish(db: Database, key: str, document: PlanDocument) -> None:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        add_family(session, {"key": "bench", "name": "Bench"})
        save_draft(session, DraftInput(key, document, PlanIdentity(key, "bench", "base", 1), _ACTOR), LONG_AGO)
        publish_version(session, key, _ACTOR, LONG_AGO)


def _subscribe(db: Database, tenant: TenantView, plan: str, starts_on: date, now: datetime) -> None:
    with db.begin(TenantScope(tenant.id)) as session:
        subscribe(session, SubscribeInput(tenant.id, plan, _ACTOR, key="main", starts_on=starts_on), now)


def _events(months: int) -> Iterator[tuple[Any, ...]]:
    for person in range(_PEOPLE_COUNT):
        yield _event(f"m-{person}", "membership.opened", month_start(0), person, {"community_id": "all"})
    for month in range(months):
        for person in range(_PEOPLE_COUNT):
            yield from _of_a_month(month, person)


def _of_a_month(month: int, person: int) -> Iterator[tuple[Any, ...]]:
    """Yield what one person does: the same days in each month, so that each comes to the same amount."""
    name = f"{month}-{person}"
    day = month_start(month) + timedelta(days=1 + person * 2, hours=9)
    act = {"verb": "viewed", "object_type": "page", "object_id": "p-1"}
    yield _event(f"a-{name}", "activity.performed", day, person, act)
    yield _event(f"b-{name}", "activity.performed", day + timedelta(hours=2), person, act)
    # Three sit in at once: each begins an hour after the one before and stays for three.
    began = month_start(month) + timedelta(days=10, hours=person)
    yield _event(f"s-{name}", "session.started", began, person, {"session_id": name})
    yield _event(f"t-{name}", "session.ended", began + timedelta(hours=3), person, {"session_id": name})
    web = {"course_id": f"c-{month}", "course_type": "wbt"}
    yield _event(f"w-{name}", "course.launched", day + timedelta(hours=1), person, web)
    seat = {"course_id": "k", "course_type": "ilt", "class_id": f"k-{month}", "class_starts_at": "2035-01-01T09:00:00Z"}
    yield _event(f"e-{name}", "course.enrolled", day + timedelta(hours=3), person, seat)


def _event(event_id: str, kind: str, at: datetime, person: int, data: dict[str, str]) -> tuple[Any, ...]:
    body = {"id": event_id, "source": _SOURCE, "type": kind, "time": at.isoformat(), "data": data}
    attributes = msgspec.json.encode(data).decode()
    packed = packed_body(msgspec.json.encode(body))
    return event_id, kind, at, at + timedelta(minutes=1), f"p-{person}", attributes, packed
