"""Selects about pools; they return frozen values."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.ids import first_id
from core.lists import any_of
from core.periods import Period
from metering.leases import Stretch
from metering.reads.leases import grants_in, held_stretches, seated_stretches
from plans.licensing.floating import PoolRules, Reason
from plans.licensing.judging import JUDGED
from plans.licensing.licences import LicenceView, Revoked
from plans.licensing.limits import DenialCount, Limit
from plans.licensing.models import Denial, DenialHour, DenialTold, FloatingPool, LicenceFile, PastLimit
from tenants.reads import people_of
from tenants.reads.identities import identities_of_people

__all__ = (
    "DenialLine",
    "DenialView",
    "Inside",
    "PoolView",
    "all_pools",
    "denial_counts",
    "denial_lines",
    "denials",
    "find_licence",
    "find_pool",
    "inside",
    "licences",
    "limits_of",
    "persons_of",
    "pools_denying",
    "revoked_licences",
    "seated",
    "true_denials",
    "untold_windows",
)

SOON = timedelta(minutes=10)
"""A denial that a grant follows within this time is not a true one; until it is over, nobody can call it true."""
_DENIED = f"""
    with denied as (
        select tenant_id, pool, at, identity_id, group_key, reason from denial
        where tenant_id = :tenant and pool = any(cast(:pools as text[])) and at >= :since and at < :until
    ), {JUDGED}
"""  # noqa: S608 - of constants
_NUMBERS = "count(*), count(*) filter (where alone and at + cast(:soon as interval) <= :now) from judged"
_COUNTED = text(f"{_DENIED} select date_bin(cast(:span as interval), at, to_timestamp(0)), {_NUMBERS} group by 1")
_LINES = text(f"{_DENIED} select date_trunc('hour', at, 'UTC'), group_key, reason, {_NUMBERS} group by 1, 2, 3")
_SPAN = timedelta(minutes=15)
"""In so short spans denials are counted: local days and hours begin at a quarter of an hour everywhere."""
_RULES = tuple(name for name in PoolRules.__struct_fields__)


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool: its name and rules, and when they were last changed."""

    name: str
    rules: PoolRules
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Inside:
    """What holds seats at an instant: the open stretches, those that linger, and how many seats that is."""

    open: tuple[Stretch, ...]
    lingering: tuple[Stretch, ...]

    @property
    def in_use(self) -> int:
        """Seats: distinct units."""
        return len({stretch.unit for stretch in (*self.open, *self.lingering)})


@dataclass(frozen=True, slots=True)
class DenialView:
    """Somebody who was not let in; `true` says that nothing was granted to them soon after.

    `open` says that nothing was until now, but that they may still be let in soon enough.
    """

    id: UUID
    at: datetime
    identity_id: int
    client_key: str
    group: str
    reason: Reason
    in_use: int
    seats: int
    true: bool
    open: bool


@dataclass(frozen=True, slots=True)
class DenialLine:
    """How many denials an hour (UTC), a group and a reason had, and how many of them were true."""

    hour: datetime
    group: str
    reason: Reason
    denials: int
    true: int


def all_pools(session: Session, tenant_id: UUID) -> list[PoolView]:
    """Return the tenant's pools by key."""
    query = select(FloatingPool).where(FloatingPool.tenant_id == tenant_id).order_by(FloatingPool.key)
    return [_view(row) for row in session.execute(query).scalars()]


def find_pool(session: Session, tenant_id: UUID, key: str) -> PoolView | None:
    """Return a pool, or None."""
    row = session.get(FloatingPool, (tenant_id, key), populate_existing=True)
    return None if row is None else _view(row)


def _view(row: FloatingPool) -> PoolView:
    rules = msgspec.convert({name: getattr(row, name) for name in _RULES}, PoolRules)
    return PoolView(row.name, rules, row.changed_at)


def inside(session: Session, tenant_id: UUID, pool: str, now: datetime) -> Inside:
    """Return who is in a pool now, in order of letting in: by time alone, whatever was looked at."""
    held = held_stretches(session, tenant_id, pool)
    return Inside(
        tuple(stretch for stretch in held if stretch.open_at(now)),
        tuple(s for s in held if s.ends_at <= now < s.ends_at + timedelta(seconds=s.lingers_s)),
    )


def seated(session: Session, tenant_id: UUID, pool: str, since: datetime, until: datetime) -> list[Stretch]:
    """Return what had a seat of a pool at any time in `[since, until)`, lingering included; for `seats_in_use`."""
    return seated_stretches(session, tenant_id, pool, since, until)


def denials(
    session: Session, tenant_id: UUID, pool: str, span: Period, now: datetime, limit: int
) -> list[DenialView]:  # fmt: skip
    """Return the newest denials of a pool within a span that are kept one by one, the newest first.

    A true one had no grant in that pool to the same person within ten minutes after it. While those are
    not over at `now`, it is open and not true.
    """
    rows = session.execute(
        select(Denial)
        .where(Denial.tenant_id == tenant_id, Denial.pool == pool)
        .where(Denial.at >= span.starts_at, Denial.at < span.ends_at)
        .order_by(Denial.at.desc(), Denial.id.desc())
        .limit(limit)
    ).scalars()
    found = list(rows)
    if not found:
        return []
    who = people_of(session, tenant_id, {row.identity_id for row in found}).identities()
    whose = {
        identity: person
        for person, theirs in identities_of_people(session, tenant_id, set(who.values())).items()
        for identity in theirs
    }
    granted: dict[UUID, list[datetime]] = {}
    for _, identity_id, at in grants_in(session, tenant_id, [pool], found[-1].at, found[0].at + SOON):
        if identity_id in whose:
            granted.setdefault(whose[identity_id], []).append(at)

    def is_alone(row: Denial) -> bool:
        theirs = granted.get(who[row.identity_id], [])
        after = bisect_left(theirs, row.at)
        return after == len(theirs) or theirs[after] >= row.at + SOON

    def view(row: Denial) -> DenialView:
        alone, over = is_alone(row), row.at + SOON <= now
        return DenialView(
            row.id, row.at, row.identity_id, row.client_key, row.group_key, Reason(row.reason), row.in_use,
            row.seats, alone and over, alone and not over,
        )  # fmt: skip

    return [view(row) for row in found]


def denial_lines(session: Session, tenant_id: UUID, pool: str, span: Period, now: datetime) -> list[DenialLine]:
    """Return the denials of a pool in a span counted by hour, group and reason, in order of time.

    However many there are: the database counts them. Of old ones, which are only counted, the hour that the
    span begins in counts as a whole. One whose ten minutes are not over at `now` is not called true.
    """
    counted = session.execute(_LINES, _given(tenant_id, [pool], span, now))
    first = span.starts_at.replace(minute=0, second=0, microsecond=0)
    folded = session.execute(
        select(DenialHour.hour, DenialHour.group_key, DenialHour.reason, DenialHour.denials, DenialHour.true_denials)
        .where(DenialHour.tenant_id == tenant_id, DenialHour.pool == pool)
        .where(DenialHour.hour >= first, DenialHour.hour < span.ends_at)
    )
    every, true = Counter[tuple[datetime, str, str]](), Counter[tuple[datetime, str, str]]()
    for hour, group, reason, number, of_them_true in (*counted, *folded):
        every[hour, group, reason] += number
        true[hour, group, reason] += of_them_true
    return [DenialLine(key[0], key[1], Reason(key[2]), number, true[key]) for key, number in sorted(every.items())]


def true_denials(session: Session, tenant_id: UUID, pool: str, since: datetime, now: datetime) -> int:
    """Return how many true denials a pool had since an instant, of those that are kept one by one.

    One whose ten minutes are not over at `now` does not count: nobody knows yet.
    """
    span = Period(since, now + timedelta(microseconds=1))
    return sum(one.true for one in _kept_counts(session, tenant_id, [pool], span, now))


def denial_counts(
    session: Session, tenant_id: UUID, pools: Sequence[str], span: Period, now: datetime
) -> list[DenialCount]:
    """Return how many denials pools had in a span, by quarters of an hour; old ones by the hour.

    One whose ten minutes are not over at `now` is not called true.
    """
    kept = _kept_counts(session, tenant_id, pools, span, now)
    folded = session.execute(
        select(DenialHour.hour, func.sum(DenialHour.denials), func.sum(DenialHour.true_denials))
        .where(DenialHour.tenant_id == tenant_id, any_of(DenialHour.pool, pools))
        .where(DenialHour.hour >= span.starts_at, DenialHour.hour < span.ends_at)
        .group_by(DenialHour.hour)
    )
    return sorted([*kept, *(DenialCount(at, int(number), int(true)) for at, number, true in folded)])


def _kept_counts(
    session: Session, tenant_id: UUID, pools: Sequence[str], span: Period, now: datetime
) -> list[DenialCount]:
    rows = session.execute(_COUNTED, _given(tenant_id, pools, span, now) | {"span": _SPAN})
    return [DenialCount(*row) for row in rows]


def _given(tenant_id: UUID, pools: Sequence[str], span: Period, now: datetime) -> dict[str, object]:
    given = {"tenant": tenant_id, "pools": list(pools), "soon": SOON, "now": now}
    return given | {"since": span.starts_at, "until": span.ends_at}


def limits_of(session: Session, tenant_id: UUID, pools: Sequence[str]) -> dict[str, list[Limit]]:
    """Return the limits that pools had and have, each pool's in order of time."""
    past = session.execute(
        select(PastLimit.pool, PastLimit.since, PastLimit.seats)
        .where(PastLimit.tenant_id == tenant_id, any_of(PastLimit.pool, pools))
        .order_by(PastLimit.pool, PastLimit.since)
    )
    found: dict[str, list[Limit]] = {pool: [] for pool in pools}
    for pool, since, seats in past:
        found[pool].append(Limit(since, seats))
    for view in all_pools(session, tenant_id):
        if view.rules.key in found:
            found[view.rules.key].append(Limit(view.changed_at, view.rules.seats))
    return found


def pools_denying(session: Session, since: datetime) -> list[UUID]:
    """Return, for the steward, the tenants of whose pools somebody was not let in since a real instant."""
    made = select(Denial.id).where(Denial.tenant_id == FloatingPool.tenant_id, Denial.id >= first_id(since))
    query = select(FloatingPool.tenant_id).where(made.exists()).distinct()
    return list(session.execute(query.order_by(FloatingPool.tenant_id)).scalars())


def untold_windows(
    session: Session, tenant_id: UUID, since: datetime, until: datetime, length: timedelta
) -> list[tuple[str, datetime]]:
    """Return (pool, start) of the windows within `[since, until)` that have denials nobody was told of."""
    starts = func.date_bin(length, Denial.at, func.to_timestamp(0))
    told = select(DenialTold.starts_at).where(
        DenialTold.tenant_id == tenant_id, DenialTold.pool == Denial.pool, DenialTold.starts_at == starts
    )
    query = (
        select(Denial.pool, starts)
        .where(Denial.tenant_id == tenant_id, Denial.at >= since, Denial.at < until, ~told.exists())
        .where(Denial.pool.in_(select(FloatingPool.key).where(FloatingPool.tenant_id == tenant_id)))
        .distinct()
        .order_by(starts, Denial.pool)
    )
    return list(session.execute(query).tuples())


def persons_of(session: Session, tenant_id: UUID, identities: Sequence[int]) -> Mapping[int, UUID]:
    """Return the person behind each identity."""
    return people_of(session, tenant_id, identities).identities()


def licences(session: Session, tenant_id: UUID, before: UUID | None, limit: int) -> list[LicenceView]:
    """Return at most so many licence files of a tenant, the newest first, older than `before` if that is given."""
    query = select(LicenceFile).where(LicenceFile.tenant_id == tenant_id)
    if before is not None:
        query = query.where(LicenceFile.id < before)
    return [_licence(row) for row in session.execute(query.order_by(LicenceFile.id.desc()).limit(limit)).scalars()]


def find_licence(session: Session, tenant_id: UUID, licence_id: UUID) -> LicenceView | None:
    """Return a licence file, or None."""
    row = session.get(LicenceFile, (tenant_id, licence_id), populate_existing=True)
    return None if row is None else _licence(row)


def revoked_licences(session: Session, tenant_id: UUID, now: datetime) -> list[Revoked]:
    """Return the tenant's revoked licence files whose validity has not ended, in order of issue."""
    query = select(LicenceFile.id, LicenceFile.revoked_at).where(
        LicenceFile.tenant_id == tenant_id, LicenceFile.revoked_at.is_not(None), LicenceFile.ends_at > now
    )
    rows = session.execute(query.order_by(LicenceFile.id))
    return [Revoked(licence_id, at) for licence_id, at in rows if at is not None]


def _licence(row: LicenceFile) -> LicenceView:
    return LicenceView(**{name: getattr(row, name) for name in LicenceView.__dataclass_fields__})
