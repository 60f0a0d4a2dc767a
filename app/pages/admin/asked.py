"""The figure that an evidence address asks for."""

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction

from app.i18n import gettext as _
from app.pages.visit import TenantVisit
from core.errors import InputError, InvalidInput
from core.periods import Period, local_date
from metering.measurement import Entry, Measurement
from metering.reads import measure
from plans.charges import Charge
from plans.rating import counted
from plans.reads import charges_of, subscriptions

__all__ = ("asked_measurement",)


def asked_measurement(visit: TenantVisit) -> Measurement:
    """Return the figure named by `meter`, `from` and `to`, as known `as_of`, narrowed to what a `charge` counts.

    Without a span it is that of the last full month. `origin_end` keeps the refunds of transactions
    that were charged between `from` and it.

    Raises:
        InvalidInput: an instant cannot be read (`invalid_input`).
        MeterUnknown: there is no such meter (`meter_unknown`).
    """
    query = visit.query
    period = _period(query.get("from"), query.get("to")) or visit.months.period
    as_of = _instant(query.get("as_of"), "as_of")
    found = measure(
        visit.session, visit.tenant, query.get("meter", "members.active"), period, as_of=as_of, now=visit.now
    )
    charge = _charge(visit, query.get("charge"), period.starts_at)
    if charge is not None:
        found = counted(found, charge)
    origin_end = _instant(query.get("origin_end"), "origin_end")
    return found if origin_end is None else _of_origin(visit, found, period.starts_at, origin_end)


def _charge(visit: TenantVisit, key: str, at: datetime) -> Charge | None:
    """Return the charge that held then under that key: it may count a part of its meter only."""
    if not key:
        return None
    for held in subscriptions(visit.session, visit.tenant.id, at):
        for name, charge in charges_of(held):
            if name == key:
                return charge
    return None


def _of_origin(visit: TenantVisit, found: Measurement, starts_at: datetime, ends_at: datetime) -> Measurement:
    first, after = (local_date(one, visit.tenant.tz) for one in (starts_at, ends_at))
    kept = tuple(entry for entry in found.entries if first.replace(day=1) <= _origin(entry) < after)
    return replace(found, entries=kept, quantity=sum((entry.quantity for entry in kept), Fraction(0)))


def _origin(entry: Entry) -> date:
    return date.fromisoformat(entry.key("origin_period") or "0001-01-01")


def _period(first: str, after: str) -> Period | None:
    if not first and not after:
        return None
    starts_at, ends_at = _instant(first, "from"), _instant(after, "to")
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        raise _unreadable("from")
    return Period(starts_at, ends_at)


def _instant(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _unreadable(name) from error
    if found.tzinfo is None:
        raise _unreadable(name)
    return found


def _unreadable(name: str) -> InvalidInput:
    detail = _("The address needs instants like 2026-10-01T00:00:00+00:00, 'from' before 'to'.")
    return InvalidInput(InputError(name, "range_invalid", detail))
