"""Customers: the list, and one customer's contract and bills (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.i18n import reader
from app.pages.formats import day, last_day, money, quantity
from app.pages.sales.contracts.acts import acts_of
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number, status
from app.pages.words import state_badge, unit_name
from billing.views import InvoiceLineView, InvoiceSummary, InvoiceView
from core.money import Money
from core.periods import local_date
from plans.subscriptions import Holding, SubscriptionView
from tenants.reads import TenantView

__all__ = (
    "Contract",
    "Customer",
    "contracts",
    "customers_table",
    "latest_issued",
    "newest_by_tenant",
    "nobody_found",
    "particulars_facts",
    "usage_cards",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """What the list knows of one customer."""

    tenant: TenantView
    payer: TenantView | None
    """Who pays, if another."""
    subscriptions: tuple[SubscriptionView, ...]
    bill: InvoiceView | None

    @property
    def plan(self) -> str:
        """The plans held now."""
        return ", ".join(one.plan_name for one in self.subscriptions if one.status != "ended")


def newest_by_tenant(invoices: Sequence[InvoiceSummary]) -> dict[UUID, InvoiceSummary]:
    """Return the newest issued invoice of each payer."""
    found: dict[UUID, InvoiceSummary] = {}
    for one in invoices:
        if one.number and one.kind == "invoice" and one.status != "void":
            known = found.get(one.tenant_id)
            if known is None or (one.closes_on, one.created_at) > (known.closes_on, known.created_at):
                found[one.tenant_id] = one
    return found


def latest_issued(invoices: Sequence[InvoiceSummary], tenant_id: UUID) -> InvoiceSummary | None:
    """Return the newest issued invoice of one payer."""
    return newest_by_tenant(invoices).get(tenant_id)


def particulars_facts(
    tenant: TenantView, issuer: str, names: Mapping[UUID, str], admins: Sequence[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return how a customer's invoices are made out, by name; a line for each line."""
    country = reader().locale.territories.get(tenant.country, tenant.country)
    treatments = {"standard": "", "reverse_charge": _("reverse charge"), "exempt": _("exempt")}
    payer = names.get(tenant.payer_id, "–") if tenant.payer_id != tenant.id else ""
    facts = (
        (_("Made out to"), (tenant.billing_name, *tenant.billing_address.splitlines(), country)),
        (_("Tax"), (tenant.tax_id, treatments[tenant.tax_treatment])),
        (_("Billed by"), (issuer,)),
        (_("Paid by"), (payer,)),
        (_("To be paid in"), (_("%(count)s days") % {"count": quantity(tenant.payment_terms_days)},)),
        (_("Purchase order"), (tenant.purchase_order,)),
        (_("Administrators"), tuple(admins) or (_("nobody yet: change the particulars to invite somebody"),)),
    )
    return tuple((name, lines) for name, told in facts if (lines := tuple(line for line in told if line)))


def customers_table(customers: Sequence[Customer], query: TableQuery) -> Table:
    """Return the customers by name, with plan, last bill, and what it counted."""
    search = query.get("search").strip().lower()
    found = [one for one in customers if search in one.tenant.name.lower() or search in one.tenant.slug]
    by_name = sorted(found, key=lambda one: one.tenant.name.lower())
    shown, pager = query.page(query.sort(by_name, {"name": lambda one: one.tenant.name.lower(), "plan": _plan}))
    return Table(
        id="customers",
        caption=_("Customers"),
        columns=query.columns(
            Column(_("Customer"), "name"),
            Column(_("Plan"), "plan"),
            Column(_("Status")),
            Column(_("Counted in the last bill")),
            Column(_("Last bill"), numeric=True),
        ),
        rows=tuple(_row(one) for one in shown),
        pager=pager,
        empty_title=_("No customer found"),
        empty_text=nobody_found(search),
        empty_way=("/sales/customers", _("Show all customers")) if search else ("", ""),
    )


def nobody_found(search: str) -> str:
    """Return what helps where no customer is listed."""
    if search:
        return _("No customer has this in its name. Try another part of it.")
    return _("The vendor's administrator adds customers; a contract then gives each a plan.")


def _plan(one: Customer) -> str:
    return one.plan


def _row(one: Customer) -> tuple[Cell, ...]:
    sub = _("paid by %(payer)s") % {"payer": one.payer.name} if one.payer else one.tenant.slug
    return (
        Cell(one.tenant.name, href=f"/sales/customers/{one.tenant.slug}", sub=sub),
        cell(one.plan or "–", sub=_since(one)),
        status(*state_badge(one.tenant.status)),
        cell(_counted(one.bill.lines if one.bill else (), one.tenant.id) or "–"),
        _bill(one),
    )


def _since(one: Customer) -> str:
    if not one.subscriptions:
        return ""
    first = min(held.starts_at for held in one.subscriptions)
    return _("since %(day)s") % {"day": day(local_date(first, one.tenant.tz))}


def _counted(lines: Sequence[InvoiceLineView], tenant_id: UUID) -> str:
    own = [line for line in lines if line.consumer_tenant_id == tenant_id and line.meter and line.kind == "usage"]
    return " · ".join(f"{quantity(line.quantity)} {unit_name(line.unit, line.quantity)}" for line in own[:3])


def _bill(one: Customer) -> Cell:
    """Return what the last bill came to; of a bill that another pays, this customer's own part."""
    bill = one.bill
    if bill is None:
        return cell("–")
    issued = day(bill.issued_on) if bill.issued_on else ""
    if one.payer is None:
        return number(money(bill.gross), bill.gross.text(), sub=issued)
    own = sum((line.amount for line in bill.lines if line.consumer_tenant_id == one.tenant.id), Money(0, bill.currency))
    return number(money(own), own.text(), sub=_("own part, net"))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A version in force for some time."""

    text: str
    href: str
    span: str
    note: str
    """On trial, at rest, agreed on for later, with terms of its own; empty: as sold, now or before."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One subscription as the customer's page shows it."""

    title: str
    status: str
    tone: str
    open: bool
    """It is not over."""
    facts: tuple[tuple[str, str], ...]
    timeline: tuple[Stretch, ...]
    anchor: str
    acts: tuple[tuple[str, str], ...]
    """What can be done with it: words and address."""


def contracts(held: Sequence[SubscriptionView], tz: ZoneInfo, names: Mapping[UUID, str]) -> tuple[Contract, ...]:
    """Return the contracts, newest first."""
    return tuple(_contract(one, tz, names) for one in sorted(held, key=lambda one: one.starts_at, reverse=True))


def _contract(one: SubscriptionView, tz: ZoneInfo, names: Mapping[UUID, str]) -> Contract:
    state, tone = state_badge(one.status)
    facts = [
        (_("Since"), day(local_date(one.starts_at, tz))),
        (_("Currency"), one.currency),
        (_("Billed"), _interval(one.interval_months)),
    ]
    if one.ends_at:
        facts.append((_("Last day"), day(last_day(one.ends_at, tz))))
    if one.renews_months:
        facts.append((_("Then renews"), _("for %(count)s months") % {"count": one.renews_months}))
    if one.purchase_order:
        facts.append((_("Purchase order"), one.purchase_order))
    facts += [(_("Discount"), agreed.discount.name) for agreed in one.discounts]
    if one.payer_tenant_id != one.tenant_id:
        facts.append((_("Paid by"), names.get(one.payer_tenant_id, "–")))
    return Contract(
        title=one.plan_name,
        status=state,
        tone=tone,
        open=one.status != "ended",
        facts=tuple(facts),
        timeline=tuple(_stretch(holding, tz, one.as_of) for holding in one.holdings),
        anchor=f"contract-{one.id}",
        acts=tuple((name, f"contracts/{one.id}/{act}") for act, name in acts_of(one)),
    )


def _interval(months: int) -> str:
    return _("monthly") if months == 1 else _("every %(count)s months") % {"count": months}


def _stretch(holding: Holding, tz: ZoneInfo, now: datetime) -> Stretch:
    words = {"plan": holding.plan_name, "number": holding.version_number}
    text = _("%(plan)s, version %(number)s") % words
    if holding.quantity > 1:
        text += f" × {quantity(holding.quantity)}"
    notes = {"trial": _("on trial"), "paused": _("paused")}
    told = [notes[holding.mode]] if holding.mode in notes else []
    told += [_("own terms")] if holding.terms_id is not None else []
    told += [_("agreed on for later")] if holding.starts_at > now else []
    span = _span(holding.starts_at, holding.ends_at, tz)
    return Stretch(text, f"/sales/catalogue/{holding.plan_key}", span, ", ".join(told))


def _span(starts_at: datetime, ends_at: datetime | None, tz: ZoneInfo) -> str:
    first = day(local_date(starts_at, tz))
    if ends_at is None:
        return _("from %(first)s") % {"first": first}
    return _("%(first)s to %(last)s") % {"first": first, "last": day(last_day(ends_at, tz))}


@dataclass(frozen=True, slots=True)
class UsageCard:
    """What the last bill counted of one thing."""

    name: str
    figure: str
    unit: str
    change: str
    href: str
    hint: str = ""


def usage_cards(bill: InvoiceView | None, tenant: TenantView) -> tuple[UsageCard, ...]:
    """Return what the last bill counted of this customer, each leading to the bill."""
    if bill is None:
        return ()
    href = f"/admin/{tenant.slug}/bills/{bill.id}" if bill.tenant_id == tenant.id else ""
    own = [line for line in bill.lines if line.consumer_tenant_id == tenant.id and line.kind == "usage"]
    return tuple(
        UsageCard(
            line.description, quantity(line.quantity), unit_name(line.unit, line.quantity), money(line.amount), href
        )
        for line in own[:4]
    )
