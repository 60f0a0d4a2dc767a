"""Measuring what a run divides by."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.allocation import (
    CENTRES,
    HEADCOUNT,
    HEADCOUNT_DECLARED,
    DriverKey,
    Inputs,
    Line,
    Rule,
    needed_drivers,
)
from billing.chargebacks.drivers import divides, driver_span, known_drivers
from billing.chargebacks.views import PoolLineView
from core.periods import Period, local_date
from metering.reads import Measuring
from tenants.reads import CostCentreView, TenantView, all_cost_centres, attribution

__all__ = ("codes_on", "every_code", "gather_inputs", "own_drivers", "to_lines")

Counts = Iterable[tuple[str | None, Fraction]]


def to_lines(tenant_id: UUID, lines: Iterable[PoolLineView], month: Period) -> tuple[Line, ...]:
    """Return pool lines as an allocation takes them."""
    return tuple(_to_line(tenant_id, line, driver_span(line.period, month)) for line in lines)


def own_drivers(
    lines: Iterable[PoolLineView], month: Period, centres: frozenset[str]
) -> tuple[dict[DriverKey, Mapping[str, Fraction]], frozenset[str]]:
    """Return the drivers that lines came with, and the codes in them that no cost centre has."""
    found: dict[DriverKey, Mapping[str, Fraction]] = {}
    unknown: frozenset[str] = frozenset()
    for line in lines:
        if line.meter is None or not divides(line.counted):
            continue
        span = driver_span(line.period, month)
        drivers = known_drivers(((code, abs(share)) for code, share in line.counted), centres)
        found[DriverKey(line.meter, span.starts_at, span.ends_at, line.key)] = drivers.quantities
        unknown |= drivers.unknown
    return found, unknown


def gather_inputs(
    session: Session, tenant: TenantView, pool_lines: tuple[PoolLineView, ...], rules: tuple[Rule, ...], month: Period
) -> tuple[Inputs, frozenset[str]]:
    """Measure all that the rules need to divide the lines.

    Returns:
        The inputs, and codes that were counted but that no cost centre has.

    Raises:
        DriverNotVisible: a rule needs the usage of another tenant (`driver_not_visible`).
    """
    centres = every_code(session, tenant.id)
    drivers, unknown = own_drivers(pool_lines, month, centres)
    needed = needed_drivers(to_lines(tenant.id, pool_lines, month), rules)
    measuring = Measuring(session, tenant)
    for key in sorted(key for key in needed if not key.line):
        found = known_drivers(_count(session, measuring, tenant, key), centres)
        drivers[key] = found.quantities
        unknown |= found.unknown
    return Inputs(drivers, centres), unknown


def every_code(session: Session, tenant_id: UUID) -> frozenset[str]:
    """Return the codes of all cost centres that ever were: facts name those of their own time."""
    return frozenset(centre.code for centre in all_cost_centres(session, tenant_id))


def codes_on(session: Session, tenant_id: UUID, day: date) -> frozenset[str]:
    """Return the codes of the cost centres that exist on that local day: what rules may name."""
    return frozenset(centre.code for centre in _on(all_cost_centres(session, tenant_id), day))


def _to_line(tenant_id: UUID, line: PoolLineView, span: Period) -> Line:
    return Line(
        key=line.key,
        charge_key=line.charge_key,
        kind=line.kind,
        meter=line.meter,
        consumer=line.consumer,
        own=line.consumer_tenant_id == tenant_id,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        currency=line.sums.net.currency,
        net_minor=line.sums.net.amount_minor,
        tax_minor=line.sums.tax.amount_minor,
        counted=divides(line.counted),
        net_before_minor=line.before.net.amount_minor,
        tax_before_minor=line.before.tax.amount_minor,
    )


def _count(session: Session, measuring: Measuring, tenant: TenantView, key: DriverKey) -> Counts:
    count = _SOURCES.get(key.source)
    if count is not None:
        return count(session, tenant, key)
    return measuring.measure(key.source, Period(key.starts_at, key.ends_at)).by_cost_centre().items()


def _people(session: Session, tenant: TenantView, key: DriverKey) -> Counts:
    return attribution(session, tenant.id).headcount(_last_day(tenant, key)).items()


def _declared(session: Session, tenant: TenantView, key: DriverKey) -> Counts:
    there = _on(all_cost_centres(session, tenant.id), _last_day(tenant, key))
    return [(centre.code, Fraction(centre.headcount or 0)) for centre in there]


def _final_centres(session: Session, tenant: TenantView, key: DriverKey) -> Counts:
    there = _on(all_cost_centres(session, tenant.id), _last_day(tenant, key))
    parents = {centre.parent_code for centre in there}
    return [(centre.code, Fraction(1)) for centre in there if centre.code not in parents]


_SOURCES: dict[str, Callable[[Session, TenantView, DriverKey], Counts]] = {
    HEADCOUNT: _people,
    HEADCOUNT_DECLARED: _declared,
    CENTRES: _final_centres,
}


def _last_day(tenant: TenantView, key: DriverKey) -> date:
    return local_date(key.ends_at - timedelta(microseconds=1), tenant.tz)


def _on(centres: Iterable[CostCentreView], day: date) -> list[CostCentreView]:
    return [c for c in centres if c.valid_from <= day and (c.valid_to is None or day < c.valid_to)]
