"""Usage over time, in buckets, whole or split by a dimension."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial

from sqlalchemy.orm import Session

from core.periods import Period
from metering.buckets import Granularity, buckets
from metering.errors import GroupingInvalid
from metering.grounds import Grounds
from metering.groups import Groups, group_readers, groups_of
from metering.measurement import Reader
from metering.reads.measuring import Measuring, Reading
from metering.registry import MeterSpec
from tenants.reads import TenantView

__all__ = ("MAX_BUCKETS", "SeriesItem", "SeriesQuery", "UsageSeries", "usage_series")

MAX_BUCKETS = 1_000
"""Buckets that are measured at once: each may have to be read from the facts. Who wants more asks page by page."""


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which figure, when, how fine, and by what it is split (None: not at all)."""

    meter: str
    period: Period
    granularity: Granularity = "day"
    group_by: str | None = None
    now: datetime | None = None
    groups: Groups | None = None
    """Whether groups are parts that sum to the figure or each measured by itself; None: as suits the meter."""
    first: int = 0
    """The bucket of the range that is the first to be told; 0 is the first."""
    limit: int = MAX_BUCKETS
    """How many buckets are told at most."""
    whole: bool = True
    """Whether the range as a whole is told too."""


@dataclass(frozen=True, slots=True)
class SeriesItem:
    """One bucket's figure, or one group's part of it; `value` None is the group without one."""

    period: Period
    value: str | None
    quantity: Fraction


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """A figure in buckets, and over the whole range; `totals` are the whole by group.

    `total` is measured over the range: for most meters it is not the sum of the buckets. It is
    None where amounts of several currencies can't be summed. `next_first` is the bucket that the next
    page begins with; None on the last.
    """

    spec: MeterSpec
    query: SeriesQuery
    group_by: str | None
    groups: Groups | None
    """How the groups are told; None where there are none."""
    items: tuple[SeriesItem, ...]
    total: Fraction | None
    totals: tuple[SeriesItem, ...]
    next_first: int | None = None


def usage_series(session: Session, tenant: TenantView, query: SeriesQuery) -> UsageSeries:
    """Return a meter's figures bucket by bucket, each exactly what `measure` says of that bucket.

    Each bucket is read by the policies in force at its own start, the total by those at the start
    of the range. Groups are parts that sum to the figure, or each measured by itself (`groups_of`);
    revenue is split by currency unless another split is asked for. `course` and `community` stand
    for their ids.

    Raises:
        MeterUnknown: there is no such meter (`meter_unknown`).
        GroupingInvalid: the meter does not keep that dimension (`group_by_invalid`).
    """
    measuring = Measuring(session, tenant, Reading(now=query.now))
    spec = measuring.spec(query.meter)
    group_by = "currency" if spec.family == "revenue" else None
    if query.group_by is not None:
        group_by = spec.dimension(query.group_by)
        if group_by is None:
            raise GroupingInvalid(spec.name, query.group_by, spec.dimensions)
    parts = buckets(query.period, query.granularity, tenant.tz)
    groups = groups_of(spec, query.groups) if group_by is not None else None
    split = _split(measuring, spec, group_by, groups)
    until = query.first + query.limit
    next_first = until if until < len(parts) else None
    items = split(parts[query.first : until])
    if not query.whole:
        return UsageSeries(spec, query, group_by, groups, items, None, (), next_first)
    totals = items if parts == [query.period] and query.first == 0 else split([query.period])
    amounts = measuring.parts(spec.name, "currency", [query.period])[0] if spec.family == "revenue" else ()
    total = None if len(amounts) > 1 else measuring.figures(spec.name, [query.period])[0]
    return UsageSeries(spec, query, group_by, groups, items, total, totals, next_first)


Split = Callable[[Sequence[Period]], tuple[SeriesItem, ...]]


def _split(measuring: Measuring, spec: MeterSpec, group_by: str | None, groups: Groups | None) -> Split:
    """Return what gives the items of periods: figures, their parts by group, or each group measured by itself."""
    if group_by is None:
        return partial(_whole, measuring, spec)
    if groups == "parts":
        return partial(_parts, measuring, spec, group_by)
    grouped = _measured(measuring, spec, group_by)

    def split(periods: Sequence[Period]) -> tuple[SeriesItem, ...]:
        measuring.prepare(spec, periods, folds=False)
        return tuple(item for period in periods for item in _ordered(period, grouped(period)))

    return split


def _whole(measuring: Measuring, spec: MeterSpec, periods: Sequence[Period]) -> tuple[SeriesItem, ...]:
    figures = measuring.figures(spec.name, periods)
    return tuple(SeriesItem(period, None, figure) for period, figure in zip(periods, figures, strict=True))


Grouped = Callable[[Period], Mapping[str | None, Fraction]]


def _parts(measuring: Measuring, spec: MeterSpec, group_by: str, periods: Sequence[Period]) -> tuple[SeriesItem, ...]:
    """Return the parts of the periods' figures by group; those of a period sum to its figure."""
    split = measuring.parts(spec.name, group_by, periods)
    return tuple(item for period, parts in zip(periods, split, strict=True) for item in _ordered(period, parts))


def _measured(measuring: Measuring, spec: MeterSpec, group_by: str) -> Grouped:
    """Return what measures each group in a period; groups in which nobody was counted are left out."""
    known: dict[int, tuple[Grounds, Mapping[str | None, Reader]]] = {}

    def measured(period: Period) -> Mapping[str | None, Fraction]:
        grounds = measuring.grounds(spec, period)
        if id(grounds) not in known:
            known[id(grounds)] = grounds, group_readers(grounds, spec, group_by)
        found = {value: reader(period) for value, reader in known[id(grounds)][1].items()}
        return {value: measurement.quantity for value, measurement in found.items() if measurement.entries}

    return measured


def _ordered(period: Period, groups: Mapping[str | None, Fraction]) -> tuple[SeriesItem, ...]:
    """Return groups by value, the one without last."""
    ordered = sorted(groups.items(), key=lambda group: (group[0] is None, group[0] or ""))
    return tuple(SeriesItem(period, value, quantity) for value, quantity in ordered)
