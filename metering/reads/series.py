"""Usage over time, in buckets, whole or split by a dimension."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy.orm import Session

from core.periods import Period
from metering.buckets import Granularity, buckets
from metering.errors import GroupingInvalid, RangeInvalid
from metering.measurement import split_by
from metering.reads.measuring import Measuring, Reading
from metering.registry import MeterSpec
from tenants.reads import TenantView

__all__ = ("MAX_BUCKETS", "SeriesItem", "SeriesQuery", "UsageSeries", "usage_series")

MAX_BUCKETS = 1_000
"""More buckets than any chart shows are refused."""


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which figure, when, how fine, and by what it is split (None: not at all)."""

    meter: str
    period: Period
    granularity: Granularity = "day"
    group_by: str | None = None
    now: datetime | None = None


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
    None where amounts of several currencies can't be summed.
    """

    spec: MeterSpec
    query: SeriesQuery
    group_by: str | None
    items: tuple[SeriesItem, ...]
    total: Fraction | None
    totals: tuple[SeriesItem, ...]


def usage_series(session: Session, tenant: TenantView, query: SeriesQuery) -> UsageSeries:
    """Return a meter's figures bucket by bucket, each exactly what `measure` says of that bucket.

    Each bucket is read by the policies in force at its own start, the total by those at the start
    of the range. Parts of a figure by group sum to the figure; revenue is split by currency unless
    another split is asked for.

    Raises:
        MeterUnknown: there is no such meter (`meter_unknown`).
        GroupingInvalid: the meter does not keep that dimension (`group_by_invalid`).
        RangeInvalid: more than 1,000 buckets (`range_invalid`).
    """
    measuring = Measuring(session, tenant, Reading(now=query.now))
    spec = measuring.spec(query.meter)
    group_by = query.group_by or ("currency" if spec.family == "revenue" else None)
    if group_by is not None and group_by not in spec.dimensions:
        raise GroupingInvalid(spec.name, group_by, spec.dimensions)
    parts = buckets(query.period, query.granularity, tenant.tz)
    if len(parts) > MAX_BUCKETS:
        raise RangeInvalid(
            f"The range has {len(parts):,} buckets of a {query.granularity}; at most {MAX_BUCKETS:,} are answered."
            " Ask for a shorter range or a coarser granularity."
        )
    measuring.prepare(spec, parts)
    items = tuple(item for part in parts for item in _items(measuring, spec, part, group_by))
    totals = items if parts == [query.period] else _items(measuring, spec, query.period, group_by)
    amounts = spec.family == "revenue" and measuring.measure(spec.name, query.period).by_key("currency")
    total = None if amounts and len(amounts) > 1 else measuring.figure(spec.name, query.period)
    return UsageSeries(spec, query, group_by, items, total, totals)


def _items(measuring: Measuring, spec: MeterSpec, period: Period, group_by: str | None) -> tuple[SeriesItem, ...]:
    """Return the figure as one item, or its parts by group: by value, the one without last."""
    if group_by is None:
        return (SeriesItem(period, None, measuring.figure(spec.name, period)),)
    parts = split_by(measuring.measure(spec.name, period), group_by)
    ordered = sorted(parts.items(), key=lambda part: (part[0] is None, part[0] or ""))
    return tuple(SeriesItem(period, value, quantity) for value, quantity in ordered)
