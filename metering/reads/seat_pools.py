"""Who holds the seats of a pool, from the very facts that `seats.named` is measured from.

The database pairs what opens with what closes and tells the holds alone, so that neither everybody's
traits nor years of moves are read for a decision about one seat. The pure twin is
`metering.seats.seat_holds`, by which seats are billed; `tests/simulation/test_seat_reading_laws.py`
holds the two together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, DateTime, column, func, literal, select, text
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

from core.lists import none_of
from metering.models import Fact as FactRow
from metering.reads.facts import Corrections, Selection, corrections, replacements, types_of
from metering.reads.policies import policies_at
from metering.registry import FactSpan
from metering.seats import USE_TYPES, after_release
from metering.spans import FAR
from tenants.reads import TenantView
from tenants.reads.identities import identities_of_people

__all__ = ("Account", "PoolHistory", "PoolHold", "Uses", "pool_history", "uses_since")

_OPENS, _CLOSES, _LEAVES = "seat.assigned", "seat.released", "person.deactivated"
_TYPES = {_OPENS, _CLOSES, _LEAVES, *USE_TYPES}
_EVER = FactSpan(None, None)
# At one instant a close comes before an open, so that only what comes later ends a span: hence the
# frames that end a microsecond off, the resolution of an instant.
_HOLDS = text("""
    with instead as (
        select * from unnest(
            cast(:new_identities as bigint[]), cast(:new_ats as timestamptz[]), cast(:new_types as text[])
        ) as n (identity_id, at, type)
    ), latest as (
        select distinct on (identity_id) identity_id, person_id from identity_link where tenant_id = :tenant
        order by identity_id, recorded_at desc
    ), who as (
        select i.id as identity_id, coalesce(l.person_id, i.home_person_id) as person_id
        from identity i left join latest l on l.identity_id = i.id where i.tenant_id = :tenant
    ), told as (
        select identity_id, occurred_at as at, type_id = any(cast(:opens as int[])) as opens from fact
        where tenant_id = :tenant and type_id = any(cast(:seats as int[])) and attributes ->> 'pool' = :pool
            and event_key <> all(cast(:corrected as uuid[]))
        union all
        select identity_id, at, type = 'seat.assigned' from instead where type <> 'person.deactivated'
    ), departed as (
        select w.person_id, f.occurred_at as at from fact f join who w on w.identity_id = f.identity_id
        where f.tenant_id = :tenant and f.type_id = any(cast(:leaves as int[]))
            and f.event_key <> all(cast(:corrected as uuid[]))
        union
        select w.person_id, c.at from instead c join who w on w.identity_id = c.identity_id
        where c.type = 'person.deactivated'
        union
        select person_id, left_at from departure where tenant_id = :tenant
    ), gone as (
        select person_id, array_agg(at order by at) as ats from departed group by person_id
    ), paired as (
        select identity_id, at, opens, min(at) filter (where not opens) over (
            partition by identity_id order by at desc
            range between unbounded preceding and interval '1 microsecond' preceding
        ) as closed_at
        from told
    ), spans as (
        select w.person_id, p.identity_id, p.at as starts_at, g.ats as gone, coalesce(
            least(p.closed_at, (select min(l) from unnest(g.ats) as l where l > p.at)), 'infinity'
        ) as ends_at
        from paired p join who w on w.identity_id = p.identity_id left join gone g on g.person_id = w.person_id
        where p.opens
    ), reached as (
        select *, max(ends_at) over (
            partition by person_id order by starts_at rows between unbounded preceding and 1 preceding
        ) as held_until
        from spans
    ), numbered as (
        select *, sum(case when starts_at < held_until then 0 else 1 end) over (
            partition by person_id order by starts_at rows unbounded preceding
        ) as number
        from reached
    )
    select person_id, min(starts_at), nullif(max(ends_at), 'infinity'), min(identity_id),
        case when count(*) > 1 then array_agg(identity_id order by starts_at) end,
        case when count(*) > 1 then array_agg(starts_at order by starts_at) end,
        case when count(*) > 1 then array_agg(nullif(ends_at, 'infinity') order by starts_at) end,
        max(gone)
    from numbered group by person_id, number having max(ends_at) >= :reach
    order by person_id, number
""")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """By which identity a seat is held, in `[starts_at, ends_at)`; FAR while it is."""

    identity_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class PoolHold:
    """A person's hold on a seat of a pool, as `metering.seats.SeatHold` says it; by one account or several."""

    person_id: UUID
    starts_at: datetime
    ends_at: datetime
    accounts: tuple[Account, ...]
    used: bool = False
    left: bool = False
    cooled_at: datetime = FAR


@dataclass(frozen=True, slots=True)
class PoolHistory:
    """The holds of a pool by person, each person's in the order of their starts; and how a freed seat cools down.

    Holds that ended before the instant asked for are not there, nor people who held none since.
    """

    holds: dict[UUID, list[PoolHold]]
    cooldown_days: int


@dataclass(frozen=True, slots=True)
class Uses:
    """When somebody did something last: up to the instant asked for, and later (a sender's clock may be ahead)."""

    by_then: datetime | None
    ever: datetime


def pool_history(session: Session, tenant: TenantView, pool: str, since: datetime, now: datetime) -> PoolHistory:
    """Return who held and who holds a seat of a pool.

    Args:
        session: scoped to the tenant.
        tenant: whose pool.
        pool: as the facts name it.
        since: from when on holds that have ended matter; a running cool-down always does.
        now: the tenant's time; the counting policy that holds then is what is read by.
    """
    cooldown_days = policies_at(session, tenant.id, now).seats.cooldown_days
    known, symbols = corrections(session, tenant.id, None), types_of(session, tenant.id, _TYPES)
    reach = min(since, now - timedelta(days=cooldown_days + 2))
    found: dict[UUID, list[PoolHold]] = {}
    gone: dict[UUID, Sequence[datetime]] = {}
    for hold, left in _holds(session, tenant.id, pool, (known, symbols), reach):
        found.setdefault(hold.person_id, []).append(hold)
        gone[hold.person_id] = left
    ended = [hold for holds in found.values() for hold in holds if hold.ends_at < FAR]
    used = _used(session, tenant.id, ended, (known, symbols))

    def judged(hold: PoolHold) -> PoolHold:
        if hold.ends_at == FAR:
            return hold
        did = (hold.person_id, hold.starts_at) in used
        left, cooled = after_release(hold.ends_at, gone[hold.person_id], cooldown_days, tenant.tz, used=did)
        return replace(hold, used=did, left=left, cooled_at=cooled)

    return PoolHistory({who: [judged(hold) for hold in holds] for who, holds in found.items()}, cooldown_days)


_Read = tuple[Corrections, dict[int, str]]
"""The corrections in force, and types by their numbers."""


def _holds(
    session: Session, tenant_id: UUID, pool: str, read: _Read, reach: datetime
) -> list[tuple[PoolHold, Sequence[datetime]]]:
    """Return the holds that end at `reach` or later, each with when its holder left."""
    known, symbols = read
    wanted = Selection((_OPENS, _CLOSES, _LEAVES), _EVER)
    told = [
        new for _, _, new in replacements(session, tenant_id, wanted, known, None)
        if new["type"] == _LEAVES or (new["attributes"] or {}).get("pool") == pool
    ]  # fmt: skip
    given: dict[str, Any] = {
        "tenant": tenant_id, "pool": pool, "reach": reach, "corrected": list(known.by_target),
        "opens": _numbers(symbols, _OPENS), "seats": _numbers(symbols, _OPENS, _CLOSES),
        "leaves": _numbers(symbols, _LEAVES), "new_types": [new["type"] for new in told],
        "new_identities": [int(new["identity_id"]) for new in told],
        "new_ats": [datetime.fromisoformat(new["time"]) for new in told],
    }  # fmt: skip
    return [
        (PoolHold(person, start, end or FAR, _accounts(identity, start, end, several)), gone or ())
        for person, start, end, identity, *several, gone in session.execute(_HOLDS, given)
    ]


def _accounts(identity: int, start: datetime, end: datetime | None, several: Sequence[Any]) -> tuple[Account, ...]:
    if several[0] is None:
        return (Account(identity, start, end or FAR),)
    return tuple(Account(one, since, until or FAR) for one, since, until in zip(*several, strict=True))


def _numbers(symbols: Mapping[int, str], *types: str) -> list[int]:
    return [number for number, value in symbols.items() if value in types]


def _used(session: Session, tenant_id: UUID, holds: Sequence[PoolHold], read: _Read) -> set[tuple[UUID, datetime]]:
    """Return which of the holds, by person and start, their holders did something in."""
    if not holds:
        return set()
    known, symbols = read
    theirs = identities_of_people(session, tenant_id, {hold.person_id for hold in holds})
    asked = [(identity, hold) for hold in holds for identity in theirs.get(hold.person_id, ())]
    span = FactSpan(min(hold.starts_at for hold in holds), max(hold.ends_at for hold in holds))
    places = _table(
        ("identity_id", [identity for identity, _ in asked]), ("starts_at", [hold.starts_at for _, hold in asked]),
        ("ends_at", [hold.ends_at for _, hold in asked]),
    )  # fmt: skip
    query = (
        select(places.c.identity_id, places.c.starts_at)
        .join(
            FactRow,
            (FactRow.identity_id == places.c.identity_id)
            & (FactRow.occurred_at >= places.c.starts_at)
            & (FactRow.occurred_at < places.c.ends_at),
        )
        .where(*_acts(tenant_id, symbols, span, known))
        .group_by(places.c.identity_id, places.c.starts_at)
    )
    did = {(identity, start) for identity, start in session.execute(query)}
    mine = [identity for identity, _ in asked]
    instead = [
        (int(new["identity_id"]), datetime.fromisoformat(new["time"]))
        for _, _, new in replacements(session, tenant_id, Selection(USE_TYPES, span, mine), known, None)
    ]
    return {
        (hold.person_id, hold.starts_at) for identity, hold in asked
        if (identity, hold.starts_at) in did
        or any(one == identity and hold.starts_at <= at < hold.ends_at for one, at in instead)
    }  # fmt: skip


def uses_since(
    session: Session, tenant_id: UUID, persons: Collection[UUID], since: datetime, then: datetime
) -> dict[UUID, Uses]:
    """Return when people did something last, of those who did since then; by whichever of their identities.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        persons: whom it is asked of.
        since: from when on.
        then: up to when it is told apart from what comes later, not included.
    """
    known, symbols = corrections(session, tenant_id, None), types_of(session, tenant_id, _TYPES)
    theirs = identities_of_people(session, tenant_id, persons)
    whose = {identity: person for person, identities in theirs.items() for identity in identities}
    if not whose:
        return {}
    span = FactSpan(since, None)
    asked = _table(("identity_id", list(whose)))
    latest = func.max(FactRow.occurred_at)
    query = (
        select(FactRow.identity_id, latest.filter(FactRow.occurred_at < then), latest)
        .join(asked, asked.c.identity_id == FactRow.identity_id)
        .where(*_acts(tenant_id, symbols, span, known))
        .group_by(FactRow.identity_id)
    )
    told = [(identity, Uses(by_then, ever)) for identity, by_then, ever in session.execute(query)]
    for _, _, new in replacements(session, tenant_id, Selection(USE_TYPES, span, set(whose)), known, None):
        at = datetime.fromisoformat(new["time"])
        told.append((int(new["identity_id"]), Uses(at if at < then else None, at)))
    last: dict[UUID, Uses] = {}
    for identity, uses in told:
        person_id = whose[identity]
        before = last.get(person_id, uses)
        by_then = max((at for at in (before.by_then, uses.by_then) if at is not None), default=None)
        last[person_id] = Uses(by_then, max(before.ever, uses.ever))
    return last


def _table(*columns: tuple[str, list[Any]]) -> TableValuedAlias:
    """Return lists as the columns of a table."""
    kinds = {name: BigInteger() if name == "identity_id" else DateTime(timezone=True) for name, _ in columns}
    given = (literal(values, ARRAY(kinds[name])) for name, values in columns)
    names = [column(name, kinds[name]) for name, _ in columns]
    return func.unnest(*given).table_valued(*names).render_derived("asked")


def _acts(tenant_id: UUID, symbols: dict[int, str], span: FactSpan, known: Corrections) -> list[ColumnElement[bool]]:
    kinds = _numbers(symbols, *USE_TYPES)
    wanted = [FactRow.tenant_id == tenant_id, FactRow.type_id.in_(kinds), FactRow.occurred_at >= span.since]
    if span.until is not None:
        wanted.append(FactRow.occurred_at < span.until)
    if known.by_target:
        wanted.append(none_of(FactRow.event_key, known.by_target))
    return wanted
