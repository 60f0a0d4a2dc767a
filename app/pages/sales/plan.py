"""One plan: its versions, its charges, and what they cost at any quantity (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from uuid import UUID

from app.i18n import gettext as _
from app.pages.charts import Chart, series
from app.pages.formats import day, quantity
from app.pages.sales.catalogue import CURRENCIES, Offer
from app.pages.sales.prices import model_name, price_lines
from app.pages.tables import Column, Table, TableQuery, cell, status
from app.pages.words import meter_name, state_badge
from core.periods import local_date
from plans.charges import Charge
from plans.pricing import price_curve
from plans.reads import VersionView
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = (
    "ChargeRow",
    "Curve",
    "CurveWish",
    "charge_rows",
    "curve",
    "curve_wish",
    "holders_table",
    "rivals",
    "versions_table",
)

POINTS = 48
QUANTITY_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A charge as the plan's page lists it."""

    key: str
    name: str
    meter: str
    model: str
    lines: tuple[str, ...]
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class CurveWish:
    """Which charge to draw, in which currency, up to which quantity."""

    charge: Charge
    currency: str
    highest: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The two drawings of a charge: what it costs in all, and what one unit costs."""

    wish: CurveWish
    currencies: tuple[str, ...]
    total: Chart
    unit: Chart
    note: str


def curve_wish(offer: Offer, query: TableQuery) -> CurveWish:
    """Return what the address asks for; what makes no sense falls back to the first charge."""
    charges = offer.document.charges
    charge = next((c for c in charges if c.key == query.get("charge")), charges[0])
    currencies = sorted(charge.prices)
    wished = query.get("currency", CURRENCIES[0])
    return CurveWish(
        charge, wished if wished in currencies else currencies[0], _highest(query.get("up_to"), charge, currencies[0])
    )


def _highest(text: str, charge: Charge, currency: str) -> int:
    try:
        wished = int(Decimal(text.replace(",", "").strip() or "0"))
    except (InvalidOperation, ValueError, OverflowError):
        wished = 0
    if wished > 0:
        return min(wished, QUANTITY_MAX)
    edges = [tier.up_to for tier in charge.prices[currency].tiers if tier.up_to is not None]
    size = charge.prices[currency].size
    return int(edges[-1] * Decimal("1.4")) if edges else int(size * 6) if size else 1000


def charge_rows(offer: Offer, wish: CurveWish, query: TableQuery) -> tuple[ChargeRow, ...]:
    """Return the charges, each with a link to its curve."""
    return tuple(
        ChargeRow(
            key=charge.key,
            name=charge.name,
            meter=meter_name(charge.meter) if charge.meter else _("Nothing is counted"),
            model=model_name(charge.model),
            lines=price_lines(charge, wish.currency),
            href=query.href(charge=charge.key, up_to=None) + "#curve",
            current=charge.key == wish.charge.key,
        )
        for charge in offer.document.charges
    )


def rivals(offers: Sequence[Offer], own: str, wish: CurveWish) -> tuple[tuple[str, Charge], ...]:
    """Return the other plans that charge for the same, by name: their charge of the same meter and values."""
    found = []
    for offer in sorted((one for one in offers if one.key != own and one.kind == "base"), key=lambda one: one.rank):
        same = [one for one in offer.document.charges if one.meter == wish.charge.meter and one.meter is not None]
        same = [one for one in same if one.where == wish.charge.where and wish.currency in one.prices]
        found += [(offer.name, one) for one in same[:1]]
    return tuple(found)


def curve(wish: CurveWish, others: Sequence[tuple[str, Charge]] = ()) -> Curve:
    """Return total, average and marginal price from zero to the highest quantity, and what other plans take."""
    charge, currency = wish.charge, wish.currency
    quantities = _quantities(wish)
    points = price_curve(charge, currency, quantities)
    x = tuple(f"{point.quantity:f}" for point in points)
    name = _("Quantity")
    total = Chart(
        title=_("Total a month: %(name)s") % {"name": charge.name},
        kind="curve",
        x=x,
        x_name=name,
        series=(
            series(_("Total"), [point.total.decimal() for point in points], "area"),
            *(
                series(plan, [point.total.decimal() for point in price_curve(other, currency, quantities)])
                for plan, other in others
            ),
        ),
        currency=currency,
    )
    # At zero a unit has no average price: a gap, not a zero.
    average = [point.average if point.quantity else None for point in points]
    unit = Chart(
        title=_("Price of one unit: %(name)s") % {"name": charge.name},
        kind="curve",
        x=x,
        x_name=name,
        series=(
            series(_("Average"), average),
            series(_("The next unit"), [point.marginal for point in points], "step"),
        ),
        currency=currency,
        digits=4,
    )
    return Curve(wish, tuple(sorted(charge.prices)), total, unit, _note(charge))


def _quantities(wish: CurveWish) -> Sequence[Fraction]:
    """Return evenly spaced whole quantities, with each tier's edge and the unit after it among them."""
    even = {wish.highest * step // POINTS for step in range(POINTS + 1)}
    edges = {int(tier.up_to) for tier in wish.charge.prices[wish.currency].tiers if tier.up_to is not None}
    exact = even | {edge + after for edge in edges for after in (0, 1) if edge + after <= wish.highest}
    return [Fraction(value) for value in sorted(exact)]


def _note(charge: Charge) -> str:
    if charge.included_per:
        what = {"count": quantity(charge.included_per.quantity), "meter": meter_name(charge.included_per.meter)}
        return _("Drawn without the pooled allowance (%(count)s a year for each of “%(meter)s”).") % what
    if charge.tier_period:
        return _("The tiers run over the contract year; each bill is the difference to the bills before it.")
    return ""


def versions_table(found: Sequence[VersionView]) -> Table:
    """Return the published versions, newest first."""
    return Table(
        id="versions",
        caption=_("Versions"),
        columns=(Column(_("Version")), Column(_("Published")), Column(_("By")), Column(_("Status"))),
        rows=tuple(
            (
                cell(quantity(one.number)),
                cell(day(one.published_at.date()), css="nowrap"),
                cell(one.published_by),
                status(*state_badge("retired" if one.retired_at else "published")),
            )
            for one in found
        ),
        empty_title=_("No version is published"),
        empty_text=_("A version is written as a draft and then published."),
    )


def holders_table(held: Sequence[SubscriptionView], plan_key: str, tenants: Mapping[UUID, TenantView]) -> Table:
    """Return who holds the plan now, by name."""
    rows = [
        (tenants[one.tenant_id], holding)
        for one in held
        if one.status != "ended" and one.tenant_id in tenants
        for holding in (one.base, *one.addon_holdings)
        if holding.plan_key == plan_key
    ]
    rows.sort(key=lambda row: row[0].name)
    return Table(
        id="holders",
        caption=_("Customers on this plan"),
        columns=(Column(_("Customer")), Column(_("Version")), Column(_("Since"))),
        rows=tuple(
            (
                cell(tenant.name, f"/sales/customers/{tenant.slug}"),
                cell(quantity(holding.version_number)),
                cell(day(local_date(holding.starts_at, tenant.tz)), css="nowrap"),
            )
            for tenant, holding in rows
        ),
        empty_title=_("Nobody is on this plan"),
        empty_text=_("A customer gets it with a contract, or with a quote that it accepts."),
        empty_way=("/sales/customers", _("Choose a customer")),
    )
